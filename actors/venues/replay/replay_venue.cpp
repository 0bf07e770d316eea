#include "actors/venues/replay/replay_venue.hpp"

#include "actors/venues/replay/record_reader.hpp"
#include "actors/venues/replay/replay_feed_actor.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace troupe::venues::replay {

namespace {

/// Of recorded time. A recording has no heartbeats of its own, the replay makes them.
constexpr core::Duration stale_after = std::chrono::seconds{10};
constexpr std::size_t steps_probe_records = 1000;

/// The largest power of ten that divides all that was shown.
template <class Value>
class StepFinder {
public:
  void show(Value value) {
    while (step_.raw() > 1 && !value.is_multiple_of(step_)) {
      step_ = Value::from_raw(step_.raw() / 10);
    }
  }
  [[nodiscard]] Value step() const { return step_; }

private:
  Value step_ = Value::from_integer(1);
};

struct Probe {
  StepFinder<trading::Price> tick;
  StepFinder<trading::Quantity> lot;
  core::Timestamp first{INT64_MAX};

  void look_at(const Record& record) {
    first = std::min(first, record.at);
    if (const auto* const trade = std::get_if<trading::Trade>(&record.content)) {
      tick.show(trade->price);
      lot.show(trade->quantity);
      return;
    }
    const auto& bar = std::get<RecordedBar>(record.content).bar;
    for (const auto price : {bar.open, bar.high, bar.low, bar.close}) {
      tick.show(price);
    }
    lot.show(bar.volume);
  }
};

trading::Instrument instrument_from(const trading::InstrumentId& id, const Probe& probe) {
  trading::Instrument instrument;
  instrument.instrument = id;
  instrument.venue = id.venue;
  const auto& symbol = id.symbol;
  instrument.venue_symbol = symbol;
  std::erase(instrument.venue_symbol, '-');
  const auto dash = symbol.find('-');
  const auto second = symbol.find('-', dash + 1);
  instrument.base = symbol.substr(0, dash);
  instrument.quote = dash == std::string::npos ? "" : symbol.substr(dash + 1, second - dash - 1);
  const bool perp = symbol.ends_with("-PERP");
  instrument.kind = perp ? trading::InstrumentKind::PERP : trading::InstrumentKind::SPOT;
  instrument.settlement = instrument.quote;
  instrument.tick = probe.tick.step();
  instrument.lot = probe.lot.step();
  instrument.multiplier = trading::Quantity::from_integer(1);
  return instrument;
}

/// Fills in what a file's settings leave out, and shows its first records to the probe.
bool look_into(ReplayFile& file,
               const std::string& venue,
               const std::string& path,
               std::map<trading::InstrumentId, Probe>& probes,
               std::vector<core::json::Problem>& problems) {
  auto reader = RecordReader::open(file, venue);
  if (!reader) {
    problems.push_back({path, "a recording of trades or bars", reader.error().message});
    return false;
  }
  file = reader->file();
  if (file.instrument && !file.instrument->qualified()) {
    file.instrument->venue = venue;
  }
  auto& probe = probes[*file.instrument];
  for (std::size_t i = 0; i < steps_probe_records; ++i) {
    const auto record = reader->next();
    if (!record) {
      problems.push_back({path, "a recording of trades or bars", record.error().message});
      return false;
    }
    if (!*record) {
      break;
    }
    probe.look_at(**record);
  }
  return true;
}

} // namespace

Venue make_replay_venue(core::json::View settings,
                        const std::string& path,
                        std::shared_ptr<core::ManualClock> clock,
                        std::vector<core::json::Problem>& problems) {
  core::json::Decoder decoder{core::json::Missing::DEFAULT, path};
  ReplaySettings replay;
  decoder.read(settings, replay);
  auto wrong = decoder.problems();
  if (wrong.empty()) {
    for (auto& problem : check(replay)) {
      problem.path = problem.path.empty() ? path : path + '.' + problem.path;
      wrong.push_back(std::move(problem));
    }
  }
  std::map<trading::InstrumentId, Probe> probes;
  for (std::size_t i = 0; wrong.empty() && i < replay.files.size(); ++i) {
    (void)look_into(replay.files[i], replay.name, path + ".files[" + std::to_string(i) + "]",
                    probes, wrong);
  }
  problems.insert(problems.end(), wrong.begin(), wrong.end());
  if (!wrong.empty()) {
    return {};
  }
  Venue venue;
  venue.name = replay.name;
  venue.kind = replay.kind;
  venue.stale_after = stale_after;
  venue.live_trades = false;
  core::Timestamp first{INT64_MAX};
  for (const auto& [id, probe] : probes) {
    venue.instruments.push_back(instrument_from(id, probe));
    first = std::min(first, probe.first);
  }
  if (first.ns != INT64_MAX && first > clock->now()) {
    clock->set(first);
  }
  venue.supervisor = {
    .name = replay.name,
    .children = {{.name = "feed",
                  .start = replay_feed_actor(std::move(replay), std::move(clock), stale_after)}},
  };
  return venue;
}

} // namespace troupe::venues::replay
