#pragma once

#include "net/detail/worker.hpp"
#include "net/websocket.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace troupe::net::detail {

class WebSocketConnection;

/// The session that handlers hold: a bounded queue of frames that any thread fills and the
/// connection's worker empties. Outlives its connection.
class WebSocketQueue final : public WebSocketSession,
                             public std::enable_shared_from_this<WebSocketQueue> {
public:
  WebSocketQueue(std::shared_ptr<Worker> worker, std::uint64_t id, const Request& request);

  bool send(SharedFrame frame) override;
  bool send_conflated(std::string_view key, SharedFrame frame) override;
  void close(std::uint16_t code, std::string_view reason) override;
  [[nodiscard]] std::uint64_t id() const noexcept override { return id_; }
  [[nodiscard]] const std::string& remote_address() const noexcept override { return remote_; }
  [[nodiscard]] const std::string& subject() const noexcept override { return subject_; }
  [[nodiscard]] std::size_t queued_bytes() const override;
  [[nodiscard]] bool is_open() const noexcept override;

  // For the connection, on the worker's thread:
  void attach(const std::shared_ptr<WebSocketConnection>& connection);
  /// What is to be written next.
  struct Batch {
    std::vector<SharedFrame> frames;
    bool close = false; ///< these are the last, a close frame follows
    std::uint16_t close_code = 0;
    std::string close_reason;
  };
  /// Moves up to `frames_max` frames into `batch.frames`; with none, the next frame queued marks
  /// the queue again.
  void take(std::size_t frames_max, Batch& batch);
  /// Bytes handed to the kernel.
  void written(std::size_t bytes);
  /// Refuses all further frames and drops those queued.
  void shut();
  void write_on_worker();

private:
  struct Entry {
    SharedFrame frame;
    std::string key; ///< empty: not conflated
  };
  bool push(std::string_view key, SharedFrame&& frame);
  bool replace(std::string_view key, SharedFrame& frame);
  void drop_all();
  /// @returns whether the worker must be told
  [[nodiscard]] bool wants_mark();
  [[nodiscard]] const ServerSettings& settings() const { return worker_->shared().settings; }

  const std::shared_ptr<Worker> worker_;
  const std::uint64_t id_;
  const std::string remote_;
  const std::string subject_;
  std::weak_ptr<WebSocketConnection> connection_; ///< worker's thread only

  mutable std::mutex mutex_; ///< guards what follows
  std::deque<Entry> entries_;
  std::uint64_t first_ = 0;                                ///< number of entries_.front()
  std::unordered_map<std::string, std::uint64_t> numbers_; ///< of unsent conflated frames, by key
  std::size_t bytes_ = 0;                                  ///< queued and in flight
  bool is_shut_ = false;
  bool is_closing_ = false;
  bool close_taken_ = false;
  bool is_busy_ = false; ///< marked, or the connection is writing and will come back
  std::uint16_t close_code_ = 0;
  std::string close_reason_;
};

} // namespace troupe::net::detail
