#pragma once

#include "nodes/api/stream_actor.hpp"
#include "nodes/api/stream_registry.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace troupe::api::tests {

/// Keeps what it was sent.
class FakeSession final : public net::WebSocketSession {
public:
  explicit FakeSession(std::uint64_t id) : id_(id) {}
  bool send(net::SharedFrame frame) override {
    sent.push_back(nlohmann::json::parse(frame->text()));
    return true;
  }
  bool send_conflated(std::string_view key, net::SharedFrame frame) override {
    keys.emplace_back(key);
    return send(std::move(frame));
  }
  void close(std::uint16_t, std::string_view) override {}
  std::uint64_t id() const noexcept override { return id_; }
  const std::string& remote_address() const noexcept override { return text_; }
  const std::string& subject() const noexcept override { return text_; }
  std::size_t queued_bytes() const override { return 0; }
  bool is_open() const noexcept override { return true; }

  std::vector<nlohmann::json> sent;
  std::vector<std::string> keys;

private:
  std::uint64_t id_;
  std::string text_;
};

inline std::vector<Channel> all_channels() {
  auto channels = data_channels();
  for (const auto& more : {regime_channels(), correlation_channels()}) {
    channels.insert(channels.end(), more.begin(), more.end());
  }
  return channels;
}

} // namespace troupe::api::tests
