#include "core/log.hpp"
#include "nodes/node/command_line.hpp"
#include "nodes/node/node.hpp"

#include <csignal>
#include <ctime>
#include <iostream>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace troupe;

/// Ends the process without waiting for threads that may hang.
[[noreturn]] void end_now(int code) {
  std::cout.flush();
  std::cerr.flush();
  ::_exit(code);
}

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

/// @returns whether a stop signal came within `ms`
bool wait_for_signal(const sigset_t& set, long ms) {
  const timespec timeout{ms / 1'000, (ms % 1'000) * 1'000'000};
  return sigtimedwait(&set, nullptr, &timeout) > 0;
}

void print_hints(const node::Node& running) {
  const auto url = running.api_url();
  std::cout << "\n  API        " << url << "   (documentation: " << url << "/docs)\n"
            << "  token      " << running.settings().node.data_dir
            << "/token   (for commands that change something)\n"
            << "  try        curl " << url << "/data/ticker/BTC-USD\n"
            << "             curl '" << url << "/data/historical/BTC-USD?interval=1m&limit=5'\n"
            << "             curl '" << url << "/regime/current/BTC-USD?interval=1s'\n"
            << "             build/release/bin/actor-inspector --node " << url << " tree\n"
            << "  stop       Ctrl-C\n"
            << std::endl;
}

/// A stop that hangs must not hang the process: says what still runs and ends it.
void guard_stop(std::chrono::nanoseconds deadline) {
  std::thread([deadline] {
    std::this_thread::sleep_for(deadline);
    core::log::error("stop did not end in time");
    end_now(node::exit_error);
  }).detach();
}

/// As many descriptors as the system grants: each connection is one.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int run(config::NodeSettings settings, bool hints, const sigset_t& signals) {
  raise_descriptor_limit();
  auto started = node::Node::start(std::move(settings), [](const std::string& last_line) {
    core::log::error("giving up", {{"reason", last_line}});
    end_now(node::exit_error);
  });
  if (!started) {
    std::cerr << "error: " << started.error().message << '\n';
    return started.error().code == core::Errc::CONFIG_INVALID ? node::exit_config
                                                              : node::exit_error;
  }
  auto& running = **started;
  bool announced = false;
  constexpr long poll_ms = 20;
  constexpr long idle_ms = 1'000;
  while (!wait_for_signal(signals, announced ? idle_ms : poll_ms)) {
    if (!announced && running.ready()) {
      announced = true;
      std::cout << running.ready_line() << std::endl;
      if (hints) {
        print_hints(running);
      }
    }
  }
  core::log::info("stopping");
  guard_stop(running.settings().node.stop_deadline.chrono() + std::chrono::milliseconds{800});
  const auto left = running.stop();
  for (const auto& path : left) {
    core::log::error("still running at the stop's deadline", {{"actor", path}});
  }
  core::log::info("stopped");
  if (!left.empty()) {
    end_now(node::exit_error);
  }
  return node::exit_ok;
}

} // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr); // inherited by every thread: only run() takes them
  int code = node::exit_ok;
  auto line = node::read_command_line(argc, argv, environ, code);
  if (!line) {
    return code;
  }
  auto settings = config::read_settings(line->source);
  if (!settings) {
    std::cerr << "error: " << settings.error().message << '\n';
    return node::exit_config;
  }
  if (line->action == node::Action::SHOW_CONFIG) {
    std::cout << core::redacted(core::json::encode(*settings)) << '\n';
    return node::exit_ok;
  }
  if (line->action == node::Action::CHECK_CONFIG) {
    std::cout << "the configuration is good\n";
    return node::exit_ok;
  }
  if (!core::log::set_level(settings->log.level)) {
    return node::exit_config;
  }
  return run(std::move(*settings), line->hints, signals);
}
