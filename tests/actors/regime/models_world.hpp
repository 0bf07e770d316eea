#pragma once

#include "actors/regime/parts.hpp"
#include "models_synthetic.hpp"
#include "world.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <unistd.h>

/// The regime service with fitted models and a fitter that a test has in its hand.
namespace troupe::regime::tests {

using messages::DiscardShadowModel;
using messages::GetRegimeModels;
using messages::GetRegimeProbability;
using messages::PromoteShadowModel;
using messages::RollbackModel;
using messages::StartShadowModel;
using synthetic::Path;

inline const trading::InstrumentId btc{"BTC-USD", ""};

/// What the next fits do.
enum class Mood { WORKS, CRASHES, HANGS };

/// A fitter under the test's control, in place of the one with a thread.
struct Fitter {
  Mood mood = Mood::WORKS;
  int begun = 0;
};
struct FitterState {
  static inline const char* name = "test-fitter";
  std::vector<caf::typed_response_promise<supervision::WorkDone>> hanging;
};
using FitterSelf = supervision::StatefulActor<FitterState>;

inline caf::behavior fitter_behavior(FitterSelf* self, std::shared_ptr<Fitter> fitter) {
  return {[self, fitter](const supervision::Work& work) -> caf::result<supervision::WorkDone> {
    ++fitter->begun;
    if (fitter->mood == Mood::CRASHES) {
      throw std::runtime_error("a poisoned likelihood");
    }
    if (fitter->mood == Mood::HANGS) {
      self->state.hanging.push_back(self->make_response_promise<supervision::WorkDone>());
      return self->state.hanging.back();
    }
    auto result = (*work.run)();
    return result ? supervision::WorkDone{std::move(*result), {}}
                  : supervision::WorkDone{{}, result.error()};
  }};
}

class ScratchFile {
public:
  ScratchFile() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path()
            / ("troupe-regime-" + std::to_string(::getpid()) + '-' + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string url() const { return "sqlite:" + (path_ / "store.db").string(); }

private:
  std::filesystem::path path_;
};

/// Quiet and wild, trending and choppy stretches; ends with a quiet one and a long trend.
inline const std::vector<trading::Bar>& long_path() {
  static const auto bars = [] {
    Path path{h1, 5};
    for (int i = 0; i < 8; ++i) {
      path.walk(80, 0.004).walk(40, 0.002, 0.004).chop(30, 1.0).walk(10, 0.03);
    }
    return path.walk(200, 0.004).walk(150, 0.002, 0.006).bars();
  }();
  return bars;
}
inline constexpr std::size_t begin_bars = 1'300;

class ModelWorld {
public:
  /// @param bars  history at the start
  explicit ModelWorld(Settings settings = fast(),
                      std::string url = {},
                      std::vector<trading::Bar> bars = first(long_path(), begin_bars))
    : world(settings, config_of(url, fitter)) {
    world.history->bars = std::move(bars);
    beat();
  }
  static Settings fast() {
    auto settings = World::only_hours();
    settings.models.spec = {.hmm_states = 3, .switching_states = 2, .fit_bars = 1'200};
    settings.models.starts = 2;
    settings.models.first_fit_after = std::chrono::seconds{1};
    return settings;
  }
  static Config config_of(const std::string& url, const std::shared_ptr<Fitter>& fitter) {
    Config config;
    config.storage_url = url;
    config.fitter = [fitter](std::string name, std::chrono::nanoseconds) {
      return supervision::ChildSpec{
        .name = std::move(name),
        .start =
          [fitter](supervision::StartContext& c) { return c.spawn(fitter_behavior, fitter); },
        .backoff = supervision::quick_backoff};
    };
    return config;
  }
  [[nodiscard]] core::Timestamp now() const { return world.history->bars.back().ts_close; }
  void beat() { world.beat(now()); }
  /// Seconds with a beat in each.
  void seconds(int count) {
    for (int i = 0; i < count; ++i) {
      world.advance(1s);
      beat();
    }
  }
  /// The next bar of the path, live and in history.
  const trading::Bar& bar() {
    const auto& bar = long_path().at(world.history->bars.size());
    world.history->bars.push_back(bar);
    world.bar(bar);
    return bar;
  }
  messages::RegimeModelsReply models() {
    auto reply = world.ask(GetRegimeModels{btc, {}});
    REQUIRE_MESSAGE(reply.has_value(), reply.error().message);
    return *reply;
  }
  messages::RegimeProbabilityReply probability() {
    auto reply = world.ask(GetRegimeProbability{btc, {}});
    REQUIRE_MESSAGE(reply.has_value(), reply.error().message);
    return *reply;
  }
  void fit_first() {
    seconds(3);
    REQUIRE(models().data.live.has_value());
  }
  void fit_shadow(std::uint32_t hmm_states = 2) {
    const auto started = world.ask(StartShadowModel{btc, {}, hmm_states, {}, {}, {}});
    REQUIRE(started.has_value());
    CHECK(started->data.shadow_spec->hmm_states == hmm_states);
    seconds(2);
    REQUIRE(models().data.shadow.has_value());
  }
  template <class Request>
  core::Error refusal(Request request) {
    const auto reply = world.ask(std::move(request));
    REQUIRE_FALSE(reply.has_value());
    return reply.error();
  }

  std::shared_ptr<Fitter> fitter = std::make_shared<Fitter>();
  World world;
};

/// The newest document of a kind that was stored, as other nodes get it.
inline messages::RegimeModelsStored newest_stored(const World& world, const std::string& kind) {
  const auto& stored = *world.stored;
  const auto at = std::find_if(stored.rbegin(), stored.rend(),
                               [&](const auto& event) { return event.kind == kind; });
  REQUIRE(at != stored.rend());
  return *at;
}

inline double sum_of(const std::map<std::string, double>& values) {
  double sum = 0.0;
  for (const auto& [name, value] : values) {
    sum += value;
  }
  return sum;
}

} // namespace troupe::regime::tests
