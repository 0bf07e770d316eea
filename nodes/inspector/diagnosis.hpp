#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace troupe::inspector {

/// Something that is not as it should be.
struct Finding {
  std::string node;
  std::string check; ///< mailbox, busy, stuck, restarts, breaker, ...: see diagnose()
  std::string subject;
  std::string text;
};

/// What was asked of one node: its answers as they came, null where one is missing.
struct NodeFacts {
  std::string node;
  std::string error; ///< why it does not answer; empty where it does
  nlohmann::json actors_before;
  nlohmann::json actors_after;
  nlohmann::json process_before;
  nlohmann::json process_after;
  nlohmann::json shards_before;
  nlohmann::json shards_after;
  nlohmann::json net;
  nlohmann::json breakers;
  nlohmann::json restarts; ///< of the last minute
  double skew_ms = 0.0;    ///< its clock less this machine's, in the middle of the request
  double round_trip_ms = 0.0;
};

/// Looks for: nodes that do not answer; mailboxes over 80 % full; actors busy over 90 % of the
/// time; handlers that run for more than a second; zombies; more than one abnormal end in a minute;
/// open breakers; peers that are down or with phi > 5; nodes that disagree about the placement or
/// its epoch, in both looks; memory that grew steadily by over 20 % and 64 MiB within what the node
/// remembers, at least three minutes; a network thread busy over 90 %, or it or the scheduler not
/// answering within a second; clocks off by more than 250 ms.
/// @param seconds  between the looks
[[nodiscard]] std::vector<Finding> diagnose(const std::vector<NodeFacts>& nodes, double seconds);

} // namespace troupe::inspector
