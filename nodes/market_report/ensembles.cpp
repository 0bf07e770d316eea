#include "actors/regime/models/ensemble.hpp"
#include "actors/regime/models/fit.hpp"
#include "actors/regime/models/follower.hpp"
#include "nodes/market_report/report.hpp"

#include <algorithm>
#include <memory>
#include <span>

namespace troupe::market_report {

namespace {

using trading::Regime;

/// Runs the ensemble as the service does: a fit on the newest bars up to now, whenever enough new
/// ones came; the label goes over to the new set.
class Walk {
public:
  Walk(const regime::Settings& settings, const Recording& recording)
    : settings_(settings), recording_(recording),
      follower_(settings, recording.interval, settings.warm_up_bars),
      ensemble_(hysteresis(), nullptr) {
    plan_.spec = settings.models.spec;
    plan_.bars_min = settings.models.fit_bars_min;
    plan_.starts = settings.models.starts;
    plan_.seed = settings.models.seed;
  }

  void take(std::size_t bar, EnsembleReport& out) {
    const auto taken = follower_.taken();
    follower_.apply(recording_.bars[bar]);
    if (follower_.taken() == taken) {
      return;
    }
    ensemble_.apply(follower_.moments().back());
    if (bar >= next_fit_) {
      refit(bar, out);
    }
    if (ensemble_.set()) {
      count(recording_.bars[bar], out);
    }
  }

private:
  [[nodiscard]] regime::Hysteresis hysteresis() const {
    return {settings_.confirm_bars, settings_.dwell_bars_min};
  }

  void refit(std::size_t bar, EnsembleReport& out) {
    const auto wanted = plan_.spec.fit_bars + follower_.classifier().bars_needed();
    const auto first = bar + 1 - std::min<std::size_t>(bar + 1, wanted);
    const auto bars = std::span{recording_.bars}.subspan(first, bar + 1 - first);
    const auto set =
      regime::fit_models(regime::observations_of(settings_, recording_.interval, bars), plan_);
    if (!set) {
      return; // too few bars yet
    }
    next_fit_ = bar + settings_.models.refit_bars_min;
    const auto before = ensemble_.regime();
    regime::Ensemble next{hysteresis(), std::make_shared<const regime::ModelSet>(*set)};
    next.apply(follower_.moments());
    next.succeed(ensemble_, recording_.bars[bar].ts_close);
    ensemble_ = std::move(next);
    ++out.fits;
    out.fit_switches += label_ && ensemble_.regime() != before ? 1U : 0U;
  }

  void count(const trading::Bar& bar, EnsembleReport& out) {
    const auto now = ensemble_.regime();
    ++out.bars;
    out.shares[boost::describe::enum_to_string(now, "?")] += 1.0;
    if (label_ && *label_ != now) {
      ++out.switches;
      if (now != Regime::CRISIS && out.switches > 1) { // the first spell began before the counting
        out.shortest_dwell_bars = std::min(out.shortest_dwell_bars.value_or(run_), run_);
      }
      run_ = 0;
    }
    ++run_;
    label_ = now;
    if (now == Regime::CRISIS) {
      tell_crisis(bar, out);
    }
  }

  static void tell_crisis(const trading::Bar& bar, EnsembleReport& out) {
    for (auto& crisis : out.crises) {
      if (bar.ts_open >= crisis.start && bar.ts_open < crisis.end) {
        crisis.days.push_back(bar.ts_open);
      }
    }
  }

  const regime::Settings& settings_;
  const Recording& recording_;
  regime::FitPlan plan_;
  regime::Follower follower_;
  regime::Ensemble ensemble_;
  std::size_t next_fit_ = 0;
  std::optional<Regime> label_;
  std::uint64_t run_ = 0;
};

} // namespace

core::Result<EnsembleReport> ensemble_of(const Recording& recording,
                                         const std::vector<Window>& windows) {
  const regime::Settings settings;
  EnsembleReport out;
  out.instrument = recording.instrument;
  for (const auto& window : windows) {
    out.crises.push_back({window.name, window.start(), window.end(), {}});
  }
  Walk walk{settings, recording};
  for (std::size_t bar = 0; bar < recording.bars.size(); ++bar) {
    walk.take(bar, out);
  }
  if (out.bars == 0) {
    return core::Error{core::Errc::NOT_READY, recording.instrument.symbol + ": expected at least "
                                                + std::to_string(settings.models.fit_bars_min)
                                                + " bars with features, found "
                                                + std::to_string(recording.bars.size()) + " bars"};
  }
  const auto count = static_cast<double>(out.bars);
  constexpr double year_ns = 365.0 * 24 * 3600 * 1e9;
  const auto bars_per_year = year_ns / static_cast<double>(recording.interval.duration().count());
  out.switches_per_year = static_cast<double>(out.switches) * bars_per_year / count;
  out.mean_dwell_bars = count / static_cast<double>(out.switches + 1);
  for (auto& [name, share] : out.shares) {
    share /= count;
  }
  return out;
}

} // namespace troupe::market_report
