#include "actors/venues/common/exact_decimal.hpp"

namespace troupe::venues {

namespace {

/// A number with a sign, an exponent or too many digits for the fast way, and the quote behind it.
/// @returns what stands behind them, or null
template <class D>
[[gnu::noinline, gnu::cold]] const char* take_other(const char* at, const char* end, D& out) {
  const auto* const close = static_cast<const char*>(
    at == end ? nullptr : std::memchr(at, '"', static_cast<std::size_t>(end - at)));
  if (close == nullptr || !read_decimal({at, static_cast<std::size_t>(close - at)}, out)) {
    return nullptr;
  }
  return close + 1;
}

/// Numbers and strings behind a level's quantity, and the bracket that ends it.
/// @returns what stands behind them, or null
[[gnu::noinline, gnu::cold]] const char* skip_members(const char* at, const char* end) {
  if (*at++ != ',') {
    return nullptr;
  }
  for (bool in_string = false; at != end; ++at) {
    if (*at == '\\' || (*at == '[' && !in_string)) {
      return nullptr;
    }
    if (*at == ']' && !in_string) {
      return at + 1;
    }
    in_string = in_string != (*at == '"');
  }
  return nullptr;
}

/// A position in a text that knows its end. Its address goes nowhere, so that it lives in
/// registers.
struct LevelCursor {
  const char* at;
  const char* end;

  [[gnu::always_inline]] bool take(char c) {
    if (at == end || *at != c) {
      return false;
    }
    ++at;
    return true;
  }
  [[gnu::always_inline]] bool take(std::string_view word) {
    if (static_cast<std::size_t>(end - at) < word.size()
        || std::memcmp(at, word.data(), word.size()) != 0) {
      return false;
    }
    at += word.size();
    return true;
  }
  [[gnu::always_inline]] bool go_to(const char* behind) {
    at = behind == nullptr ? at : behind;
    return behind != nullptr;
  }
  template <class D>
  [[gnu::always_inline]] bool take_quoted(D& out) {
    if (!take('"')) {
      return false;
    }
    const char* const behind = exact::scan(at, end, out);
    if (behind != nullptr && behind != end && *behind == '"') [[likely]] {
      at = behind + 1;
      return true;
    }
    return go_to(take_other(at, end, out));
  }
  /// Past the end of the level's array.
  [[gnu::always_inline]] bool leave_level() {
    return take(']') || (at != end && go_to(skip_members(at, end)));
  }
};

/// Calls `level(cursor)` behind the opening bracket of each; leaves the cursor behind the last.
template <class F>
[[gnu::always_inline]] inline bool for_each_level(LevelCursor& cursor, F&& level) {
  if (!cursor.take('[')) {
    return false;
  }
  if (cursor.take(']')) {
    return true;
  }
  do {
    if (!cursor.take('[') || !level(cursor) || !cursor.leave_level()) {
      return false;
    }
  } while (cursor.take(','));
  return cursor.take(']');
}

[[gnu::always_inline]] inline bool take_level(LevelCursor& cursor,
                                              std::vector<trading::Level>& levels) {
  auto& level = levels.emplace_back();
  return cursor.take_quoted(level.price) && cursor.take(',') && cursor.take_quoted(level.quantity);
}

} // namespace

bool take_levels(const char*& at, const char* end, std::vector<trading::Level>& levels) {
  LevelCursor cursor{at, end};
  if (!for_each_level(cursor,
                      [&levels](LevelCursor& level) { return take_level(level, levels); })) {
    return false;
  }
  at = cursor.at;
  return true;
}

bool scan_levels(std::string_view text, std::vector<trading::Level>& levels) {
  const char* at = text.data();
  const char* const end = at + text.size();
  return take_levels(at, end, levels) && at == end;
}

bool scan_sided_levels(std::string_view text,
                       std::vector<trading::Level>& bids,
                       std::vector<trading::Level>& asks) {
  LevelCursor cursor{text.data(), text.data() + text.size()};
  return for_each_level(cursor,
                        [&](LevelCursor& level) {
                          if (level.take(R"("buy",)")) {
                            return take_level(level, bids);
                          }
                          return level.take(R"("sell",)") && take_level(level, asks);
                        })
         && cursor.at == cursor.end;
}

} // namespace troupe::venues
