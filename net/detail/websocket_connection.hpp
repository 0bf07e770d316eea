#pragma once

#include "net/detail/transport.hpp"
#include "net/detail/websocket_queue.hpp"
#include "net/detail/websocket_reader.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace troupe::net::detail {

/// A connection after its upgrade: reads frames, writes what the session's queue holds, many frames
/// in one system call. On its worker's thread.
class WebSocketConnection final : public Peer, private WebSocketEvents {
public:
  /// @param written_first  the upgrade's reply
  /// @param read_ahead     what came behind the request
  WebSocketConnection(Worker& worker,
                      std::unique_ptr<Transport> transport,
                      std::shared_ptr<WebSocketHandler> handler,
                      std::string written_first,
                      std::string read_ahead);

  /// Tells the handler and starts; @param request  the upgrade's
  void open(const Request& request);

  void start() override {}
  void on_handshake(ErrorCode) override {}
  void on_read(ErrorCode error, std::size_t size) override;
  void on_written(ErrorCode error, std::size_t size) override;
  void begin_stop() override;
  void abort() override;
  void sweep(std::int64_t now_ns) override;

  void write_more();

private:
  bool on_text(std::string_view text) override;
  bool on_ping(std::string_view payload) override;
  bool on_pong() override { return true; }
  bool on_close_frame(std::uint16_t code, std::string_view reason) override;

  void feed(std::string_view bytes);
  void read();
  /// Ends the conversation from here, without regard to what is queued.
  void fail(std::uint16_t code, std::string_view reason);
  void queue_close(std::uint16_t code, std::string_view reason);
  void gather();
  void advance(std::size_t size);
  void finish();
  void tell_closed();
  [[nodiscard]] const ServerSettings& settings() const { return worker_.shared().settings; }

  /// Frames in one system call; Asio passes at most 64 buffers to the kernel.
  static constexpr std::size_t frames_per_write = 60;

  Worker& worker_;
  std::unique_ptr<Transport> transport_;
  std::shared_ptr<WebSocketHandler> handler_;
  std::shared_ptr<WebSocketQueue> queue_;
  WebSocketReader reader_;
  RateBucket messages_;
  std::array<char, 4'096> in_{};
  std::string read_ahead_;

  std::string control_; ///< to be written before any frame of the queue
  std::string pong_;    ///< the newest only, as RFC 6455, 5.5.3 allows
  bool wants_pong_ = false;
  std::string control_writing_;
  std::string close_writing_;
  WebSocketQueue::Batch batch_;
  std::vector<asio::const_buffer> buffers_;
  std::size_t buffers_done_ = 0;
  std::size_t batch_bytes_ = 0;

  bool is_writing_ = false;
  bool close_queued_ = false;   ///< a close frame is written or about to be
  bool close_received_ = false; ///< or reading failed: nothing more is taken as frames
  bool is_draining_ = false;    ///< waits for the peer's end of the stream
  bool is_finished_ = false;
  bool is_told_ = false;         ///< the handler knows of the end
  std::uint16_t close_code_ = 0; ///< what on_close will say; 0: none yet
  std::int64_t heard_ns_ = 0;
  std::int64_t pinged_ns_ = 0;
  std::int64_t write_deadline_ns_ = 0;
  std::int64_t close_deadline_ns_ = 0;
};

} // namespace troupe::net::detail
