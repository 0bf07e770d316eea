#pragma once

#include "actors/regime/instrument_actor.hpp"
#include "actors/regime/models/book.hpp"
#include "actors/regime/models/comparison.hpp"
#include "actors/regime/models/path.hpp"
#include "actors/regime/track.hpp"
#include "actors/storage/documents.hpp"
#include "core/random.hpp"
#include "messages/regime_models.hpp"
#include "supervision/ask.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// State of an instrument's actor; private to its files.
namespace troupe::regime {

/// Which set of models a fit is for.
enum class Rank : std::uint8_t { LIVE, SHADOW };

/// A change of the book on its way to the store. One at a time.
struct ModelChange {
  /// Changes a copy of the book; an error leaves it out.
  std::function<core::Result<void>(ModelBook&)> make;
  /// Is told once it is stored and in use, or why not.
  std::function<void(const core::Result<void>&)> done;
  /// Whether it comes into use although it cannot be stored: a fit, never an order.
  bool survives_store = false;
};

/// When a set is fitted, and how that went.
struct FitTimes {
  std::chrono::nanoseconds at{0}; ///< actor clock, not before
  std::string note;               ///< why the last fit failed; empty: it did not
};

/// The fitted models of one interval.
struct Modelled {
  explicit Modelled(Hysteresis given) : hysteresis(given), live(given, nullptr) {}

  Hysteresis hysteresis;
  ModelBook book; ///< as it is in use
  bool loaded = false;
  bool loading = false;
  std::chrono::nanoseconds load_at{0}; ///< actor clock, not before
  bool asked_once = false;             ///< the store answered or failed to: labels may be published
  std::deque<ModelChange> changes;     ///< the first one is on its way

  Ensemble live;
  std::optional<Ensemble> shadow;
  Comparison comparison;
  /// What stood after the newest bar that nothing is missing before; at the start out of the store.
  std::optional<RegimePath> path;
  std::uint64_t path_version = 0; ///< of the stored one
  core::Timestamp path_kept;      ///< bar that the stored one is of
  bool path_writing = false;
  bool path_waits = false;    ///< another one is to be written after it
  std::uint64_t rebuilds = 0; ///< of the track, that the ensembles have followed
  std::uint64_t taken = 0;    ///< moments of the follower, likewise

  std::optional<Rank> fitting;
  FitTimes live_fit;
  FitTimes shadow_fit;
  std::string store_note; ///< why the book could not be read or written last
};

/// A track, its conversation with history, and its models where there are any.
struct Conversation {
  explicit Conversation(Track empty) : track(std::move(empty)) {}

  Track track;
  std::unique_ptr<Modelled> models;
  std::optional<trading::Regime> published; ///< the newest label that was told as a change
  std::optional<trading::Quality> told;     ///< what the newest event said its quality is
  trading::Quality newest_bar = trading::Quality::live;
  /// Counts what was asked or scheduled: answers and timers of an earlier one are void.
  std::uint64_t generation = 0;
  unsigned failures = 0; ///< in a row
  bool loaded = false;   ///< has the history it starts from, or knows that there is none
  bool asked_history = false;
  bool resuming = false; ///< history is replayed from what the store had: nothing is said before

