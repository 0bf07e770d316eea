#include "actors/market_data/settings.hpp"

#include "core/settings_check.hpp"
#include "messages/market_data.hpp"

#include <algorithm>

namespace troupe::market_data {

namespace {

void check_activity_bars(const Settings& settings, core::SettingsCheck& check) {
  const auto& all = settings.activity_bars;
  if (all.size() > Settings::activity_bars_max) {
    check.add("activity_bars", "at most " + std::to_string(Settings::activity_bars_max),
              std::to_string(all.size()));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto key = "activity_bars[" + std::to_string(i) + "]";
    const auto spec = trading::BarSpec::from_text(all[i]);
    if (!spec || spec->is_time()) {
      check.add(key, "tick:N, volume:N or value:N", "\"" + all[i] + "\"");
    } else if (std::find(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i), all[i])
               != all.begin() + static_cast<std::ptrdiff_t>(i)) {
      check.add(key, "one that is not there already", "\"" + all[i] + "\"");
    }
  }
}

/// Longer bars are made of those before them.
void check_ascending(const std::vector<std::string>& intervals, core::SettingsCheck& check) {
  if (intervals.empty()) {
    check.add("intervals", "at least one interval", "none");
  }
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    const auto key = "intervals[" + std::to_string(i) + "]";
    const auto interval = trading::Interval::from_text(intervals[i]);
    if (!interval) {
      check.add(key, trading::Interval::expected(), "\"" + intervals[i] + "\"");
      continue;
    }
    const auto before = trading::Interval::from_text(intervals[i == 0 ? 0 : i - 1]);
    if (i > 0 && before && !(*before < *interval)) {
      check.add(key, "an interval longer than the one before, " + before->to_text(), intervals[i]);
    }
  }
}

} // namespace

void check(const Settings& settings, std::vector<core::json::Problem>& problems) {
  constexpr std::uint32_t count_max = 1'000'000'000;
  core::SettingsCheck check{"market_data", problems};
  check_ascending(settings.intervals, check);
  check.count("bars_in_memory_max", settings.bars_in_memory_max, 1, count_max);
  check.count("book_levels_published", settings.book_levels_published, 1, count_max);
  check.positive("beat_every", settings.beat_every);
  check.positive("store_every", settings.store_every);
  check.positive("fetch_deadline", settings.fetch_deadline);
  check.at_most("fetch_deadline", settings.fetch_deadline,
                messages::historical_within - std::chrono::seconds{1},
                "askers of history wait no longer");
  check.count("closed_bars_unstored_max", settings.closed_bars_unstored_max, 1, count_max);
  check.count("activity_trades_max", settings.activity_trades_max, 1, count_max);
  check.count("trades_unstored_max", settings.trades_unstored_max, 1, count_max);
  check_activity_bars(settings, check);
  market_data::check(settings.sla, "market_data.sla", problems);
}

} // namespace troupe::market_data
