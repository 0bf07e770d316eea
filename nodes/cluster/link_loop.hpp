#pragma once

#include <caf/io/network/multiplexer.hpp>
#include <caf/io/scribe.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

struct epoll_event;

namespace troupe::cluster {

/// CAF's network backend for nodes that link to each other through established TLS sessions and
/// nothing else: it opens no socket and accepts none, so BASP cannot be reached but by those.
///
/// Instead of one network thread that everybody has to wake there is a baton: whoever holds it is
/// the network thread for a moment. An actor's thread takes it at the end of the handler that sent
/// something and writes to the link itself; the two threads of the loop take it to read. Whoever
/// finds it taken leaves its work in the queue, which the holder looks at again after giving the
/// baton back. And an actor that a received message woke runs on the thread that read it, as long
/// as the loop's other thread is free to read on: a handler never stops the network.
class LinkLoop final : public caf::io::network::multiplexer {
public:
  /// A connection. All calls are made by the holder of the baton.
  class Member {
  public:
    virtual ~Member() = default;
    [[nodiscard]] virtual int descriptor() const = 0;
    /// Reads what is there, up to a bound.
    virtual void read_in() = 0;
    /// Writes what waits. @returns whether some of it still does
    virtual bool write_out() = 0;
  };
  using Id = std::uint64_t;

  explicit LinkLoop(caf::actor_system* system);
  ~LinkLoop() override;

  // ---- for connections, by the holder of the baton
  /// @param keep  the same object as `member`; held until it is removed
  [[nodiscard]] Id add(caf::io::scribe_ptr keep, Member& member);
  void remove(Id id);
  /// Something waits to be written: it is when what is at hand is done.
  void want_write(Id id);

  // ---- caf::execution_unit
  void exec_later(caf::resumable* job) override;

  // ---- caf::io::network::multiplexer
  void run() override;
  void run_once() override;
  bool try_run_once() override;
  supervisor_ptr make_supervisor() override;
  /// Everything that would open a socket of its own is refused.
  caf::io::scribe_ptr new_scribe(int descriptor) override;
  caf::expected<caf::io::scribe_ptr> new_tcp_scribe(const std::string& host,
                                                    std::uint16_t port) override;
  caf::io::doorman_ptr new_doorman(int descriptor) override;
  caf::expected<caf::io::doorman_ptr>
  new_tcp_doorman(std::uint16_t port, const char* in, bool reuse_address) override;
  caf::io::datagram_servant_ptr new_datagram_servant(int descriptor) override;
  caf::io::datagram_servant_ptr
  new_datagram_servant_for_endpoint(int descriptor,
                                    const caf::io::network::ip_endpoint& endpoint) override;
  caf::expected<caf::io::datagram_servant_ptr> new_remote_udp_endpoint(const std::string& host,
                                                                       std::uint16_t port) override;
  caf::expected<caf::io::datagram_servant_ptr>
  new_local_udp_endpoint(std::uint16_t port, const char* in, bool reuse_address) override;

private:
  struct Entry {
    caf::io::scribe_ptr keep;
    Member* member = nullptr;
    bool wants_write = false; ///< listed in unwritten_
  };
  /// Where an actor runs that a received message woke: what it wakes in turn is the scheduler's.
  /// The actor remembers it beyond its turn.
  class Unit final : public caf::execution_unit {
  public:
    explicit Unit(caf::actor_system& its) : execution_unit(&its) {}
    void exec_later(caf::resumable* job) override;
  };
  /// One turn of a thread with the baton.
  struct Pass {
    LinkLoop* loop;
    std::vector<caf::resumable*> woken;    ///< actors, to run without the baton
    std::vector<caf::io::scribe_ptr> gone; ///< connections, to destroy without the baton
    std::vector<Id> read;                  ///< connections whose events are off meanwhile
  };
  static thread_local Pass* pass;

  void serve();
  /// Waits for events and handles them. @returns whether there were any
  bool turn(int wait_ms);
  void handle(Pass& now, const epoll_event* events, int count);
  void run_posted();
  void write_all();
  void watch(Id id, const Entry& entry, bool for_write);
  /// Takes the baton if it is free, and does what was posted, until nothing is.
  void help() noexcept;
  void do_posted(Pass& now);
  void give_back(Pass& now);
  void run_woken(Pass& now);
  void put(caf::resumable* job);
  [[nodiscard]] bool anything_posted();
  void wake() const;

  Unit unit_;
  int epoll_;
  int wake_; ///< an eventfd
  std::size_t max_throughput_;
  std::atomic<int> waiting_{0}; ///< threads in epoll_wait
  std::atomic<bool> ended_{false};

  std::mutex baton_; ///< of all below, and of whatever the members and BASP's broker have
  std::unordered_map<Id, Entry> members_;
  std::vector<Id> unwritten_;
  Id last_id_ = 0;

  std::mutex posted_mutex_;
  std::vector<caf::resumable*> posted_;
};

} // namespace troupe::cluster