  [[nodiscard]] trading::Interval interval() const { return track.classifier().interval(); }
};

struct InstrumentState {
  static inline const char* name = "regime-instrument";
  std::shared_ptr<const Settings> settings;
  Parts parts;
  std::string symbol;
  messages::InstrumentStatusBeat beat;
  std::chrono::nanoseconds beat_at{0};    ///< actor clock
  std::chrono::nanoseconds settled_at{0}; ///< actor clock, is_settled() from then on
  bool silence_due = false;               ///< a look at the silence of the source is scheduled
  supervision::Backoff retry;
  core::Random noise{0};
  std::vector<Conversation> conversations; ///< by the settings' intervals; never resized
};

using InstrumentSelf = supervision::StatefulActor<InstrumentState>;

[[nodiscard]] std::chrono::nanoseconds clock_now(InstrumentSelf* self);

// ---- instrument_actor.cpp ----------------------------------------------------------------------

/// Publishes the label where it is another than the one published last, else how it stands where
/// that was not told yet or its quality is another.
/// @param cause  market or refit
void publish_change(InstrumentSelf* self, Conversation& talk, const char* cause);
/// Whether what other nodes said of the instrument has arrived: one that moved here carries on from
/// there, and says and stores nothing of its own before.
[[nodiscard]] bool is_settled(InstrumentSelf* self);
/// Asks all of history again, or for the first time.
void replay(InstrumentSelf* self, Conversation& talk);

// ---- instrument_answers.cpp --------------------------------------------------------------------

[[nodiscard]] trading::Quality quality_of(InstrumentSelf* self, const Conversation& talk);
[[nodiscard]] messages::Meta meta_of(InstrumentSelf* self, const Conversation& talk);
[[nodiscard]] messages::RegimeState state_of(InstrumentSelf* self, const Conversation& talk);
/// The label that stands; nothing while there are too few bars.
[[nodiscard]] std::optional<trading::Regime> label_of(const Conversation& talk);
/// Of the default interval where none is asked for. @returns INVALID_ARGUMENT that lists those kept
[[nodiscard]] core::Result<std::size_t>
find_conversation(InstrumentSelf* self, std::optional<trading::Interval> interval);
/// Likewise, of those with models.
[[nodiscard]] core::Result<std::size_t> find_modelled(InstrumentSelf* self,
                                                      std::optional<trading::Interval> interval);
[[nodiscard]] messages::RegimeModelsReply models_reply(InstrumentSelf* self,
                                                       const Conversation& talk);

[[nodiscard]] caf::result<messages::RegimeReply> on_get(InstrumentSelf* self,
                                                        const messages::GetRegime& request);
[[nodiscard]] caf::result<messages::RegimeProbabilityReply>
on_get_probability(InstrumentSelf* self, const messages::GetRegimeProbability& request);
[[nodiscard]] caf::result<messages::RegimeModelsReply>
on_get_models(InstrumentSelf* self, const messages::GetRegimeModels& request);

// ---- instrument_ensembles.cpp ------------------------------------------------------------------

/// Whether the interval of a conversation has models.
[[nodiscard]] bool is_modelled(const Settings& settings, const std::string& interval);
/// Whether what stands is still to be replayed from what was said before.
[[nodiscard]] bool waits_for_history(const Conversation& talk);
/// Has the ensembles run on the sets of the book. @returns whether the live one is another now
bool choose_sets(Conversation& talk);
/// Has the ensembles take what the track has taken.
void follow_models(Conversation& talk);
/// Begins anew on other bars: another venue stands for the symbol.
void restart_models(InstrumentSelf* self, Conversation& talk);

// ---- instrument_paths.cpp ----------------------------------------------------------------------

/// Stores what stands.
void keep_path(InstrumentSelf* self, Conversation& talk);
/// Likewise where the stored one gets old.
void keep_path_in_time(InstrumentSelf* self, Conversation& talk);
/// Goes on from what the store has, where nothing was said yet.
void path_loaded(InstrumentSelf* self,
                 Conversation& talk,
                 const std::optional<storage::Document>& document);
/// The path of another node.
void on_path_stored(InstrumentSelf* self,
                    Conversation& talk,
                    const messages::RegimeModelsStored& event);

// ---- instrument_models.cpp ---------------------------------------------------------------------

/// Has the other nodes of the role keep a copy.
void publish_stored(InstrumentSelf* self,
                    trading::Interval interval,
                    const storage::Document& document);
/// Reads the book and the path from the store where that was not done yet.
void load_models(InstrumentSelf* self, std::size_t index);
/// Makes a change, stores the book, then has it come into use.
void change_models(InstrumentSelf* self, std::size_t index, ModelChange change);
/// The book of another node.
void on_models_stored(InstrumentSelf* self, const messages::RegimeModelsStored& event);

[[nodiscard]] caf::result<messages::RegimeModelsReply>
on_start_shadow(InstrumentSelf* self, const messages::StartShadowModel& request);
[[nodiscard]] caf::result<messages::RegimeModelsReply>
on_promote(InstrumentSelf* self, const messages::PromoteShadowModel& request);
[[nodiscard]] caf::result<messages::RegimeModelsReply>
on_roll_back(InstrumentSelf* self, const messages::RollbackModel& request);
[[nodiscard]] caf::result<messages::RegimeModelsReply>
on_discard_shadow(InstrumentSelf* self, const messages::DiscardShadowModel& request);

// ---- instrument_fits.cpp -----------------------------------------------------------------------

/// How the live set is to be fitted: as one that was promoted, else as the settings say.
[[nodiscard]] const messages::RegimeModelSpec& live_spec(InstrumentSelf* self,
                                                         const Modelled& models);
/// Starts a fit where one is due and none is under way; reads the store where that is due.
void tend_models(InstrumentSelf* self);

} // namespace troupe::regime
