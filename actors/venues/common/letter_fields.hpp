#pragma once

#include "actors/venues/common/wire.hpp"

#include <array>

namespace troupe::venues::wire {

/// Fields of an object that are named by one letter each, as in events that were made to be short:
/// noted in one pass over the object, in whichever order it is written, and then had without a
/// search. Views point into the text; a field that is null counts as absent.
class LetterFields {
public:
  /// A pass over the fields of one object. What it found is forgotten with the next one.
  class Pass {
  public:
    explicit Pass(LetterFields& fields) : fields_(fields) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() { fields_.present_ = present_; }

    /// Takes note of a field whose name is one letter; of two of one name the latter counts.
    /// @param name  the text of the name behind its quote
    /// @param json  the text of the value, not empty
    void note(const char* name, std::string_view json) {
      const auto i = index(*name);
      if (name[1] == '"' && i < letters) {
        fields_.json_[i] = json;
        present_ = (present_ & ~bit(i)) | (std::uint64_t{json.front() != 'n'} << i);
      }
    }

  private:
    LetterFields& fields_;
    std::uint64_t present_ = 0; ///< here for the loop's sake, which keeps it in a register
  };

  void clear() { present_ = 0; }

  [[nodiscard]] bool has(char letter) const { return (present_ & bit(index(letter))) != 0; }
  /// Text between the quotes of a string, or a number, as it stands; "" where it is absent.
  [[nodiscard]] std::string_view optional_text(char letter) const {
    return has(letter) ? trimmed(json_[index(letter)]) : std::string_view{};
  }
  [[nodiscard]] std::string_view text(char letter) const {
    return trimmed(json_at(letter, "a string"));
  }
  /// The value's text as it was put.
  [[nodiscard]] std::string_view json(char letter, std::string_view expected) const {
    return json_at(letter, expected);
  }
  [[nodiscard]] std::int64_t integer(char letter) const {
    return integer_in(trimmed(json_at(letter, "a whole number")), name_of(letter));
  }
  [[nodiscard]] std::uint64_t count(char letter) const {
    return counted(integer(letter), name_of(letter));
  }
  [[nodiscard]] core::Timestamp milliseconds(char letter) const {
    return milliseconds_in(integer(letter), name_of(letter));
  }
  template <class D>
  [[nodiscard]] D decimal(char letter) const {
    const auto token = trimmed(json_at(letter, "a decimal"));
    D out;
    if (read_decimal_token(token, out)) [[likely]] {
      return out;
    }
    return decimal_of<D>(token, name_of(letter)); // which says what is wrong
  }
  /// nullopt where it is absent or "".
  template <class D>
  [[nodiscard]] std::optional<D> optional_decimal(char letter) const {
    const auto token = optional_text(letter);
    return token.empty() ? std::nullopt : std::optional<D>{decimal_of<D>(token, name_of(letter))};
  }

private:
  static constexpr std::size_t letters = 'z' - 'A' + 1;

  [[nodiscard]] static std::size_t index(char letter) {
    return static_cast<std::size_t>(letter - 'A');
  }
  [[nodiscard]] static std::uint64_t bit(std::size_t i) { return std::uint64_t{1} << i; }
  /// Of the letters themselves, so that an error can name a field by a view.
  [[nodiscard]] static std::string_view name_of(char letter) {
    static constexpr std::string_view all =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz";
    return all.substr(index(letter), 1);
  }
  [[nodiscard]] std::string_view json_at(char letter, std::string_view expected) const {
    if (!has(letter)) [[unlikely]] {
      malformed(name_of(letter), expected);
    }
    return json_[index(letter)];
  }

  std::array<std::string_view, letters> json_;
  std::uint64_t present_ = 0;
};

} // namespace troupe::venues::wire
