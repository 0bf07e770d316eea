#include "messages/ticker_board.hpp"

#include "core/json.hpp"

#include <algorithm>
#include <utility>

namespace troupe::messages {

std::int64_t TickerSnapshot::age_ms(core::Timestamp now) const {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  return std::max<std::int64_t>(0, (now - reply_.meta.as_of).count() / ns_per_ms);
}

const TickerSnapshot::Text& TickerSnapshot::text() const {
  std::call_once(encoded_, [this] {
    text_.data = core::json::encode(reply_.data);
    auto meta = reply_.meta;
    meta.age_ms.reset();
    const auto object = core::json::encode(meta);
    text_.meta = object.substr(1, object.size() - 2);
  });
  return text_;
}

TickerSnapshotPtr TickerBoard::find(std::string_view symbol) const {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(symbol);
  return at != entries_.end() && at->second.publisher != 0 ? at->second.newest : nullptr;
}

TickerSnapshotPtr TickerBoard::last(std::string_view symbol) const {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(symbol);
  return at != entries_.end() ? at->second.newest : nullptr;
}

std::uint64_t TickerBoard::enter() {
  const std::lock_guard lock{mutex_};
  return ++publishers_;
}

void TickerBoard::put(std::string name,
                      const TickerSnapshotPtr& snapshot,
                      std::uint64_t publisher) {
  const std::lock_guard lock{mutex_};
  auto& entry = entries_[std::move(name)];
  if (publisher >= entry.epoch) {
    entry = {snapshot, publisher, publisher};
  }
}

void TickerBoard::withdraw(std::string_view name, std::uint64_t publisher) {
  const std::lock_guard lock{mutex_};
  const auto at = entries_.find(name);
  if (at != entries_.end() && at->second.publisher == publisher) {
    at->second.publisher = 0;
  }
}

void TickerBoard::withdraw_all(std::uint64_t publisher) {
  const std::lock_guard lock{mutex_};
  for (auto& [name, entry] : entries_) {
    if (entry.publisher == publisher) {
      entry.publisher = 0;
    }
  }
}

TickerPublisher::TickerPublisher(std::shared_ptr<TickerBoard> board)
  : board_(std::move(board)), id_(board_ ? board_->enter() : 0) {}

TickerPublisher::~TickerPublisher() {
  end();
}

TickerPublisher::TickerPublisher(TickerPublisher&& other) noexcept
  : board_(std::exchange(other.board_, nullptr)), id_(other.id_) {}

TickerPublisher& TickerPublisher::operator=(TickerPublisher&& other) noexcept {
  if (this != &other) {
    end();
    board_ = std::exchange(other.board_, nullptr);
    id_ = other.id_;
  }
  return *this;
}

void TickerPublisher::end() {
  if (board_) {
    board_->withdraw_all(id_);
    board_.reset();
  }
}

void TickerPublisher::publish(TickerReply reply, core::Timestamp live_until, bool primary) {
  if (!board_) {
    return;
  }
  auto name = reply.data.instrument.to_text();
  auto symbol = reply.data.instrument.symbol;
  const auto snapshot = std::make_shared<const TickerSnapshot>(std::move(reply), live_until);
  if (primary) {
    board_->put(std::move(symbol), snapshot, id_);
  }
  board_->put(std::move(name), snapshot, id_);
}

void TickerPublisher::withdraw(const trading::InstrumentId& instrument, bool primary) {
  if (!board_) {
    return;
  }
  if (primary) {
    board_->withdraw(instrument.symbol, id_);
  }
  board_->withdraw(instrument.to_text(), id_);
}

} // namespace troupe::messages
