#pragma once

#include "messages/market_data.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe::messages {

/// A GetTicker reply as its instrument's actor would make it: immutable, so that any thread may
/// answer with it without asking the actor.
class TickerSnapshot {
public:
  /// @param live_until  the last moment at which the same question to the actor would still be
  ///                    answered so, quality `live`, if it heard nothing more from any venue
  TickerSnapshot(TickerReply reply, core::Timestamp live_until)
    : reply_(std::move(reply)), live_until_(live_until) {}

  [[nodiscard]] const TickerReply& reply() const { return reply_; }
  [[nodiscard]] bool is_live(core::Timestamp now) const { return now <= live_until_; }
  /// Age of the datum, milliseconds, never negative.
  [[nodiscard]] std::int64_t age_ms(core::Timestamp now) const;

  /// The reply as JSON, encoded by the first who asks and by nobody where nobody does.
  struct Text {
    std::string data; ///< value of "data"
    std::string meta; ///< members of "meta" but age_ms
  };
  [[nodiscard]] const Text& text() const;

private:
  TickerReply reply_;
  core::Timestamp live_until_;
  mutable std::once_flag encoded_;
  mutable Text text_;
};

using TickerSnapshotPtr = std::shared_ptr<const TickerSnapshot>;

/// The newest tickers of the instruments that this node owns: their actors write, whoever answers
/// reads. A reader that finds nothing, or nothing live, asks the actor. Thread-safe; as large as
/// the catalogue.
class TickerBoard {
public:
  /// The newest, under the name that callers use: BTC-USD.SIM-A, or BTC-USD for the venue that
  /// comes first. Null where none is, or its actor has ended.
  [[nodiscard]] TickerSnapshotPtr find(std::string_view symbol) const;

  /// The newest that ever was, also of an actor that has ended: what a degraded reply is made of.
  [[nodiscard]] TickerSnapshotPtr last(std::string_view symbol) const;

private:
  friend class TickerPublisher;
  struct Entry {
    TickerSnapshotPtr newest;
    std::uint64_t publisher = 0; ///< whose it is; 0: withdrawn
    std::uint64_t epoch = 0;     ///< the newest publisher that wrote here
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  [[nodiscard]] std::uint64_t enter();
  void put(std::string name, const TickerSnapshotPtr& snapshot, std::uint64_t publisher);
  void withdraw(std::string_view name, std::uint64_t publisher);
  void withdraw_all(std::uint64_t publisher);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  std::uint64_t publishers_ = 0;
};

/// One actor's access to the board. Its end, and so the actor's, withdraws what it published; a
/// predecessor that still runs cannot write over what its successor published.
class TickerPublisher {
public:
  TickerPublisher() = default; ///< publishes nowhere
  explicit TickerPublisher(std::shared_ptr<TickerBoard> board);
  ~TickerPublisher();
  TickerPublisher(TickerPublisher&& other) noexcept;
  TickerPublisher& operator=(TickerPublisher&& other) noexcept;

  [[nodiscard]] bool is_on() const { return board_ != nullptr; }
  /// @param primary  the unqualified symbol stands for this instrument, too
  void publish(TickerReply reply, core::Timestamp live_until, bool primary);
  /// Nothing live is known of the instrument any more.
  void withdraw(const trading::InstrumentId& instrument, bool primary);

private:
  void end();

  std::shared_ptr<TickerBoard> board_;
  std::uint64_t id_ = 0;
};

} // namespace troupe::messages
