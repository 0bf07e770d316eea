#pragma once

#include "core/errc.hpp"
#include "messages/portfolio.hpp"
#include "supervision/actor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <map>
#include <optional>
#include <string>

/// The portfolios' state and their way to the store and back; private to the portfolios' files.
namespace troupe::correlation {

/// Time to ask the store for the portfolios again.
struct LoadPortfoliosDue {};

using WritePromise = caf::typed_response_promise<messages::PortfolioReply>;

/// A write that waits for those before it.
struct Write {
  std::string id;
  std::optional<std::uint64_t> expected_version;
  std::optional<messages::PutPortfolio> put; ///< absent: it is taken away
  WritePromise promise;
};

struct PortfoliosState {
  static inline const char* name = "portfolios";
  std::string documents_path;
  std::string series_path;
  bool loaded = false;                    ///< the store was read once, since this actor's start
  bool loading = false;                   ///< it is being read, or will be again soon
  std::optional<core::Error> store_error; ///< its last word, until it answers again
  core::Timestamp store_answered;         ///< its last good word
  std::map<std::string, messages::Portfolio> portfolios; ///< with those that were taken away
  std::deque<Write> writes;                              ///< the first is being written
};
using PortfoliosSelf = supervision::StatefulActor<PortfoliosState>;

/// Says of a store that does not answer that the reply comes from memory, and why; nothing where it
/// does.
void mark(messages::Meta& meta, const PortfoliosState& state);
[[nodiscard]] messages::PortfolioReply reply_of(const messages::Portfolio& portfolio,
                                                const PortfoliosState& state);

/// What cannot be told or done while the store was not read, or does not answer.
/// @param what  of the request, such as "portfolio fund is not in memory"
[[nodiscard]] caf::error without_store(const PortfoliosState& state, const std::string& what);

/// Null where none is stored under the id, or it was taken away.
[[nodiscard]] const messages::Portfolio* find_stored(const PortfoliosState& state,
                                                     const std::string& id);

void publish_portfolio(PortfoliosSelf* self, const messages::Portfolio& portfolio);
/// Has the store keep a version that another node wrote.
void copy_to_store(PortfoliosSelf* self, const messages::Portfolio& portfolio);
/// Asks the store for all it has, until it answers.
void load_portfolios(PortfoliosSelf* self);
/// Writes after those that wait already; refuses where the store does not answer.
void enqueue(PortfoliosSelf* self, Write write);

} // namespace troupe::correlation

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::correlation::LoadPortfoliosDue)
