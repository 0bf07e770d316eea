#include "actors/venues/common/exact_decimal.hpp"

namespace troupe::venues {

namespace {

/// A position in a text that knows its end.
struct LevelCursor {
  const char* at;
  const char* end;

  bool take(char c) {
    if (at == end || *at != c) {
      return false;
    }
    ++at;
    return true;
  }
  bool take(std::string_view word) {
    if (static_cast<std::size_t>(end - at) < word.size()
        || std::memcmp(at, word.data(), word.size()) != 0) {
      return false;
    }
    at += word.size();
    return true;
  }
  template <class D>
  bool take_quoted(D& out) {
    if (!take('"')) {
      return false;
    }
    if (exact::scan(at, end, out) && take('"')) [[likely]] {
      return true;
    }
    const char* const close = static_cast<const char*>(
      at == end ? nullptr : std::memchr(at, '"', static_cast<std::size_t>(end - at)));
    if (close == nullptr) {
      return false;
    }
    const char* first = close;
    while (*(first - 1) != '"') {
      --first;
    }
    if (!read_decimal({first, static_cast<std::size_t>(close - first)}, out)) {
      return false;
    }
    at = close + 1;
    return true;
  }
  /// Past the end of the level's array; numbers and strings behind the quantity are skipped.
  bool leave_level() {
    if (take(']')) [[likely]] {
      return true;
    }
    if (!take(',')) {
      return false;
    }
    for (bool in_string = false; at != end; ++at) {
      if (*at == '\\' || (*at == '[' && !in_string)) {
        return false;
      }
      if (*at == ']' && !in_string) {
        return take(']');
      }
      in_string = in_string != (*at == '"');
    }
    return false;
  }
};

/// Calls `level(cursor)` behind the opening bracket of each; leaves the cursor behind the last.
template <class F>
bool for_each_level(LevelCursor& cursor, F&& level) {
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

bool take_level(LevelCursor& cursor, std::vector<trading::Level>& levels) {
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
