#include "actors/market_data/settings.hpp"

#include "messages/market_data.hpp"

#include <algorithm>

namespace troupe::market_data {

namespace {

void check_activity_bars(const Settings& settings,
                         const std::string& section,
                         std::vector<core::json::Problem>& problems) {
  const auto& all = settings.activity_bars;
  if (all.size() > Settings::activity_bars_max) {
    problems.push_back({section + "activity_bars",
                        "at most " + std::to_string(Settings::activity_bars_max),
                        std::to_string(all.size())});
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto path = section + "activity_bars[" + std::to_string(i) + "]";
    const auto spec = trading::BarSpec::from_text(all[i]);
    if (!spec || spec->is_time()) {
      problems.push_back({path, "tick:N, volume:N or value:N", "\"" + all[i] + "\""});
    } else if (std::find(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i), all[i])
               != all.begin() + static_cast<std::ptrdiff_t>(i)) {
      problems.push_back({path, "one that is not there already", "\"" + all[i] + "\""});
    }
  }
}

} // namespace

void check(const Settings& settings, std::vector<core::json::Problem>& problems) {
  const std::string section = "market_data.";
  if (settings.intervals.empty()) {
    problems.push_back({section + "intervals", "at least one interval", "none"});
  }
  for (std::size_t i = 0; i < settings.intervals.size(); ++i) {
    const auto& text = settings.intervals[i];
    const auto path = section + "intervals[" + std::to_string(i) + "]";
    const auto interval = trading::Interval::from_text(text);
    if (!interval) {
      problems.push_back({path, trading::Interval::expected(), "\"" + text + "\""});
      continue;
    }
    const auto before = i == 0 ? core::Result<trading::Interval>{*interval}
                               : trading::Interval::from_text(settings.intervals[i - 1]);
    if (i > 0 && before && !(*before < *interval)) {
      problems.push_back(
        {path, "an interval longer than the one before, " + before->to_text(), text});
    }
  }
  const auto positive = [&](const char* key, std::int64_t value) {
    if (value <= 0) {
      problems.push_back({section + key, "a value above 0", std::to_string(value)});
    }
  };
  positive("bars_in_memory_max", settings.bars_in_memory_max);
  positive("book_levels_published", settings.book_levels_published);
  positive("beat_every", settings.beat_every.ns);
  positive("store_every", settings.store_every.ns);
  positive("fetch_deadline", settings.fetch_deadline.ns);
  const core::Duration fetch_max = messages::historical_within - std::chrono::seconds{1};
  if (settings.fetch_deadline > fetch_max) {
    problems.push_back({section + "fetch_deadline",
                        "at most " + fetch_max.to_text() + ": askers of history wait no longer",
                        settings.fetch_deadline.to_text()});
  }
  positive("closed_bars_unstored_max", settings.closed_bars_unstored_max);
  positive("activity_trades_max", settings.activity_trades_max);
  positive("trades_unstored_max", settings.trades_unstored_max);
  check_activity_bars(settings, section, problems);
  check(settings.sla, section + "sla.", problems);
}

} // namespace troupe::market_data
