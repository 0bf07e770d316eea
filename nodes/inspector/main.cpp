#include "nodes/inspector/command_line.hpp"
#include "nodes/inspector/screen.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <sstream>

namespace {

using namespace troupe::inspector;

/// JSON on one line, for programs that read one document after the other.
std::string compact(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  return json.is_discarded() ? text : json.dump() + "\n";
}

Exit run_once(const Invocation& invocation, const Screen& screen, bool repeated) {
  const ClusterClient client{invocation.client};
  std::ostringstream out;
  std::ostringstream err;
  const auto code =
    run({invocation.command, client, out, err, [](double seconds) { (void)sleep_for(seconds); }});
  if (!repeated) {
    std::cerr << err.str();
    std::cout << out.str();
  } else if (invocation.command.json) {
    std::cerr << err.str();
    std::cout << compact(out.str()) << std::flush;
  } else {
    screen.show(screen.is_terminal() ? err.str() + out.str() : out.str() + '\n');
    if (!screen.is_terminal()) {
      std::cerr << err.str();
    }
  }
  return code;
}

/// Until Ctrl-C. A node that is away for a while ends nothing; a wrong command does.
Exit run_again_and_again(const Invocation& invocation, const Screen& screen, double pause_s) {
  watch_signals();
  if (screen.is_terminal() && !invocation.command.json) {
    std::cout << "\x1b[2J";
  }
  auto code = Exit::OK;
  do {
    code = run_once(invocation, screen, true);
  } while (code != Exit::CONFIG && sleep_for(pause_s));
  return code;
}

} // namespace

int main(int argc, char** argv) {
  int code = 0;
  auto invocation = read_command_line(argc, argv, code);
  if (!invocation) {
    return code;
  }
  const Screen screen;
  const bool top = invocation->command.name == "top";
  if (top && invocation->watch_s > 0) {
    invocation->command.interval_s = invocation->watch_s;
  }
  const bool live = top && screen.is_terminal() && !invocation->once && !invocation->command.json;
  const bool repeated = !invocation->once && (live || invocation->watch_s > 0);
  // The two looks of top already take the interval.
  const double pause_s = top ? 0.01 : invocation->watch_s;
  return static_cast<int>(repeated ? run_again_and_again(*invocation, screen, pause_s)
                                   : run_once(*invocation, screen, false));
}
