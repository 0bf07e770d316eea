#pragma once

#include "actors/correlation/panel.hpp"
#include "messages/portfolio.hpp"

#include <Eigen/Core>

#include <map>
#include <string>
#include <vector>

/// What a portfolio holds, as weights.
namespace troupe::correlation {

/// Adds nothing to a stored portfolio: checks one that is to be stored or was given in a body.
/// @param most  positions
/// @returns     INVALID_ARGUMENT naming the field
[[nodiscard]] core::Result<void>
check_positions(const std::vector<messages::PortfolioPosition>& positions, std::size_t most);
[[nodiscard]] core::Result<void> check_currency(const std::string& field, const std::string& text);
/// An id: 1 to 64 letters, digits, dots, dashes, underscores.
[[nodiscard]] core::Result<void> check_portfolio_id(const std::string& id);

/// Whose risk is computed, and the instruments whose prices that takes.
struct Holdings {
  messages::Portfolio portfolio; ///< id empty: positions were given
  /// Instruments beyond the positions' own that convert quote currencies to the base currency:
  /// currency to (instrument, whether its price is to be inverted).
  struct Conversion {
    trading::InstrumentId instrument;
    bool inverted = false;
  };
  std::map<std::string, Conversion> conversions;
  std::vector<messages::Input> inputs; ///< what the portfolio came from, where that is to be told
  bool everything = false; ///< all instruments, of which those are taken that can be used

  [[nodiscard]] std::vector<trading::InstrumentId> instruments() const; ///< of the positions
  /// The positions' instruments, then those of the conversions.
  [[nodiscard]] std::vector<trading::InstrumentId> prices_needed() const;
};

/// Quote currency of a symbol: "USD" of BTC-USD, "USDT" of BTC-USDT-PERP.
[[nodiscard]] std::string quote_currency(const trading::InstrumentId& id);

/// Every instrument, with equal weights: what the default portfolio is until one is stored.
[[nodiscard]] messages::Portfolio
equal_weights(const std::vector<trading::InstrumentId>& instruments);

/// Finds the conversions that valuing the positions takes.
/// @param known  unqualified instruments that there are
/// @returns      INVALID_ARGUMENT for a currency that none of them converts
[[nodiscard]] core::Result<Holdings> hold(messages::Portfolio portfolio,
                                          const std::vector<trading::InstrumentId>& known);

struct Weights {
  Eigen::VectorXd values; ///< shape (N), in the order of the positions
};

/// Instruments as market data tells of them.
struct Market {
  const std::vector<trading::InstrumentId>& symbols; ///< unqualified
  const std::vector<trading::InstrumentId>& listed;  ///< qualified
};

/// That what is to be stored can be valued one day: its instruments and its benchmark are known,
/// its base currency is one of a market, and converts the positions' quote currencies.
/// @returns  NOT_READY while no instrument is known, UNKNOWN_SYMBOL, INVALID_ARGUMENT
[[nodiscard]] core::Result<void> check_known(const messages::PutPortfolio& request,
                                             const Market& market);

/// Shares of the portfolio per position: the weights given, or quantities at `prices` over the
/// gross value (the sum of sizes), in the base currency.
/// @param prices       last closes of instruments(), shape (N)
/// @param conversions  closes that convert, in the order of Holdings::conversions
/// @returns            INVALID_ARGUMENT where nothing is held
[[nodiscard]] core::Result<Weights> weights_of(const Holdings& holdings,
                                               const Eigen::VectorXd& prices,
                                               const std::vector<double>& conversions);

} // namespace troupe::correlation
