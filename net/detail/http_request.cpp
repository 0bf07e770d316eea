// clang-format off
#include <utility>
#include "net/detail/http_connection.hpp"
// clang-format on

#include "core/log.hpp"
#include "net/detail/reply_text.hpp"
#include "net/detail/websocket_connection.hpp"
#include "net/envelope.hpp"

#include <boost/beast/http/error.hpp>

namespace troupe::net::detail {

namespace {

namespace http = boost::beast::http;
using core::Errc;
using core::Error;

/// Carries an asynchronous handler's reply to its connection's thread. Holds the worker, so that
/// there is an event loop to post to however late the reply comes.
class ConnectionSink final : public ReplySink {
public:
  ConnectionSink(std::shared_ptr<Worker> worker,
                 std::weak_ptr<HttpConnection> connection,
                 std::uint64_t slot)
    : worker_(std::move(worker)), connection_(std::move(connection)), slot_(slot) {}

  void deliver(Response&& response) override { post(std::move(response)); }
  void abandoned() noexcept override {
    try {
      post(std::nullopt);
    } catch (const std::exception& e) { // out of memory: the reply timeout answers
      core::log::error("http reply lost", {{"what", e.what()}});
    }
  }

private:
  void post(std::optional<Response> response) {
    asio::dispatch(worker_->context(),
                   [connection = connection_, slot = slot_, reply = std::move(response)]() mutable {
                     if (const auto alive = connection.lock()) {
                       alive->deliver(slot, std::move(reply));
                     }
                   });
  }

