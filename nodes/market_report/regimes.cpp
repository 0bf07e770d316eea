#include "actors/regime/classifier.hpp"
#include "actors/regime/rules.hpp"
#include "nodes/market_report/report.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::market_report {

namespace {

using regime::Classifier;
using trading::Regime;

core::Timestamp day_start(const char* day) {
  return core::Timestamp::from_text(std::string{day} + "T00:00:00Z").value();
}

/// What the checks of known crises need of one bar.
struct Judged {
  core::Timestamp open;
  double return_ratio = 0.0;
  double threshold = 0.0;
  bool crisis = false;
};

CrisisCheck check_of(const Window& window, const std::vector<Judged>& judged) {
  CrisisCheck out;
  out.window = window.name;
  for (std::size_t i = 0; i < judged.size(); ++i) {
    const auto& bar = judged[i];
    if (bar.open < window.start() || bar.open >= window.end()) {
      continue;
    }
    out.largest_ratio = std::max(out.largest_ratio, bar.return_ratio);
    if (out.shock || bar.return_ratio <= bar.threshold) {
      continue;
    }
    out.shock = bar.open;
    const auto from = judged.begin() + static_cast<std::ptrdiff_t>(i);
    const auto found = std::find_if(from, judged.end(), [](const Judged& x) { return x.crisis; });
    if (found != judged.end()) {
      out.crisis = found->open;
      out.closes_after = found - from;
    }
  }
  return out;
}

/// Labels as they follow each other.
class Labels {
public:
  void add(const trading::Bar& bar, Regime label, Regime plain) {
    if (bars_ == 0 || label != spells_.back().regime) {
      spells_.push_back({label, bar.ts_close, {}});
    }
    spells_.back().end = bar.ts_close;
    if (spells_.size() > 1 && spells_.back().start == bar.ts_close) {
      spells_[spells_.size() - 2].end = bar.ts_close;
    }
    plain_switches_ += plain_ && *plain_ != plain ? 1U : 0U;
    plain_ = plain;
    ++counts_[label];
    ++bars_;
  }
  void tell(RegimeReport& report) const {
    const double count = static_cast<double>(bars_);
    constexpr double year_ns = 365.0 * 24 * 3600 * 1e9;
    const double years = count * static_cast<double>(report.interval.duration().count()) / year_ns;
    report.bars = bars_;
    report.switches_per_year = static_cast<double>(spells_.size() - 1) / years;
    report.plain_switches_per_year = static_cast<double>(plain_switches_) / years;
    report.mean_dwell_bars = count / static_cast<double>(spells_.size());
    for (const auto& [label, number] : counts_) {
      report.shares[boost::describe::enum_to_string(label, "?")] =
        static_cast<double>(number) / count;
    }
    report.spells = spells_;
  }
  [[nodiscard]] bool empty() const { return bars_ == 0; }

private:
  std::vector<Spell> spells_;
  std::map<Regime, std::uint64_t> counts_;
  std::optional<Regime> plain_;
  std::uint64_t plain_switches_ = 0;
  std::uint64_t bars_ = 0;
};

} // namespace

const std::vector<Window>& crisis_windows() {
  static const std::vector<Window> windows{{"March 2020", "2020-03-01", "2020-03-31"},
                                           {"May-June 2022", "2022-05-01", "2022-06-30"},
                                           {"November 2022", "2022-11-01", "2022-11-30"}};
  return windows;
}

core::Timestamp Window::start() const {
  return day_start(first);
}

core::Timestamp Window::end() const {
  return day_start(last) + std::chrono::hours{24};
}

core::Result<RegimeReport> regimes_of(const Recording& recording) {
  const regime::Settings settings;
  Classifier classifier{settings, recording.interval};
  RegimeReport out;
  out.instrument = recording.instrument;
  out.interval = recording.interval;
  Labels labels;
  std::vector<Judged> judged;
  for (const auto& bar : recording.bars) {
    if (core::floor(bar.ts_close, std::chrono::hours{24}) == bar.ts_close) {
      out.times.push_back(bar.ts_close);
      out.closes.push_back(bar.close.to_double());
    }
    if (classifier.apply(bar) != Classifier::Outcome::APPLIED || !classifier.ready()) {
      continue;
    }
    const auto& features = classifier.features();
    labels.add(bar, classifier.regime(), regime::candidate(features, {}, settings));
    judged.push_back({bar.ts_open, features.return_ratio, features.shock_threshold,
                      classifier.regime() == Regime::CRISIS});
  }
  if (labels.empty()) {
    return core::Error{core::Errc::NOT_READY, recording.instrument.symbol + ": expected at least "
                                                + std::to_string(classifier.bars_needed())
                                                + " bars, found "
                                                + std::to_string(recording.bars.size())};
  }
  out.start = recording.bars.front().ts_open;
  out.end = recording.bars.back().ts_close;
  labels.tell(out);
  if (recording.interval == trading::intervals::d1) {
    for (const auto& window : crisis_windows()) {
      out.crises.push_back(check_of(window, judged));
    }
  }
  return out;
}

} // namespace troupe::market_report
