#pragma once

#include "net/detail/admission.hpp"
#include "net/detail/request_parser.hpp"
#include "net/detail/transport.hpp"
#include "net/detail/worker.hpp"
#include "net/responder.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::net::detail {

/// One client's HTTP/1.1 conversation: a state machine of callbacks on its worker's thread. (Not a
/// coroutine: reading, writing and replies from other threads run at once, and one object without a
/// frame per operation is both shorter and quicker.)
///
/// Requests are taken from `in_` one by one while there is room for replies; replies wait in
/// `slots_` until all before them are there, then move to `out_`, then to the kernel.
class HttpConnection final : public Peer {
public:
  HttpConnection(Worker& worker, TcpSocket socket, std::string remote_address);

  void start() override;
  void on_handshake(ErrorCode error) override;
  void on_read(ErrorCode error, std::size_t size) override;
  void on_written(ErrorCode error, std::size_t size) override;
  void begin_stop() override;
  void abort() override;
  void sweep(std::int64_t now_ns) override;

  /// The reply of an asynchronous handler. @param response  empty: the responder was dropped
  void deliver(std::uint64_t slot, std::optional<Response> response);

private:
  enum class Phase : std::uint8_t {
    HANDSHAKE, ///< of TLS
    IDLE,      ///< between requests
    HEAD,      ///< part of a request's head is here
    BODY,
    DRAINING, ///< all is said; waits for the client to close
    CLOSED,
  };

  /// What a reply must know of its request.
  struct Reply {
    std::string request_id;
    const Route* route = nullptr;
    Method method = Method::GET;
    bool keep_alive = true;
    bool is_http10 = false;
    std::int64_t start_ns = 0;
  };
  struct Slot {
    Reply reply;
    std::int64_t deadline_ns = 0;
    std::optional<Response> response;
  };

  // http_connection.cpp: bytes in, bytes out, timeouts
  void process();
  void arm_read();
  void flush();
  void write_rest();
  void sent_all(std::int64_t now_ns);
  void close_when_done();
  [[nodiscard]] bool make_room();
  [[nodiscard]] bool has_capacity() const;
  [[nodiscard]] bool has_unsent() const { return !out_.empty() || is_writing_; }
  void sweep_reading(std::int64_t now_ns);

  // http_request.cpp: requests in, replies out
  [[nodiscard]] bool step();
  [[nodiscard]] bool step_head();
  [[nodiscard]] bool step_body();
  [[nodiscard]] bool head_incomplete();
  void head_complete();
  void limit_rate();
  void request_complete();
  void refuse(const core::Error& error, unsigned status = 0);
  [[nodiscard]] bool is_line_too_long(std::string_view text) const;
  void refuse_parse(const boost::beast::error_code& error, std::string_view at);
  [[nodiscard]] Reply take_reply(bool keep_alive);
  void answer(Reply reply, Response&& response);
  void append(const Reply& reply, const Response& response);
  void run_handler();
  [[nodiscard]] bool run_shortcut();
  void run_async(const AsyncHandler& handler);
  void upgrade();
  void drain_slots();
  void next_request();
  [[nodiscard]] std::string_view unread() const {
    return {in_.data() + in_begin_, in_end_ - in_begin_};
  }
  [[nodiscard]] const ServerSettings& settings() const { return worker_.shared().settings; }

  Worker& worker_;
  std::unique_ptr<Transport> transport_;
  const std::string remote_address_;

  std::vector<char> in_;
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  std::optional<RequestParser> parser_;
  std::size_t head_bytes_ = 0; ///< of the current head, taken from in_ already
  Request request_;
  Params params_;
  Admission admission_;
  std::shared_ptr<Caller> caller_; ///< whose allowance the last request drew on
  std::string caller_subject_;
  Response shortcut_reply_; ///< used again and again: its body keeps its memory
  std::uint64_t requests_ = 0;

  std::deque<Slot> slots_;
  std::uint64_t first_slot_ = 0; ///< number of slots_.front()
  std::string out_;
  std::string writing_;
  std::size_t writing_done_ = 0;
  asio::const_buffer rest_; ///< of writing_, while a write is under way

  Phase phase_ = Phase::IDLE;
  std::int64_t phase_deadline_ns_ = 0;
  std::int64_t write_deadline_ns_ = 0;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_processing_ = false;
  bool is_last_ = false; ///< no request is taken any more
  bool is_input_ended_ = false;
  std::size_t drained_bytes_ = 0;
};

} // namespace troupe::net::detail
