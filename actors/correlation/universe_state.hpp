#pragma once

#include "actors/correlation/dcc_model.hpp"
#include "actors/correlation/listings.hpp"
#include "actors/correlation/universe.hpp"
#include "actors/correlation/universe_actor.hpp"
#include "supervision/actor.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

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
  double mean_correlation = 0.0;   ///< that was published last

  bool rebuilding = false;
  std::chrono::nanoseconds rebuild_at{0}; ///< actor clock, not before
  unsigned failures = 0;                  ///< in a row

  std::optional<DccModel> model;
  std::string model_note;    ///< why an older model stands
  std::uint64_t version = 0; ///< of the newest model that was stored
  bool loaded = false;       ///< the store said what it has
  bool fitting = false;
  std::chrono::nanoseconds fit_at{0};
  std::uint64_t bars_since_fit = 0;
};
using UniverseSelf = supervision::StatefulActor<UniverseState>;

[[nodiscard]] std::chrono::nanoseconds actor_now(UniverseSelf* self);

/// Publishes where the universe stands. @param cause  market, rebuild or refit
void publish_universe(UniverseSelf* self, const char* cause);

/// What the model says of itself now; nothing without one.
[[nodiscard]] std::optional<messages::ModelInfo> model_info(const UniverseState& state);

// ---- universe_model.cpp --------------------------------------------------------------------

/// Asks the store for the newest fit of this universe.
void load_model(UniverseSelf* self);
/// Starts a fit where one is due and none is under way.
void fit_where_due(UniverseSelf* self);
/// Takes the model over what the universe has taken since the fit; a model that does not belong to
/// the universe's instruments any more, or is too old for what is known, is dropped.
void bring_model_forward(UniverseState& state);

} // namespace troupe::correlation
