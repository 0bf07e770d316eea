#include "supervision/dead_letters.hpp"

#include "core/log.hpp"
#include "supervision/actor_table.hpp"
#include "supervision/message_class.hpp"
#include "supervision/message_type.hpp"
#include "supervision/runtime.hpp"

#include <caf/deep_to_string.hpp>
#include <caf/detail/serialized_size.hpp>

#include <algorithm>

namespace troupe::supervision {

namespace {

/// Bytes of the message's values on the wire; 0 where it is not meant to travel.
std::uint64_t wire_bytes(const caf::message& message) {
  caf::detail::serialized_size_inspector counter{nullptr};
  const auto& content = message.content();
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (const auto failed = content.save(i, counter)) {
      return 0;
    }
  }
  return counter.result();
}

} // namespace

bool DeadLetters::Budget::take(std::int64_t now_s, unsigned limit) {
  if (now_s != second) {
    second = now_s;
    used = 0;
  }
  return used++ < limit;
}

bool DeadLetters::may_render(std::int64_t now_s) {
  const std::lock_guard lock{mutex_};
  return render_.take(now_s, rendered_per_second);
}

void DeadLetters::add(std::string_view from,
                      std::string_view to,
                      std::string_view reason,
                      const caf::message& message) {
  DeadLetter letter;
  letter.at = clock_.now();
  letter.from = from;
  letter.to = to;
  letter.type = message.empty() ? "" : message_type_name(message.content());
  letter.reason = reason;
  if (!message.empty()) {
    letter.alert = message_class(message_type_of(message.content())) == MessageClass::ORDER;
    letter.size = wire_bytes(message);
    if (may_render(core::monotonic_ns() / 1'000'000'000)) {
      letter.text = caf::to_string(message);
      letter.size = letter.size == 0 ? letter.text.size() : letter.size;
    }
  }
  store(std::move(letter), message);
}

void DeadLetters::add_text(std::string_view from,
                           std::string_view to,
                           std::string_view type,
                           std::string_view reason,
                           std::string text) {
  DeadLetter letter;
  letter.at = clock_.now();
  letter.from = from;
  letter.to = to;
  letter.type = type;
  letter.reason = reason;
  letter.size = text.size();
  letter.text = std::move(text);
  store(std::move(letter));
}

void DeadLetters::store(DeadLetter letter, caf::message kept) {
  letter.text.resize(std::min(letter.text.size(), text_max));
  letter.cause = cause_of_now();
  std::function<void(const DeadLetter&)> observer;
  bool log = false;
  std::uint64_t suppressed = 0;
  {
    const std::lock_guard lock{mutex_};
    letter.id = ++total_;
    if (!kept.empty() && !letter.alert && replayable_ && replayable_(kept)) {
      kept_.emplace(letter.id, std::move(kept));
      if (kept_.size() > kept_max) {
        kept_.erase(kept_.begin());
      }
    }
    alerts_ += letter.alert ? 1 : 0;
    auto key = letter.to + '\n' + letter.type + '\n' + letter.reason;
    if (counts_.size() >= counters_max && !counts_.contains(key)) {
      key = "other";
    }
    auto& count = counts_[key];
    if (count.count++ == 0) {
      const bool other = key == "other";
      count.to = other ? key : letter.to;
      count.type = other ? key : letter.type;
      count.reason = other ? key : letter.reason;
    }
    log = log_.take(core::monotonic_ns() / 1'000'000'000, logged_per_second);
    log ? void(suppressed = std::exchange(suppressed_, 0)) : void(++suppressed_);
    observer = observer_;
    ring_.push_back(letter);
    if (ring_.size() > capacity) {
      ring_.pop_front();
    }
  }
  if (letter.alert) {
    core::log::error("order-class message lost", {{"id", letter.id},
                                                  {"to", letter.to},
                                                  {"type", letter.type},
                                                  {"reason", letter.reason},
                                                  {"from", letter.from},
                                                  {"cause", letter.cause}});
  } else if (log) {
    core::log::warn("message lost", {{"to", letter.to},
                                     {"type", letter.type},
                                     {"reason", letter.reason},
                                     {"from", letter.from},
                                     {"not_logged", suppressed}});
  }
  if (observer) {
    observer(letter);
  }
}

void DeadLetters::observe(std::function<void(const DeadLetter&)> observer) {
  const std::lock_guard lock{mutex_};
  observer_ = std::move(observer);
}

std::uint64_t DeadLetters::total() const {
  const std::lock_guard lock{mutex_};
  return total_;
}

std::uint64_t DeadLetters::alerts() const {
  const std::lock_guard lock{mutex_};
  return alerts_;
}

std::vector<DeadLetterCount> DeadLetters::counts() const {
  const std::lock_guard lock{mutex_};
  std::vector<DeadLetterCount> all;
  all.reserve(counts_.size());
  for (const auto& [key, count] : counts_) {
    all.push_back(count);
  }
  return all;
}

std::vector<DeadLetter> DeadLetters::tail(std::size_t n) const {
  const std::lock_guard lock{mutex_};
  const auto count = static_cast<std::ptrdiff_t>(std::min(n, ring_.size()));
  return {ring_.end() - count, ring_.end()};
}

std::optional<DeadLetter> DeadLetters::get(std::uint64_t id) const {
  const std::lock_guard lock{mutex_};
  if (ring_.empty() || id < ring_.front().id || id > ring_.back().id) {
    return std::nullopt;
  }
  return ring_[id - ring_.front().id];
}

void DeadLetters::set_replayable(std::function<bool(const caf::message&)> replayable) {
  const std::lock_guard lock{mutex_};
  replayable_ = std::move(replayable);
}

core::Result<caf::message> DeadLetters::message(std::uint64_t id) const {
  const auto letter = get(id);
  if (!letter) {
    return core::Error{core::Errc::NOT_FOUND,
                       "no dead letter has the number " + std::to_string(id)};
  }
  const std::lock_guard lock{mutex_};
  const auto found = kept_.find(id);
  if (found == kept_.end()) {
    return core::Error{core::Errc::DENIED,
                       "letter " + std::to_string(id) + " (" + letter->type
                         + ") cannot be replayed: only types that may be handled twice are kept, "
                           "the newest "
                         + std::to_string(kept_max)
                         + "; requests, orders, fills and risk never are"};
  }
  return found->second;
}

void DeadLetters::drop_messages() {
  decltype(kept_) dropped;
  const std::lock_guard lock{mutex_};
  dropped.swap(kept_);
  replayable_ = nullptr;
}

core::Result<void> replay_dead_letter(Runtime& runtime, std::uint64_t id) {
  const auto message = runtime.dead_letters.message(id);
  if (!message) {
    return message.error();
  }
  const auto to = runtime.dead_letters.get(id)->to;
  if (runtime.registry.find(to).epoch == 0) {
    return core::Error{core::Errc::NOT_FOUND, "nobody has the path " + to + " any more"};
  }
  if (!runtime.registry.send(to, *message)) {
    return core::Error{core::Errc::ACTOR_DOWN, to + " is down: the message is a dead letter again"};
  }
  return {};
}

} // namespace troupe::supervision
