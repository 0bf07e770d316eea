#pragma once

#include "actors/regime/front_actor.hpp"
#include "messages/market_data.hpp"
#include "messages/regime_models.hpp"
#include "supervision/ask.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// State of the front; private to its files.
namespace troupe::regime {

/// What the front knows of a symbol.
struct Listing {
  std::string path; ///< of its child
  messages::InstrumentStatusBeat beat;
  std::chrono::nanoseconds heard_at{0}; ///< actor clock
  bool started = false;
  bool loaded = false; ///< it has the history it starts from
};

struct FrontState {
  static inline const char* name = "regime-front";
  std::shared_ptr<const Settings> settings;
  Parts parts;
  std::vector<trading::Interval> intervals;
  std::map<std::string, Listing> listings;
  bool full = false;       ///< said so in the log
  std::uint64_t epoch = 0; ///< of the newest view that was followed
};
using FrontSelf = supervision::StatefulActor<FrontState>;

/// Why there is nobody to ask of a symbol, or of any where it is empty.
[[nodiscard]] core::Error nobody(FrontSelf* self, const std::string& symbol);

/// Asks the owner of each symbol and gathers what they say.
[[nodiscard]] caf::result<messages::RegimeBulkReply>
on_classify_many(FrontSelf* self, const messages::ClassifyMany& request);

} // namespace troupe::regime
