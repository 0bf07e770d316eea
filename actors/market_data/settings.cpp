#include "actors/market_data/settings.hpp"

namespace troupe::market_data {

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
  positive("closed_bars_unstored_max", settings.closed_bars_unstored_max);
}

} // namespace troupe::market_data
