#include "actors/venues/registry.hpp"

#include "actors/venues/binance/binance_venue.hpp"
#include "actors/venues/coinbase/coinbase_venue.hpp"
#include "actors/venues/replay/replay_venue.hpp"
#include "actors/venues/sim/sim_venue.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace troupe::venues {

namespace {

using core::json::Problem;
using Make = Venue (*)(core::json::View settings,
                       const std::string& path,
                       const MakeContext& context,
                       std::vector<Problem>& problems);

Venue make_sim(core::json::View settings,
               const std::string& path,
               const MakeContext&,
               std::vector<Problem>& problems) {
  return sim::make_sim_venue(settings, path, problems);
}

Venue make_replay(core::json::View settings,
                  const std::string& path,
                  const MakeContext& context,
                  std::vector<Problem>& problems) {
  if (!context.replay_clock) {
    problems.push_back({path, "a node whose clock is that of the recording", "the system's clock"});
    return {};
  }
  return replay::make_replay_venue(settings, path, context.replay_clock, problems);
}

Venue make_binance(core::json::View settings,
                   const std::string& path,
                   const MakeContext&,
                   std::vector<Problem>& problems) {
  return binance::make_binance_venue(settings, path, problems);
}

Venue make_coinbase(core::json::View settings,
                    const std::string& path,
                    const MakeContext&,
                    std::vector<Problem>& problems) {
  return coinbase::make_coinbase_venue(settings, path, problems);
}

struct Kind {
  std::string_view name;
  Make make;
  bool own_time; ///< lives in the time of its data
};

// clang-format off
constexpr std::array<Kind, 4> kinds{{
  // kind       made by       own time
  {"sim",       make_sim,     false},
  {"replay",    make_replay,  true},
  {"binance",   make_binance, false},
  {"coinbase",  make_coinbase, false},
}};
// clang-format on

const Kind* find_kind(std::string_view name) {
  const auto* const at =
    std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.name == name; });
  return at == kinds.end() ? nullptr : at;
}

std::string one_of_kinds() {
  std::string text = "one of ";
  for (const auto& kind : kinds) {
    text += (&kind == kinds.data() ? "" : ", ") + std::string(kind.name);
  }
  return text;
}

} // namespace

std::vector<std::string> venue_kinds() {
  std::vector<std::string> names;
  for (const auto& kind : kinds) {
    names.emplace_back(kind.name);
  }
  return names;
}

bool replays(std::span<const core::json::Raw> settings) {
  return std::any_of(settings.begin(), settings.end(), [](const core::json::Raw& raw) {
    const auto document = core::json::Document::parse(raw.text);
    if (!document || !document->view().is_object()) {
      return false;
    }
    const auto name = document->view().find("kind");
    const auto* const kind = name ? find_kind(name->string().value_or("")) : nullptr;
    return kind != nullptr && kind->own_time;
  });
}

core::Result<std::vector<Venue>> make_venues(std::span<const core::json::Raw> settings,
                                             const MakeContext& context,
                                             std::vector<Problem>& problems) {
  const auto found_before = problems.size();
  const bool own_time = replays(settings);
  std::set<std::string> names;
  std::vector<Venue> venues;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto path = "venues[" + std::to_string(i) + "]";
    const auto document = core::json::Document::parse(settings[i].text);
    if (!document) {
      problems.push_back({path, "a JSON object", document.error().message});
      continue;
    }
    core::json::Decoder decoder{core::json::Missing::DEFAULT, path};
    const auto header = read_header(document->view(), decoder);
    problems.insert(problems.end(), decoder.problems().begin(), decoder.problems().end());
    if (!decoder.problems().empty()) {
      continue;
    }
    const auto* const kind = find_kind(header.kind);
    if (kind == nullptr) {
      problems.push_back({path + ".kind", one_of_kinds(), "\"" + header.kind + "\""});
    } else if (!names.insert(header.name).second) {
      problems.push_back({path + ".name", "a name of its own", "\"" + header.name + "\" again"});
    } else if (own_time && settings.size() > 1) {
      problems.push_back({path + ".kind", "a replay alone: all its files in one venue",
                          "\"" + header.kind + "\" beside another venue"});
    } else {
      venues.push_back(kind->make(document->view(), path, context, problems));
    }
  }
  if (problems.size() > found_before) {
    return core::Error{core::Errc::CONFIG_INVALID, problems[found_before].text()};
  }
  return venues;
}

} // namespace troupe::venues
