#include "actors/venues/replay/settings.hpp"

namespace troupe::venues::replay {

std::vector<core::json::Problem> check(const ReplaySettings& settings) {
  std::vector<core::json::Problem> problems;
  const auto named = trading::InstrumentId::from_text("BTC-USD." + settings.name);
  if (!named || named->venue != settings.name) {
    problems.push_back({"name", "a venue name of upper-case letters and digits", settings.name});
  }
  if (settings.kind != "replay") {
    problems.push_back({"kind", "replay", settings.kind});
  }
  if (!(settings.speed >= 0.0 && settings.speed <= speed_max)) {
    problems.push_back({"speed", "a number from 0 to 1e6", std::to_string(settings.speed)});
  }
  if (settings.files.empty() || settings.files.size() > files_max) {
    problems.push_back({"files", "1 to " + std::to_string(files_max) + " files",
                        std::to_string(settings.files.size())});
  }
  for (std::size_t i = 0; i < settings.files.size(); ++i) {
    const auto& file = settings.files[i];
    const std::string at = "files[" + std::to_string(i) + "]";
    if (file.path.empty()) {
      problems.push_back({at + ".path", "a file", "nothing"});
    }
    if (file.interval && file.type == RecordType::trades) {
      problems.push_back(
        {at + ".interval", "no interval, trades have none", file.interval->to_text()});
    }
  }
  return problems;
}

} // namespace troupe::venues::replay