  std::shared_ptr<Worker> worker_;
  std::weak_ptr<HttpConnection> connection_;
  std::uint64_t slot_;
};

/// Whether the request line names a version that is HTTP's but not HTTP/1.
bool is_foreign_version(std::string_view text) {
  const auto line = text.substr(0, text.find('\n'));
  const auto at = line.rfind(" HTTP/");
  return at != line.npos && line.substr(at + 6, 2) != "1.";
}

/// Whether a header goes on in the next line: obsolete, and read in two ways by two parsers.
bool has_folded_line(std::string_view head) {
  for (auto at = head.find('\n'); at != head.npos && at + 1 < head.size();
       at = head.find('\n', at + 1)) {
    if (head[at + 1] == ' ' || head[at + 1] == '\t') {
      return true;
    }
  }
  return false;
}

Response internal_error(std::string_view request_id, std::string message) {
  return error_response({Errc::INTERNAL, std::move(message)}, request_id);
}

} // namespace

/// @returns whether something was taken from the input and there may be more to take
bool HttpConnection::step() {
  if (phase_ == Phase::BODY) {
    return step_body();
  }
  if (phase_ != Phase::IDLE && phase_ != Phase::HEAD) {
    return false;
  }
  if (phase_ == Phase::IDLE) {
    while (in_begin_ < in_end_ && (in_[in_begin_] == '\r' || in_[in_begin_] == '\n')) {
      ++in_begin_; // RFC 9112, 2.2: empty lines before a request line
    }
    if (unread().empty()) {
      return false;
    }
    phase_ = Phase::HEAD;
    phase_deadline_ns_ = core::monotonic_ns() + settings().header_timeout.ns;
    next_request();
  }
  return step_head();
}

void HttpConnection::next_request() {
  request_.method = Method::GET;
  request_.target.clear();
  request_.headers.clear();
  request_.body.clear();
  request_.request_id.clear();
  head_bytes_ = 0;
  parser_.emplace(request_, settings().header_fields_max);
  parser_->header_limit(static_cast<std::uint32_t>(settings().header_bytes_max));
  parser_->body_limit(settings().body_bytes_max);
}

bool HttpConnection::step_head() {
  const auto text = unread();
  boost::beast::error_code error;
  const auto taken = parser_->put({text.data(), text.size()}, error);
  in_begin_ += taken;
  head_bytes_ += taken;
  if (error == http::error::need_more) {
    return head_incomplete();
  }
  if (!error && head_bytes_ > settings().header_bytes_max) {
    error = http::error::header_limit;
  }
  if (error) {
    refuse_parse(error, text);
    return true;
  }
  if (has_folded_line(text.substr(0, taken))) {
    refuse({Errc::MALFORMED_REQUEST, "expected each header field in one line"});
    return true;
  }
  if (request_.target.size() > settings().target_bytes_max) {
    refuse({Errc::URI_TOO_LONG, "expected a request target of at most "
                                  + std::to_string(settings().target_bytes_max) + " bytes"});
    return true;
  }
  head_complete();
  return true;
}

/// The request line has not ended where the longest target would have.
bool HttpConnection::is_line_too_long(std::string_view text) const {
  constexpr std::size_t around_target = 32; // method and version
  const auto line_max = settings().target_bytes_max + around_target;
  return request_.target.empty() && text.size() > line_max
         && text.substr(0, line_max).find('\n') == text.npos;
}

bool HttpConnection::head_incomplete() {
  const auto text = unread();
  if (is_line_too_long(text) || head_bytes_ + text.size() >= settings().header_bytes_max) {
    refuse_parse(http::error::header_limit, text);
  }
  return false;
}

void HttpConnection::refuse_parse(const boost::beast::error_code& error, std::string_view at) {
  if (parser_ && parser_->refusal()) {
    refuse(parser_->refusal()->error, parser_->refusal()->status);
  } else if (error == http::error::header_limit && is_line_too_long(at)) {
    refuse({Errc::URI_TOO_LONG, "expected a request target of at most "
                                  + std::to_string(settings().target_bytes_max) + " bytes"});
  } else if (error == http::error::header_limit) {
    refuse({Errc::HEADERS_TOO_LARGE, "expected headers of at most "
                                       + std::to_string(settings().header_bytes_max) + " bytes"});
  } else if (error == http::error::body_limit) {
    refuse({Errc::BODY_TOO_LARGE,
            "expected a body of at most " + std::to_string(settings().body_bytes_max) + " bytes"});
  } else if (error == http::error::bad_version && is_foreign_version(at)) {
    refuse({Errc::MALFORMED_REQUEST, "expected HTTP/1.1 or HTTP/1.0"}, 505);
  } else {
    refuse({Errc::MALFORMED_REQUEST, "expected an HTTP/1.1 message: " + error.message()});
  }
}

/// Answers what cannot be read further: the last of this connection.
void HttpConnection::refuse(const Error& error, unsigned status) {
  is_last_ = true;
  phase_ = Phase::IDLE;
  request_.request_id.clear();
  choose_request_id(worker_.shared(), request_);
  admission_ = {};
  auto response = error_response(error, request_.request_id, {{}, "null", status});
  answer(take_reply(false), std::move(response));
}

void HttpConnection::head_complete() {
  choose_request_id(worker_.shared(), request_);
  const bool has_body = !parser_->is_done();
  admission_ = admit(worker_.shared(), request_, has_body, params_);
  limit_rate();
  if (!has_body) {
    request_complete();
    return;
  }
  const auto* route = admission_.route;
  const auto limit = route != nullptr && route->body_bytes_max != 0 ? route->body_bytes_max
                                                                    : settings().body_bytes_max;
  parser_->body_limit(limit);
  if (const auto length = parser_->content_length(); length && *length > limit) {
    refuse_parse(http::error::body_limit, {});
    return;
  }
  if (parser_->expects_continue() && in_begin_ == in_end_) {
    if (admission_.answer) { // the client waits: it need not send the body at all
      is_last_ = true;
      answer(take_reply(false), std::move(*admission_.answer));
      return;
    }
    if (slots_.empty()) { // else the interim reply would stand before an earlier one
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
  }
  if (admission_.answer) {
    parser_->discard_body();
  }
  phase_ = Phase::BODY;
  phase_deadline_ns_ = core::monotonic_ns() + settings().body_timeout.ns;
}

/// Draws on the caller's allowance; with none left, 429 stands in for whatever the answer was.
void HttpConnection::limit_rate() {
  auto& shared = worker_.shared();
  auto& limiter = *shared.limiter;
  if (!limiter.is_on()) {
    return;
  }
  const auto now_ns = core::monotonic_ns();
  if (!caller_ || caller_subject_ != request_.subject) {
    caller_ = limiter.caller(request_.subject, remote_address_, now_ns);
    caller_subject_ = request_.subject;
  }
  const auto scope = admission_.route != nullptr ? std::string_view{admission_.route->scope}
                                                 : std::string_view{"read"};
  const auto wait_ns = limiter.take(*caller_, scope, now_ns);
  if (wait_ns == 0) {
    return;
  }
  shared.counters.rate_limited.fetch_add(1, std::memory_order_relaxed);
  const auto& limit = limiter.limit_of(scope);
  admission_.is_upgrade = false;
  admission_.answer = error_response(
    {Errc::RATE_LIMITED,
     "expected at most " + std::to_string(limit.requests) + " requests in " + limit.per.to_text()
       + " from " + (caller_subject_.empty() ? "one address" : "token " + caller_subject_)},
    request_.request_id, {core::Duration{std::chrono::nanoseconds{wait_ns}}, "null", 0});
}

bool HttpConnection::step_body() {
  const auto text = unread();
  if (text.empty()) {
    return false;
  }
  boost::beast::error_code error;
  const auto taken = parser_->put({text.data(), text.size()}, error);
  in_begin_ += taken;
  if (error && error != http::error::need_more) {
    refuse_parse(error, {});
    return false;
  }
  if (parser_->is_done()) {
    request_complete();
    return true;
  }
  return taken != 0;
}

HttpConnection::Reply HttpConnection::take_reply(bool keep_alive) {
  Reply reply;
  reply.request_id = request_.request_id;
  reply.route = admission_.route;
  reply.method = request_.method;
  reply.keep_alive = keep_alive;
  reply.is_http10 = parser_ && parser_->is_header_done() && parser_->is_http10();
  reply.start_ns = core::monotonic_ns();
  return reply;
}

void HttpConnection::request_complete() {
  phase_ = Phase::IDLE;
  ++requests_;
  const auto most = settings().requests_per_connection_max;
  const bool keep_alive = parser_->keep_alive() && (most == 0 || requests_ < most)
                          && !worker_.shared().stopping.load(std::memory_order_relaxed);
  is_last_ = !keep_alive;
  if (admission_.answer) {
    answer(take_reply(keep_alive), std::move(*admission_.answer));
  } else if (admission_.is_upgrade) {
    upgrade();
  } else {
    run_handler();
  }
}

void HttpConnection::run_handler() {
  if (run_shortcut()) {
    return;
  }
  const auto& handler = admission_.route->handler;
  if (const auto* later = std::get_if<AsyncHandler>(&handler)) {
    run_async(*later);
    return;
  }
  auto reply = take_reply(!is_last_);
  try {
    answer(std::move(reply), std::get<SyncHandler>(handler)(request_, params_));
  } catch (const std::exception& e) {
    core::log::error("http handler threw", {{"route", admission_.route->path}, {"what", e.what()}});
    answer(take_reply(!is_last_),
           internal_error(request_.request_id, "the handler of this request failed"));
  }
}

/// @returns whether the route's shortcut has answered
bool HttpConnection::run_shortcut() {
  const auto& shortcut = admission_.route->shortcut;
  if (!shortcut) {
    return false;
  }
  shortcut_reply_.body.clear();
  try {
    if (!shortcut(request_, params_, shortcut_reply_)) {
      return false;
    }
  } catch (const std::exception& e) {
    core::log::error("http shortcut threw",
                     {{"route", admission_.route->path}, {"what", e.what()}});
    return false;
  }
  if (slots_.empty()) {
    append(take_reply(!is_last_), shortcut_reply_);
  } else {
    slots_.push_back({take_reply(!is_last_), 0, shortcut_reply_});
  }
  return true;
}

void HttpConnection::run_async(const AsyncHandler& handler) {
  auto reply = take_reply(!is_last_);
  const auto deadline_ns = reply.start_ns + settings().reply_timeout.ns;
  const auto number = first_slot_ + slots_.size();
  slots_.push_back({std::move(reply), deadline_ns, std::nullopt});
  const Responder responder{std::make_shared<ConnectionSink>(
                              worker_.shared_from_this(),
                              std::static_pointer_cast<HttpConnection>(shared_from_this()), number),
                            request_.request_id};
  try {
    handler(request_, params_, responder);
  } catch (const std::exception& e) {
    core::log::error("http handler threw", {{"route", admission_.route->path}, {"what", e.what()}});
    responder(internal_error(request_.request_id, "the handler of this request failed"));
  }
}

/// Puts a reply that is there at once in its place.
void HttpConnection::answer(Reply reply, Response&& response) {
  if (slots_.empty()) {
    append(reply, response);
  } else {
    slots_.push_back({std::move(reply), 0, std::move(response)});
  }
}

void HttpConnection::deliver(std::uint64_t number, std::optional<Response> response) {
  if (phase_ == Phase::CLOSED || number < first_slot_) {
    return; // answered already, by the timeout
  }
  auto& slot = slots_[static_cast<std::size_t>(number - first_slot_)];
  if (slot.response) {
    return;
  }
  slot.response = response ? std::move(*response)
                           : internal_error(slot.reply.request_id, "the request got no reply");
  drain_slots();
  process();
}

void HttpConnection::drain_slots() {
  while (!slots_.empty() && slots_.front().response) {
    append(slots_.front().reply, *slots_.front().response);
    slots_.pop_front();
    ++first_slot_;
  }
}

void HttpConnection::append(const Reply& reply, const Response& response) {
  auto& shared = worker_.shared();
  const auto before = out_.size();
  append_reply(out_, response,
               {reply.request_id, worker_.date(), reply.is_http10, reply.keep_alive,
                reply.method == Method::HEAD});
  const auto latency_ns = core::monotonic_ns() - reply.start_ns;
  shared.counters.count_request(response.status, latency_ns);
  if (shared.options.observe) {
    shared.options.observe(
      {reply.method,
       reply.route != nullptr ? std::string_view{reply.route->path} : std::string_view{},
       response.status, latency_ns, out_.size() - before});
  }
}

void HttpConnection::upgrade() {
  if (!slots_.empty() || has_unsent()) {
    refuse({Errc::MALFORMED_REQUEST, "expected no request before an upgrade"});
    return;
  }
  auto reply = take_reply(true);
  std::string text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: "
                     + accept_key(request_.header("Sec-WebSocket-Key").value_or(""))
                     + "\r\nX-Request-Id: " + reply.request_id + "\r\n\r\n";
  auto& shared = worker_.shared();
  shared.counters.count_request(101, core::monotonic_ns() - reply.start_ns);
  if (shared.options.observe) {
    shared.options.observe({Method::GET, admission_.route->path, 101, 0, text.size()});
  }
  const auto next = std::make_shared<WebSocketConnection>(
    worker_, std::move(transport_),
    std::get<std::shared_ptr<WebSocketHandler>>(admission_.route->handler), std::move(text),
    std::string(unread()));
  phase_ = Phase::CLOSED; // this object's part is over; the connection stays counted
  worker_.replace(*this, next);
  next->open(request_);
}

} // namespace troupe::net::detail
