#pragma once

#include "core/errc.hpp"

#include <algorithm>
#include <cstdint>
#include <simdjson.h>
#include <string>
#include <string_view>

/// JSON by its tokens: where simdjson's first stage found brackets, colons, commas and the
/// beginnings of strings and other scalars. A walk over them takes a few instructions a token,
/// which for short messages is much less than its on-demand front end needs (docs/adr/0005).
namespace troupe::venues::wire {

/// A position among the tokens of a text; past the last one it stands on the text's end, where a
/// padded text holds a zero. To be kept in a variable of its own, by value, or it is as slow as the
/// memory it is stored in.
class TokenCursor {
public:
  TokenCursor(const char* text, const std::uint32_t* first, const std::uint32_t* last)
    : text_(text), at_(first), last_(last) {}

  [[nodiscard]] bool at_end() const { return at_ >= last_; }
  [[nodiscard]] const char* pointer() const { return text_ + *at_; }
  [[nodiscard]] char peek() const { return *pointer(); }
  char take() {
    const char c = peek();
    ++at_;
    return c;
  }
  /// From where the token begins to the next one: a scalar with the white space behind it.
  [[nodiscard]] std::string_view token() const { return {pointer(), at_[1] - at_[0]}; }

  /// Moves past a scalar. @returns false where there is none
  [[nodiscard]] bool skip_scalar() {
    const char c = take();
    return c != ',' && c != ':' && c != ']' && c != '}';
  }
  /// Moves past a value, be it a scalar, an array or an object. @returns false where there is none,
  /// or it has no end
  [[nodiscard]] bool skip() {
    if (peek() != '[' && peek() != '{') {
      return skip_scalar();
    }
    for (int depth = 0; !at_end();) {
      switch (take()) {
        case '[':
        case '{': ++depth; break;
        case ']':
        case '}':
          if (--depth == 0) {
            return true;
          }
          break;
        default: break;
      }
    }
    return false;
  }

  /// Calls take_field(name, cursor) for each field of the object that begins here: the text of the
  /// name behind its quote, and the position of the value, past which the call must move it.
  /// Stops where the call returns false. @returns whether the object was walked to its end
  template <class F>
  [[nodiscard, gnu::always_inline]] bool each_field(F&& take_field) {
    if (take() != '{') {
      return false;
    }
    if (peek() == '}') {
      ++at_;
      return true;
    }
    while (!at_end()) {
      const char* const name = pointer();
      if (take() != '"' || take() != ':' || at_end() || !take_field(name + 1, *this)) {
        return false;
      }
      const char next = take();
      if (next != ',') {
        return next == '}';
      }
    }
    return false;
  }

private:
  const char* text_;
  const std::uint32_t* at_;
  const std::uint32_t* last_;
};

/// The index of one text after another; without an allocation once it has seen one as long.
class TokenIndex {
public:
  /// @param text  with room behind its end (padded)
  /// @returns     PROTOCOL_ERROR where it is empty, not UTF-8, or a string does not end
  [[nodiscard]] core::Result<TokenCursor> of(const std::string& text) {
    if (text.capacity() - text.size() < simdjson::SIMDJSON_PADDING) {
      return refused(simdjson::INSUFFICIENT_PADDING);
    }
    if (!parser_.implementation || text.size() > parser_.capacity()) {
      constexpr std::size_t least = 4096;
      const auto error = parser_.allocate(std::max(text.size(), least));
      if (error != simdjson::SUCCESS) {
        return refused(error);
      }
    }
    auto& found = *parser_.implementation;
    const auto error = found.stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                    simdjson::stage1_mode::regular);
    if (error != simdjson::SUCCESS) {
      return refused(error);
    }
    const std::uint32_t* const first = found.structural_indexes.get();
    return TokenCursor{text.data(), first, first + found.n_structural_indexes};
  }

private:
  [[nodiscard]] static core::Error refused(simdjson::error_code error) {
    return {core::Errc::PROTOCOL_ERROR, std::string{"expected a message of the venue, found: "}
                                          + simdjson::error_message(error)};
  }

  simdjson::dom::parser parser_;
};

} // namespace troupe::venues::wire
