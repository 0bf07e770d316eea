// clang-format off
#include <utility>
#include "net/http_client.hpp"
#include "net/detail/beast_stream.hpp"
// clang-format on

#include "core/clock.hpp"
#include "net/tls.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <atomic>
#include <deque>
#include <future>

namespace troupe::net {

namespace client {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using core::Errc;
using core::Error;
using detail::ErrorCode;

/// An open connection; one of the two streams is set.
struct Connection {
  std::string origin;
  std::unique_ptr<detail::PlainStream> plain;
  std::unique_ptr<detail::TlsStream> tls;
  beast::flat_buffer buffer;
  std::int64_t idle_since_ns = 0;
  bool is_reused = false;

  [[nodiscard]] detail::PlainStream& lowest() const { return tls ? tls->next_layer() : *plain; }

  /// Nothing to read and no end: what comes unasked on an idle connection is its end.
  [[nodiscard]] bool is_quiet() const {
    auto& socket = lowest().socket();
    ErrorCode error;
    socket.non_blocking(true, error);
    char byte = 0;
    socket.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, error);
    return error == asio::error::would_block || error == asio::error::try_again;
  }
};

/// One request under way.
struct Call {
  ClientRequest request;
  Url url;
  std::function<void(HttpResult)> done;
  std::shared_ptr<Connection> connection; ///< for the timeout to close
  bool is_sent = false;                   ///< bytes of the request may have left
  bool is_finished = false;
};

http::request<http::string_body> wire_request(const Call& call) {
  http::request<http::string_body> out;
  const auto method = to_string(call.request.method);
  out.method_string({method.data(), method.size()});
  out.target(call.url.target);
  out.set(http::field::host, call.url.host_header());
  out.set(http::field::user_agent, "troupe");
  for (const auto& [name, value] : call.request.headers) {
    out.insert(name, value);
  }
  out.body() = call.request.body;
  const bool has_body = !call.request.body.empty() || call.request.method == Method::POST
                        || call.request.method == Method::PUT
                        || call.request.method == Method::PATCH;
  if (has_body) {
    out.content_length(call.request.body.size());
  }
  return out;
}

ClientResponse taken(http::response<http::string_body>&& in) {
  ClientResponse out;
  out.status = in.result_int();
  for (const auto& field : in) {
    const auto name = field.name_string();
    const auto value = field.value();
    out.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  out.body = std::move(in.body());
  return out;
}

Error exchange_error(const Call& call, const ErrorCode& error) {
  if (error == http::error::body_limit || error == http::error::header_limit) {
    return {Errc::BODY_TOO_LARGE, call.request.url + ": " + error.message()};
  }
  const bool is_protocol =
    error.category() == http::make_error_code(http::error::bad_value).category()
    && error != http::error::end_of_stream && error != http::error::partial_message;
  return {is_protocol    ? Errc::PROTOCOL_ERROR
          : call.is_sent ? Errc::IO_ERROR
                         : Errc::UNAVAILABLE,
          call.request.url + ": " + error.message()};
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

} // namespace client

using client::Call;
using client::Connection;
using core::Errc;
using core::Error;

struct HttpClient::State : std::enable_shared_from_this<State> {
  State(IoThread& on, ClientSettings with) : context(on.context()), settings(std::move(with)) {}

  boost::asio::io_context& context;
  const ClientSettings settings;
  std::atomic<bool> is_closed{false};
  std::atomic<std::size_t> in_flight{0};
  // On the IoThread:
  std::shared_ptr<boost::asio::ssl::context> tls;
  std::deque<std::shared_ptr<Connection>> idle; ///< the most recent last
  std::vector<std::weak_ptr<Call>> calls;

  using Exchange = core::Result<ClientResponse>;
  detail::Awaitable<void> run(std::shared_ptr<Call> call);
  detail::Awaitable<Exchange> attempt(std::shared_ptr<Call> call, bool may_reuse);
  detail::Awaitable<std::optional<Error>> open(std::shared_ptr<Call> call);
  template <class Stream>
  detail::Awaitable<Exchange> exchange(Stream& stream, std::shared_ptr<Call> call, bool& keep);

  std::shared_ptr<Connection> take_idle(const std::string& origin);
  void put_idle(std::shared_ptr<Connection> connection);
  void finish(Call& call, HttpResult result);
  void start(std::shared_ptr<Call> call);
  void shut();
};

std::shared_ptr<Connection> HttpClient::State::take_idle(const std::string& origin) {
  const auto now_ns = core::monotonic_ns();
  std::erase_if(
    idle, [&](const auto& one) { return now_ns - one->idle_since_ns >= settings.idle_timeout.ns; });
  for (auto at = idle.rbegin(); at != idle.rend(); ++at) {
    if ((*at)->origin == origin) {
      auto connection = *at;
      idle.erase(std::next(at).base());
      return connection->is_quiet() ? connection : nullptr;
    }
  }
  return nullptr;
}

void HttpClient::State::put_idle(std::shared_ptr<Connection> connection) {
  if (is_closed || settings.idle_connections_max == 0) {
    return;
  }
  connection->lowest().expires_never();
  connection->idle_since_ns = core::monotonic_ns();
  idle.push_back(std::move(connection));
  if (idle.size() > settings.idle_connections_max) {
    idle.pop_front();
  }
}

void HttpClient::State::finish(Call& call, HttpResult result) {
  if (call.is_finished) {
    return;
  }
  call.is_finished = true;
  in_flight.fetch_sub(1);
  std::erase_if(calls, [&](const auto& weak) {
    const auto one = weak.lock();
    return !one || one.get() == &call;
  });
  const auto done = std::move(call.done);
  if (!is_closed) {
    done(std::move(result));
  }
}

detail::Awaitable<std::optional<Error>> HttpClient::State::open(std::shared_ptr<Call> call) {
  auto connection = std::make_shared<Connection>();
  call->connection = connection;
  connection->origin = call->url.scheme + "://" + call->url.host_header();
  if (!call->url.is_tls()) {
    connection->plain = std::make_unique<detail::PlainStream>(context.get_executor());
    co_return co_await detail::connect(*connection->plain, call->url);
  }
  if (!tls) {
    auto made = make_client_tls(settings.tls);
    if (!made) {
      co_return made.error();
    }
    tls = *made;
  }
  connection->tls = std::make_unique<detail::TlsStream>(context.get_executor(), *tls);
  auto failure = co_await detail::connect(connection->lowest(), call->url);
  if (!failure) {
    failure = co_await detail::handshake(*connection->tls, call->url);
  }
  co_return failure;
}

template <class Stream>
detail::Awaitable<HttpClient::State::Exchange>
HttpClient::State::exchange(Stream& stream, std::shared_ptr<Call> call, bool& keep) {
  namespace http = client::http;
  detail::ErrorCode error;
  const auto request = client::wire_request(*call);
  call->is_sent = true;
  co_await http::async_write(stream, request,
                             boost::asio::redirect_error(detail::use_awaitable, error));
  if (error) {
    co_return client::exchange_error(*call, error);
  }
  http::response_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(settings.header_bytes_max));
  parser.body_limit(settings.body_bytes_max);
  parser.skip(call->request.method == Method::HEAD);
  co_await http::async_read(stream, call->connection->buffer, parser,
                            boost::asio::redirect_error(detail::use_awaitable, error));
  if (error) {
    co_return client::exchange_error(*call, error);
  }
  keep = parser.keep_alive();
  co_return client::taken(parser.release());
}

detail::Awaitable<HttpClient::State::Exchange>
HttpClient::State::attempt(std::shared_ptr<Call> call, bool may_reuse) {
  const auto origin = call->url.scheme + "://" + call->url.host_header();
  auto connection = may_reuse ? take_idle(origin) : nullptr;
  if (connection) {
    connection->is_reused = true;
    call->connection = connection;
  } else {
    const auto failure = co_await open(call);
    if (failure) {
      co_return *failure;
    }
    connection = call->connection;
  }
  if (call->is_finished) {
    co_return Error{Errc::TIMEOUT, {}};
  }
  bool keep = false;
  Exchange result = Error{Errc::INTERNAL, {}};
  if (connection->tls) { // not `?:`: GCC 12 destroys the temporaries of both branches
    result = co_await exchange(*connection->tls, call, keep);
  } else {
    result = co_await exchange(*connection->plain, call, keep);
  }
  if (result && keep && !call->is_finished) {
    put_idle(connection);
  }
  co_return result;
}

detail::Awaitable<void> HttpClient::State::run(std::shared_ptr<Call> call) {
  auto result = co_await attempt(call, true);
  // A kept connection may have been closed by the server as we wrote: what changes nothing there
  // is safe to send again.
  const bool is_safe = call->request.method == Method::GET || call->request.method == Method::HEAD;
  if (!result && result.error().code == Errc::IO_ERROR && is_safe && !call->is_finished
      && call->connection->is_reused) {
    result = co_await attempt(call, false);
  }
  finish(*call, std::move(result));
}

void HttpClient::State::start(std::shared_ptr<Call> call) {
  calls.push_back(call);
  const auto timer = std::make_shared<detail::SteadyTimer>(context);
  timer->expires_after(call->request.timeout.chrono());
  timer->async_wait([self = shared_from_this(), timer, call](detail::ErrorCode error) {
    if (error || call->is_finished) {
      return;
    }
    const auto connection = call->connection;
    self->finish(*call, Error{Errc::TIMEOUT, call->request.url + ": no reply within "
                                               + call->request.timeout.to_text()});
    if (connection) {
      connection->lowest().close();
    }
  });
  auto task = [](std::shared_ptr<State> self, std::shared_ptr<Call> one,
                 std::shared_ptr<detail::SteadyTimer> until) -> detail::Awaitable<void> {
    co_await self->run(one);
    until->cancel();
  };
  boost::asio::co_spawn(context.get_executor(), task(shared_from_this(), call, timer),
                        boost::asio::detached);
}

void HttpClient::State::shut() {
  idle.clear();
  for (const auto& weak : calls) {
    if (const auto call = weak.lock(); call && call->connection) {
      call->connection->lowest().close();
    }
  }
}

HttpClient::HttpClient(IoThread& thread, ClientSettings settings)
  : state_(std::make_shared<State>(thread, std::move(settings))) {}

HttpClient::~HttpClient() {
  state_->is_closed = true;
  boost::asio::post(state_->context, [state = state_] { state->shut(); });
}

void HttpClient::request(ClientRequest request, std::function<void(HttpResult)> done) {
  const auto fail = [&](Error error) {
    boost::asio::post(state_->context,
                      [state = state_, error = std::move(error), call_back = std::move(done)] {
                        if (!state->is_closed) {
                          call_back(error);
                        }
                      });
  };
  auto url = parse_url(request.url);
  if (!url || (url->scheme != "http" && url->scheme != "https")) {
    fail({Errc::INVALID_ARGUMENT, "expected an http or https URL, found \"" + request.url + "\""});
    return;
  }
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || client::has_line_break(name) || client::has_line_break(value)) {
      fail({Errc::INVALID_ARGUMENT, "expected a header on one line, found one of more: " + name});
      return;
    }
  }
  if (state_->in_flight.fetch_add(1) >= state_->settings.requests_in_flight_max) {
    state_->in_flight.fetch_sub(1);
    fail({Errc::OVERLOADED, "expected fewer requests in flight"});
    return;
  }
  auto call = std::make_shared<Call>();
  call->url = std::move(*url);
  call->request = std::move(request);
  call->done = std::move(done);
  boost::asio::post(state_->context, [state = state_, call] { state->start(call); });
}

HttpResult http_request(const ClientRequest& request, const ClientSettings& settings) {
  IoThread thread;
  HttpClient one{thread, settings};
  std::promise<HttpResult> promise;
  auto result = promise.get_future();
  one.request(request, [&](HttpResult reply) { promise.set_value(std::move(reply)); });
  return result.get();
}

} // namespace troupe::net
