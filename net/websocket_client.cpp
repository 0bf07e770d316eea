// clang-format off
#include <utility>
#include "net/websocket_client.hpp"
#include "net/detail/beast_stream.hpp"
// clang-format on

#include "net/tls.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <atomic>
#include <deque>

namespace troupe::net {

namespace ws_client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using core::Errc;
using core::Error;
using detail::ErrorCode;

/// What can be done to an open socket, plain or TLS.
class Channel {
public:
  virtual ~Channel() = default;
  virtual void write(const std::string& text, std::function<void(ErrorCode)> done) = 0;
  virtual void close(std::uint16_t code, const std::string& reason) = 0;
  virtual void cut() = 0;
};

template <class Stream>
class ChannelOver final : public Channel, public std::enable_shared_from_this<ChannelOver<Stream>> {
public:
  template <class... Args>
  explicit ChannelOver(Args&&... args) : stream(std::forward<Args>(args)...) {}

  void write(const std::string& text, std::function<void(ErrorCode)> done) override {
    stream.async_write(asio::buffer(text),
                       [keep = this->shared_from_this(),
                        done = std::move(done)](ErrorCode error, std::size_t) { done(error); });
  }
  void close(std::uint16_t code, const std::string& reason) override {
    const websocket::close_reason why{static_cast<websocket::close_code>(code), reason};
    stream.async_close(why, [keep = this->shared_from_this()](ErrorCode) {});
  }
  void cut() override { beast::get_lowest_layer(stream).close(); }

  websocket::stream<Stream, false> stream; ///< without permessage-deflate
};

} // namespace ws_client

using core::Errc;
using core::Error;
using detail::Awaitable;
using detail::ErrorCode;

struct WebSocketClient::State : std::enable_shared_from_this<State> {
  State(IoThread& on, WebSocketClientSettings with, WebSocketClientEvents to)
    : context(on.context()), settings(std::move(with)), events(std::move(to)) {}

  boost::asio::io_context& context;
  const WebSocketClientSettings settings;
  const WebSocketClientEvents events;
  std::atomic<std::size_t> queued_bytes{0};
  std::atomic<bool> is_closing{false};   ///< nothing more is sent
  std::atomic<bool> is_abandoned{false}; ///< no more callbacks
  // On the IoThread:
  Url url;
  std::shared_ptr<boost::asio::ssl::context> tls;
  std::shared_ptr<ws_client::Channel> channel;
  std::deque<std::string> queue; ///< the front is being written
  bool is_open = false;
  bool is_writing = false;
  bool is_done = false;
  bool close_wanted = false;
  std::uint16_t close_code = 1000;
  std::string close_reason;

  void start();
  template <class Stream>
  Awaitable<void> run(std::shared_ptr<ws_client::ChannelOver<Stream>> over);
  template <class Stream>
  Awaitable<std::optional<Error>> open(ws_client::ChannelOver<Stream>& over);
  template <class Stream>
  Awaitable<void> read_all(ws_client::ChannelOver<Stream>& over);
  void opened();
  void write_next();
  void push(std::string text);
  void want_close(std::uint16_t code, std::string reason);
  void done(const Error& error, std::uint16_t code, std::string_view reason);
};

void WebSocketClient::State::done(const Error& error, std::uint16_t code, std::string_view reason) {
  if (is_done) {
    return;
  }
  is_done = true;
  is_open = false;
  is_closing = true;
  if (channel) {
    channel->cut();
  }
  if (!is_abandoned && events.on_close) {
    events.on_close(error, code, reason);
  }
}

void WebSocketClient::State::start() {
  auto parsed = parse_url(settings.url);
  if (!parsed || (parsed->scheme != "ws" && parsed->scheme != "wss")) {
    done({Errc::INVALID_ARGUMENT, "expected a ws or wss URL, found \"" + settings.url + "\""}, 1006,
         {});
    return;
  }
  url = std::move(*parsed);
  const auto executor = context.get_executor();
  if (!url.is_tls()) {
    auto over = std::make_shared<ws_client::ChannelOver<detail::PlainStream>>(executor);
    channel = over;
    boost::asio::co_spawn(executor, run(std::move(over)), boost::asio::detached);
    return;
  }
  auto made = make_client_tls(settings.tls);
  if (!made) {
    done(made.error(), 1006, {});
    return;
  }
  tls = *made;
  auto over = std::make_shared<ws_client::ChannelOver<detail::TlsStream>>(executor, *tls);
  channel = over;
  boost::asio::co_spawn(executor, run(std::move(over)), boost::asio::detached);
}

template <class Stream>
Awaitable<std::optional<Error>> WebSocketClient::State::open(ws_client::ChannelOver<Stream>& over) {
  namespace websocket = ws_client::websocket;
  auto failure = co_await detail::connect(boost::beast::get_lowest_layer(over.stream), url);
  if constexpr (std::is_same_v<Stream, detail::TlsStream>) {
    if (!failure) {
      failure = co_await detail::handshake(over.stream.next_layer(), url);
    }
  }
  if (failure) {
    co_return failure;
  }
  websocket::stream_base::timeout timeouts{};
  timeouts.handshake_timeout = websocket::stream_base::none(); // the connect timer covers it
  timeouts.idle_timeout = settings.idle_timeout.chrono();
  timeouts.keep_alive_pings = true;
  over.stream.set_option(timeouts);
  over.stream.read_message_max(settings.message_bytes_max);
  const auto headers = settings.headers;
  const auto decorate = [headers](websocket::request_type& request) {
    request.set(boost::beast::http::field::user_agent, "troupe");
    for (const auto& [name, value] : headers) {
      request.set(name, value);
    }
  };
  over.stream.set_option(websocket::stream_base::decorator(decorate));
  websocket::response_type response;
  ErrorCode error;
  const auto host = url.host_header();
  co_await over.stream.async_handshake(response, host, url.target,
                                       boost::asio::redirect_error(detail::use_awaitable, error));
  if (error == websocket::error::upgrade_declined) {
    co_return Error{Errc::PROTOCOL_ERROR, settings.url + ": expected an upgrade, found status "
                                            + std::to_string(response.result_int())};
  }
  if (error) {
    co_return Error{Errc::UNAVAILABLE, settings.url + ": " + error.message()};
  }
  co_return std::nullopt;
}

