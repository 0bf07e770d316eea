#pragma once

#include "core/clock.hpp"
#include "core/describe.hpp"
#include "core/errc.hpp"
#include "core/time.hpp"

#include <caf/message.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::supervision {

/// A message that nobody handled.
struct DeadLetter {
  std::uint64_t id = 0;
  core::Timestamp at;
  std::string from; ///< path of the sender; empty when it is not known
  std::string to;
  std::string type;
  std::string reason;
  std::uint64_t size = 0; ///< bytes on the wire, or characters as text of what cannot travel
  std::string text;       ///< the message as text, cut to 512 characters; empty beyond the budget
  std::string cause;      ///< the handler's run that sent or lost it: "path@epoch#n"
  bool alert = false;     ///< of order class: cannot be replayed
};
BOOST_DESCRIBE_STRUCT(DeadLetter, (), (id, at, from, to, type, reason, size, text, cause, alert))

struct DeadLetterCount {
  std::string to;
  std::string type;
  std::string reason;
  std::uint64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(DeadLetterCount, (), (to, type, reason, count))

/// Where lost messages end: the newest 4096 in full, all of them counted. Any thread may call.
class DeadLetters {
public:
  static constexpr std::size_t capacity = 4096;
  static constexpr std::size_t text_max = 512;
  static constexpr std::size_t kept_max = 512;         ///< messages kept for a replay
  static constexpr std::size_t counters_max = 2048;    ///< beyond: counted under "other"
  static constexpr unsigned rendered_per_second = 256; ///< messages turned into text
  static constexpr unsigned logged_per_second = 8;

  explicit DeadLetters(const core::Clock& clock) : clock_(clock) {}

  void add(std::string_view from,
           std::string_view to,
           std::string_view reason,
           const caf::message& message);
  /// For what is no message of CAF, or must not be rendered.
  void add_text(std::string_view from,
                std::string_view to,
                std::string_view type,
                std::string_view reason,
                std::string text);

  /// Whose messages are kept for a replay, as they were; without it none are.
  void set_replayable(std::function<bool(const caf::message&)> replayable);
  /// The message of a letter, to be sent again. @returns NOT_FOUND where the letter is gone;
  /// DENIED where its type may not be sent twice, or the message is no longer kept
  [[nodiscard]] core::Result<caf::message> message(std::uint64_t id) const;
  /// Lets go of the kept messages and the handles in them.
  void drop_messages();

  /// Called for each letter, on the thread that lost it; must not block. An empty one ends it.
  void observe(std::function<void(const DeadLetter&)> observer);

  [[nodiscard]] std::uint64_t total() const;
  /// Of order class. Each of them is logged as an error, however many others are not.
  [[nodiscard]] std::uint64_t alerts() const;
  [[nodiscard]] std::vector<DeadLetterCount> counts() const;
  /// The newest `n`, oldest first.
  [[nodiscard]] std::vector<DeadLetter> tail(std::size_t n = 100) const;
  [[nodiscard]] std::optional<DeadLetter> get(std::uint64_t id) const;

private:
  struct Budget {
    std::int64_t second = 0;
    unsigned used = 0;
    bool take(std::int64_t now_s, unsigned limit);
  };
  void store(DeadLetter letter, caf::message kept = {});
  bool may_render(std::int64_t now_s);

  const core::Clock& clock_;
  mutable std::mutex mutex_;
  std::uint64_t total_ = 0;
  std::uint64_t alerts_ = 0;
  std::uint64_t suppressed_ = 0;
  std::deque<DeadLetter> ring_;
  std::map<std::string, DeadLetterCount> counts_; ///< by to, type and reason in one key
  std::map<std::uint64_t, caf::message> kept_;    ///< by id
  std::function<bool(const caf::message&)> replayable_;
  std::function<void(const DeadLetter&)> observer_;
  Budget render_;
  Budget log_;
};

struct Runtime;

/// Sends the message of a dead letter again, to whoever carries the name of its receiver now.
/// @returns as DeadLetters::message(); NOT_FOUND where nobody has that name; ACTOR_DOWN where it is
///          down at the moment
core::Result<void> replay_dead_letter(Runtime& runtime, std::uint64_t id);

} // namespace troupe::supervision
