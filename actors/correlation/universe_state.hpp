#pragma once

#include "actors/correlation/dcc_model.hpp"
#include "actors/correlation/listings.hpp"
#include "actors/correlation/universe.hpp"
#include "actors/correlation/universe_actor.hpp"
#include "supervision/actor.hpp"

#include <caf/typed_response_promise.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// State of a universe's actor; private to its files.
namespace troupe::correlation {

/// Returns that were taken at one time.
struct TakenReturns {
  core::Timestamp at;
  Eigen::VectorXd returns; ///< shape (N), of the universe's instruments
};

struct UniverseState {
  static inline const char* name = "correlation-universe";
  std::shared_ptr<const Settings> settings;
  Paths paths;
  std::unique_ptr<Universe> universe;
  std::unique_ptr<Listings> listings;
  std::map<std::string, trading::Quality> bar_quality; ///< of the newest bar, by symbol
  std::vector<trading::InstrumentId> considered;       ///< at the last rebuild
  std::deque<TakenReturns> recent; ///< newest last: what a model that was fitted late goes over
  std::optional<double> mean_correlation; ///< that was published last

  bool rebuilding = false;
  std::chrono::nanoseconds rebuild_at{0}; ///< actor clock, not before
  unsigned failures = 0;                  ///< in a row

  std::optional<DccModel> model;
  std::string model_note;               ///< why an older model stands, or none
  std::uint64_t version = 0;            ///< of the newest model that was stored
  bool loaded = false;                  ///< the store said what it has
  bool unstored = false;                ///< the model that stands is not in the store yet
  bool storing = false;                 ///< a write is under way
  std::chrono::nanoseconds store_at{0}; ///< actor clock: the store is left alone until then
  unsigned store_failures = 0;          ///< in a row
  bool fitting = false;
  bool beyond_model = false; ///< too many instruments for a model; it was said
  std::chrono::nanoseconds fit_at{0};
  /// Requests for the model that came before the universe or the store's word.
  std::vector<std::pair<messages::GetCorrelationMatrix,
                        caf::typed_response_promise<messages::CorrelationMatrixReply>>>
    waiting;
  std::uint64_t bars_since_fit = 0;
};
using UniverseSelf = supervision::StatefulActor<UniverseState>;

[[nodiscard]] std::chrono::nanoseconds actor_now(UniverseSelf* self);

/// Publishes where the universe stands. @param cause  market, rebuild or refit
void publish_universe(UniverseSelf* self, const char* cause);

/// Why no DCC model of the universe stands; nothing where one does.
[[nodiscard]] std::optional<std::string> why_no_model(const UniverseState& state);

/// What the model says of itself now; nothing without one.
[[nodiscard]] std::optional<messages::ModelInfo> model_info(const UniverseState& state);

// ---- universe_model.cpp --------------------------------------------------------------------

/// Asks the store for the newest fit of this universe where it has not said yet what it has, and
/// has it keep the model that stands where it does not have it yet; again and again until it
/// answers.
void settle_with_store(UniverseSelf* self);
/// A fit of another node's: taken where it is newer than what stands here.
void take_model(UniverseSelf* self, const std::string& body, std::uint64_t version);
/// Starts a fit where one is due and none is under way.
void fit_where_due(UniverseSelf* self);
/// Takes the model over what the universe has taken since the fit; a model that does not belong to
/// the universe's instruments any more, or is too old for what is known, is dropped.
void bring_model_forward(UniverseState& state);

} // namespace troupe::correlation
