#pragma once

#include "messages/meta.hpp"
#include "supervision/bus.hpp"
#include "trading/instrument.hpp"

#include <boost/mp11/list.hpp>

/// Portfolios: what is held, as a resource that correlation and risk take by its id. They are kept
/// by the nodes that carry the role "correlation", under one key.
namespace troupe::messages {

/// Placement key of every portfolio: one owner sees all writes.
inline constexpr const char* portfolios_key = "portfolios";
/// The portfolio that endpoints take when none is named: equal weights of every instrument until
/// one is stored under this id.
inline constexpr const char* default_portfolio = "default";

/// Exactly one of quantity and weight; all positions of a portfolio by the same one.
struct PortfolioPosition {
  trading::InstrumentId instrument;
  std::optional<trading::Quantity> quantity; ///< units of the base; negative: short
  std::optional<double> weight;              ///< share of the portfolio's value; negative: short
};
BOOST_DESCRIBE_STRUCT(PortfolioPosition, (), (instrument, quantity, weight))

/// An instrument that a request for all of them did without.
struct LeftOut {
  trading::InstrumentId instrument;
  std::string reason; ///< what was needed and what was found
};
BOOST_DESCRIBE_STRUCT(LeftOut, (), (instrument, reason))

struct Portfolio {
  std::string id;
  std::uint64_t version = 0; ///< counts the writes; 0: made up, nothing is stored
  std::string base_currency;
  std::optional<trading::InstrumentId> benchmark;
  std::vector<PortfolioPosition> positions;
  core::Timestamp updated_at;
  /// True in the version that took it away; it is kept so that versions go on counting and older
  /// copies of other nodes do not bring it back.
  std::optional<bool> deleted;
};
BOOST_DESCRIBE_STRUCT(Portfolio,
                      (),
                      (id, version, base_currency, benchmark, positions, updated_at, deleted))

struct PortfolioReply {
  Meta meta;
  Portfolio data;
};
BOOST_DESCRIBE_STRUCT(PortfolioReply, (), (meta, data))

struct GetPortfolio {
  using Reply = PortfolioReply;
  std::string id;

  [[nodiscard]] static std::string placement_key() { return portfolios_key; }
};
BOOST_DESCRIBE_STRUCT(GetPortfolio, (), (id))

/// Writes a portfolio as a whole; answered when it is durable.
struct PutPortfolio {
  using Reply = PortfolioReply;
  std::string id;                           ///< 1 to 64 letters, digits, dots, dashes, underscores
  std::optional<std::string> base_currency; ///< default USD
  std::optional<trading::InstrumentId> benchmark;
  std::vector<PortfolioPosition> positions;      ///< at most 1000, each instrument once
  std::optional<std::uint64_t> expected_version; ///< CONFLICT where another one is stored

  [[nodiscard]] static std::string placement_key() { return portfolios_key; }
};
BOOST_DESCRIBE_STRUCT(PutPortfolio, (), (id, base_currency, benchmark, positions, expected_version))

/// Takes a portfolio away; answered when that is durable, with what was taken away. NOT_FOUND where
/// none is stored.
struct DeletePortfolio {
  using Reply = PortfolioReply;
  std::string id;
  std::optional<std::uint64_t> expected_version; ///< CONFLICT where another one is stored

  [[nodiscard]] static std::string placement_key() { return portfolios_key; }
};
BOOST_DESCRIBE_STRUCT(DeletePortfolio, (), (id, expected_version))

struct PortfoliosReply {
  Meta meta;
  std::vector<Portfolio> data; ///< ascending by id
};
BOOST_DESCRIBE_STRUCT(PortfoliosReply, (), (meta, data))

struct ListPortfolios {
  using Reply = PortfoliosReply;
  std::optional<std::uint32_t> limit; ///< 1 to 1000, default 100
  std::optional<std::string> cursor;  ///< next_cursor of the page before

  [[nodiscard]] static std::string placement_key() { return portfolios_key; }
};
BOOST_DESCRIBE_STRUCT(ListPortfolios, (), (limit, cursor))

/// A portfolio was written; by it every node of the role keeps a copy.
struct PortfolioChanged {
  Portfolio portfolio;
};
BOOST_DESCRIBE_STRUCT(PortfolioChanged, (), (portfolio))

namespace topics {
inline const supervision::Topic portfolio_changes{"portfolio_changes",
                                                  supervision::Delivery::CONFLATED};
} // namespace topics

} // namespace troupe::messages