template <class Stream>
Awaitable<void> WebSocketClient::State::run(std::shared_ptr<ws_client::ChannelOver<Stream>> over) {
  const auto keep = shared_from_this();
  detail::SteadyTimer timer{context};
  timer.expires_after(settings.connect_timeout.chrono());
  auto on_timeout = [weak = weak_from_this()](ErrorCode error) {
    const auto self = weak.lock();
    if (!error && self && !self->is_open) {
      self->done({Errc::TIMEOUT, self->settings.url + ": no connection within "
                                   + self->settings.connect_timeout.to_text()},
                 1006, {});
    }
  };
  timer.async_wait(on_timeout);
  const auto failure = co_await open(*over);
  timer.cancel();
  if (is_done) {
    co_return;
  }
  if (failure) {
    done(*failure, 1006, {});
    co_return;
  }
  opened();
  co_await read_all(*over);
}

void WebSocketClient::State::opened() {
  is_open = true;
  if (!is_abandoned && events.on_open) {
    events.on_open();
  }
  write_next();
}

template <class Stream>
Awaitable<void> WebSocketClient::State::read_all(ws_client::ChannelOver<Stream>& over) {
  namespace websocket = ws_client::websocket;
  boost::beast::flat_buffer buffer;
  ErrorCode error;
  while (!is_done) {
    co_await over.stream.async_read(buffer,
                                    boost::asio::redirect_error(detail::use_awaitable, error));
    if (error) {
      break;
    }
    if (!is_abandoned && events.on_message) {
      const auto data = buffer.cdata();
      events.on_message({static_cast<const char*>(data.data()), data.size()});
    }
    buffer.consume(buffer.size());
  }
  const auto& reason = over.stream.reason();
  const std::string text{reason.reason.data(), reason.reason.size()};
  const auto code = static_cast<std::uint16_t>(reason.code);
  if (error == websocket::error::closed) {
    done({Errc::NONE, {}}, code == 0 ? std::uint16_t{1005} : code, text);
  } else {
    const auto errc = error == boost::beast::error::timeout        ? Errc::TIMEOUT
                      : error == websocket::error::message_too_big ? Errc::BODY_TOO_LARGE
                                                                   : Errc::IO_ERROR;
    done({errc, settings.url + ": " + error.message()}, code == 0 ? std::uint16_t{1006} : code,
         text);
  }
}

void WebSocketClient::State::push(std::string text) {
  queue.push_back(std::move(text));
  write_next();
}

void WebSocketClient::State::write_next() {
  if (!is_open || is_writing) {
    return;
  }
  if (queue.empty()) {
    if (close_wanted) {
      close_wanted = false;
      is_writing = true; // nothing after the close frame
      channel->close(close_code, close_reason);
    }
    return;
  }
  is_writing = true;
  channel->write(queue.front(), [self = shared_from_this()](ErrorCode error) {
    self->queued_bytes -= self->queue.front().size();
    self->queue.pop_front();
    self->is_writing = false;
    if (!error) { // an error ends the reading too, which reports it
      self->write_next();
    }
  });
}

void WebSocketClient::State::want_close(std::uint16_t code, std::string reason) {
  if (is_done) {
    return;
  }
  if (!is_open) {
    done({Errc::NONE, {}}, code, reason);
    return;
  }
  close_wanted = true;
  close_code = code;
  close_reason = std::move(reason);
  write_next();
}

WebSocketClient::WebSocketClient(IoThread& thread,
                                 WebSocketClientSettings settings,
                                 WebSocketClientEvents events)
  : state_(std::make_shared<State>(thread, std::move(settings), std::move(events))) {}

WebSocketClient::~WebSocketClient() {
  state_->is_abandoned = true;
  boost::asio::post(state_->context, [state = state_] { state->done({Errc::NONE, {}}, 1006, {}); });
}

void WebSocketClient::connect() {
  boost::asio::post(state_->context, [state = state_] { state->start(); });
}

bool WebSocketClient::send(std::string text) {
  if (state_->is_closing) {
    return false;
  }
  const auto size = text.size();
  if (state_->queued_bytes.fetch_add(size) + size > state_->settings.send_queue_bytes_max) {
    state_->queued_bytes -= size;
    return false;
  }
  boost::asio::post(state_->context, [state = state_, text = std::move(text)]() mutable {
    state->push(std::move(text));
  });
  return true;
}

void WebSocketClient::close(std::uint16_t code, std::string reason) {
  if (state_->is_closing.exchange(true)) {
    return;
  }
  boost::asio::post(state_->context, [state = state_, code, reason = std::move(reason)]() mutable {
    state->want_close(code, std::move(reason));
  });
}

} // namespace troupe::net
