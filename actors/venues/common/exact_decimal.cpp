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
  /// Past the end of the level's array; a number or string behind the quantity is skipped.
  bool leave_level() {
    if (take(']')) [[likely]] {
      return true;
    }
    if (!take(',')) {
      return false;
    }
    while (at != end && *at != ']' && *at != '[') {
      ++at;
    }
    return take(']');
  }
};

/// Calls `level(cursor)` behind the opening bracket of each.
template <class F>
bool for_each_level(std::string_view text, F&& level) {
  LevelCursor cursor{text.data(), text.data() + text.size()};
  if (!cursor.take('[')) {
    return false;
  }
  if (cursor.take(']')) {
    return cursor.at == cursor.end;
  }
  do {
    if (!cursor.take('[') || !level(cursor) || !cursor.leave_level()) {
      return false;
    }
  } while (cursor.take(','));
  return cursor.take(']') && cursor.at == cursor.end;
}

bool take_level(LevelCursor& cursor, std::vector<trading::Level>& levels) {
  auto& level = levels.emplace_back();
  return cursor.take_quoted(level.price) && cursor.take(',') && cursor.take_quoted(level.quantity);
}

} // namespace

bool scan_levels(std::string_view text, std::vector<trading::Level>& levels) {
  return for_each_level(text,
                        [&levels](LevelCursor& cursor) { return take_level(cursor, levels); });
}

bool scan_sided_levels(std::string_view text,
                       std::vector<trading::Level>& bids,
                       std::vector<trading::Level>& asks) {
  return for_each_level(text, [&](LevelCursor& cursor) {
    if (cursor.take(R"("buy",)")) {
      return take_level(cursor, bids);
    }
    return cursor.take(R"("sell",)") && take_level(cursor, asks);
  });
}

} // namespace troupe::venues
