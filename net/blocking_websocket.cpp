#include "net/websocket_client.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

namespace troupe::net {

using core::Errc;
using core::Error;
using core::Result;

struct BlockingWebSocket::State {
  static constexpr std::size_t unread_bytes_max = 67'108'864;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> unread;
  std::size_t unread_bytes = 0;
  bool is_open = false;
  std::optional<Error> ended; ///< NONE after a close handshake
  std::uint16_t code = 0;
  std::string reason;
  // The loop ends before the client goes, and nothing above is touched after that.
  std::unique_ptr<IoThread> thread = std::make_unique<IoThread>();
  std::unique_ptr<WebSocketClient> client;

  WebSocketClientEvents events();
  void take(std::string_view text);
};

void BlockingWebSocket::State::take(std::string_view text) {
  const std::scoped_lock lock{mutex};
  if (unread_bytes + text.size() > unread_bytes_max) {
    client->close(1008, "unread messages above the limit");
    return;
  }
  unread_bytes += text.size();
  unread.emplace_back(text);
  changed.notify_all();
}

WebSocketClientEvents BlockingWebSocket::State::events() {
  WebSocketClientEvents out;
  out.on_open = [this] {
    const std::scoped_lock lock{mutex};
    is_open = true;
    changed.notify_all();
  };
  out.on_message = [this](std::string_view text) { take(text); };
  out.on_close = [this](const Error& error, std::uint16_t close_code, std::string_view why) {
    const std::scoped_lock lock{mutex};
    ended = error;
    code = close_code;
    reason = why;
    changed.notify_all();
  };
  return out;
}

BlockingWebSocket::BlockingWebSocket() : state_(std::make_unique<State>()) {}
BlockingWebSocket::BlockingWebSocket(BlockingWebSocket&&) noexcept = default;
BlockingWebSocket& BlockingWebSocket::operator=(BlockingWebSocket&&) noexcept = default;

BlockingWebSocket::~BlockingWebSocket() {
  if (state_) {
    state_->client->close(1000, {});
    std::unique_lock lock{state_->mutex};
    constexpr auto politeness = std::chrono::milliseconds{500}; // for the peer's close frame
    state_->changed.wait_for(lock, politeness, [&] { return state_->ended.has_value(); });
  }
}

Result<BlockingWebSocket> BlockingWebSocket::connect(WebSocketClientSettings settings) {
  BlockingWebSocket out;
  auto& state = *out.state_;
  state.client =
    std::make_unique<WebSocketClient>(*state.thread, std::move(settings), state.events());
  state.client->connect();
  std::unique_lock lock{state.mutex};
  state.changed.wait(lock, [&] { return state.is_open || state.ended; });
  if (!state.is_open) {
    auto error = *state.ended;
    lock.unlock();
    return error;
  }
  lock.unlock();
  return out;
}

Result<void> BlockingWebSocket::send(std::string text) {
  if (!state_->client->send(std::move(text))) {
    return Error{Errc::UNAVAILABLE, "the socket is closed or its queue is full"};
  }
  return {};
}

Result<std::string> BlockingWebSocket::receive(core::Duration timeout) {
  auto& state = *state_;
  std::unique_lock lock{state.mutex};
  const bool in_time = state.changed.wait_for(lock, timeout.chrono(),
                                              [&] { return !state.unread.empty() || state.ended; });
  if (!state.unread.empty()) {
    auto text = std::move(state.unread.front());
    state.unread.pop_front();
    state.unread_bytes -= text.size();
    return text;
  }
  if (!in_time) {
    return Error{Errc::TIMEOUT, "no message within " + timeout.to_text()};
  }
  const bool is_clean = state.ended->code == Errc::NONE;
  return Error{Errc::UNAVAILABLE, "closed with " + std::to_string(state.code) + " "
                                    + (is_clean ? state.reason : state.ended->message)};
}

void BlockingWebSocket::close(std::uint16_t code, std::string reason) {
  state_->client->close(code, std::move(reason));
}

std::uint16_t BlockingWebSocket::close_code() const {
  const std::scoped_lock lock{state_->mutex};
  return state_->ended ? state_->code : std::uint16_t{0};
}

std::string BlockingWebSocket::close_reason() const {
  const std::scoped_lock lock{state_->mutex};
  return state_->reason;
}

} // namespace troupe::net
