// The net layer as a fan-out server: "go N" sends N texts of 120 bytes to every client, at most 64
// of them waiting at the slowest.
//     bench_ws_server PORT        until SIGTERM

#include "net/server.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace {

using namespace troupe;

constexpr std::size_t text_bytes = 120;
constexpr std::size_t queued_bytes_max = 64 * (text_bytes + 2);
constexpr int texts_per_step = 16;

/// Sends from a thread of its own, as actors do.
class FanOut final : public net::WebSocketHandler {
public:
  ~FanOut() override { stop(); }

  void on_open(const net::SessionPtr& session, const net::Request&) override {
    const std::lock_guard lock{mutex_};
    sessions_.emplace(session->id(), session);
  }
  void on_close(const net::SessionPtr& session, std::uint16_t) override {
    const std::lock_guard lock{mutex_};
    sessions_.erase(session->id());
  }
  void on_message(const net::SessionPtr&, std::string_view text) override {
    if (text.starts_with("go ")) {
      stop();
      stopped_ = false;
      publisher_ =
        std::thread{[this, texts = std::stol(std::string(text.substr(3)))] { publish(texts); }};
    }
  }

private:
  void stop() {
    stopped_ = true;
    if (publisher_.joinable()) {
      publisher_.join();
    }
  }

  void publish(long texts) {
    for (long sent = 0; sent < texts && !stopped_;) {
      if (!step(sent, texts)) {
        std::this_thread::yield();
      }
    }
  }

  /// Sends the next few, unless a client is behind.
  bool step(long& sent, long texts) {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, session] : sessions_) {
      if (session->queued_bytes() >= queued_bytes_max) {
        return false;
      }
    }
    for (int i = 0; i < texts_per_step && sent < texts; ++i, ++sent) {
      std::string text =
        R"({"channel":"ticker","symbol":"BTC-USD","bid":65012.34,"ask":65012.56,"seq":)"
        + std::to_string(1'000'000 + sent) + R"(,"pad":")";
      text.resize(text_bytes - 2, 'x');
      const auto frame = net::make_frame(text + "\"}");
      for (const auto& [id, session] : sessions_) {
        session->send(frame);
      }
    }
    return true;
  }

  std::mutex mutex_;
  std::unordered_map<std::uint64_t, net::SessionPtr> sessions_;
  std::atomic<bool> stopped_{false};
  std::thread publisher_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::puts("bench_ws_server PORT");
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  net::ServerSettings settings;
  settings.listen = std::string("127.0.0.1:") + argv[1];
  std::vector<net::Route> routes;
  routes.push_back({.path = "/data/stream",
                    .handler = std::shared_ptr<net::WebSocketHandler>(std::make_shared<FanOut>())});
  net::Server server{settings, net::Router{std::move(routes)}};
  if (const auto bound = server.start(); !bound) {
    std::fprintf(stderr, "%s\n", bound.error().message.c_str());
    return 1;
  }
  int signal = 0;
  sigwait(&ends, &signal);
  return 0;
}
