#pragma once

#include "core/describe.hpp"
#include "core/errc.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

/// The bytes of a described struct between nodes. Little-endian, fixed width, floating values bit
/// for bit (CAF's own encoding damages NaN, infinities, denormals and -0); lengths are checked
/// against what is there before anything is allocated.
namespace troupe::core::binary {

static_assert(std::endian::native == std::endian::little, "written for little-endian machines");

/// Text values that are plain memory (prices, times) travel as that memory.
template <class T>
concept PlainText = TextValue<T> && std::is_trivially_copyable_v<T>;

class Reader {
public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }
  void fail() { ok_ = false; }

  void raw(void* to, std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return;
    }
    std::memcpy(to, rest_.data(), size);
    rest_.remove_prefix(size);
  }
  [[nodiscard]] std::uint32_t length() {
    std::uint32_t n = 0;
    raw(&n, sizeof n);
    ok_ = ok_ && n <= rest_.size(); // every element takes a byte at least
    return ok_ ? n : 0;
  }
  [[nodiscard]] std::string_view bytes(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

private:
  std::string_view rest_;
  bool ok_ = true;
};

inline void put_raw(std::string& out, const void* from, std::size_t size) {
  out.append(static_cast<const char*>(from), size);
}

template <class T>
void write(std::string& out, const T& value);
template <class T>
void read(Reader& in, T& value);

namespace detail {

inline void put_length(std::string& out, std::size_t n) {
  if (n > UINT32_MAX) {
    throw ErrorException(Error{Errc::INVALID_ARGUMENT, "sequence too long for a message"});
  }
  const auto length = static_cast<std::uint32_t>(n);
  put_raw(out, &length, sizeof length);
}

template <class T>
void write_sequence(std::string& out, const std::vector<T>& values) {
  put_length(out, values.size());
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    put_raw(out, values.data(), values.size() * sizeof(T));
  } else {
    for (const auto& value : values) {
      write(out, static_cast<const T&>(value));
    }
  }
}

template <class T>
void read_sequence(Reader& in, std::vector<T>& values) {
  const auto n = in.length();
  values.clear();
  if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    const auto raw = in.bytes(std::size_t{n} * sizeof(T));
    if (in.ok() && n > 0) {
      values.resize(n);
      std::memcpy(values.data(), raw.data(), raw.size());
    }
  } else {
    for (std::uint32_t i = 0; i < n && in.ok(); ++i) {
      T value{};
      read(in, value);
      values.push_back(std::move(value));
    }
  }
}

template <class T>
void read_enum(Reader& in, T& value) {
  std::underlying_type_t<T> number{};
  in.raw(&number, sizeof number);
  bool known = false;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>(
    [&](auto e) { known = known || e.value == static_cast<T>(number); });
  if (!known) {
    in.fail();
    return;
  }
  value = static_cast<T>(number);
}

template <class T>
void read_text(Reader& in, T& value) {
  const auto n = in.length();
  auto parsed = T::from_text(in.bytes(n));
  if (!in.ok() || !parsed) {
    in.fail();
    return;
  }
  value = std::move(*parsed);
}

} // namespace detail

template <class T>
void write(std::string& out, const T& value) {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || PlainText<T>) {
    put_raw(out, &value, sizeof value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    detail::put_length(out, value.size());
    out += value;
  } else if constexpr (is_optional<T>::value) {
    write(out, value.has_value());
    if (value) {
      write(out, *value);
    }
  } else if constexpr (is_vector<T>::value) {
    detail::write_sequence(out, value);
  } else if constexpr (is_string_map<T>::value) {
    detail::put_length(out, value.size());
    for (const auto& [key, item] : value) {
      write(out, key);
      write(out, item);
    }
  } else if constexpr (Described<T>) {
    for_each_member(value, [&](std::string_view, const auto& member) { write(out, member); });
  } else {
    static_assert(TextValue<T>, "a field of a message is of a type without a binary form");
    const auto at = out.size();
    detail::put_length(out, 0);
    value.append_text(out);
    const auto n = static_cast<std::uint32_t>(out.size() - at - sizeof(std::uint32_t));
    std::memcpy(out.data() + at, &n, sizeof n);
  }
}

template <class T>
void read(Reader& in, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    std::uint8_t byte = 0;
    in.raw(&byte, 1);
    if (byte > 1) {
      in.fail();
    }
    value = byte == 1;
  } else if constexpr (DescribedEnum<T>) {
    detail::read_enum(in, value);
  } else if constexpr (std::is_arithmetic_v<T> || PlainText<T>) {
    in.raw(&value, sizeof value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = in.bytes(in.length());
  } else if constexpr (is_optional<T>::value) {
    bool present = false;
    read(in, present);
    if (present) {
      read(in, value.emplace());
    } else {
      value.reset();
    }
  } else if constexpr (is_vector<T>::value) {
    detail::read_sequence(in, value);
  } else if constexpr (is_string_map<T>::value) {
    value.clear();
    const auto n = in.length();
    for (std::uint32_t i = 0; i < n && in.ok(); ++i) {
      std::string key;
      typename T::mapped_type item{};
      read(in, key);
      read(in, item);
      value.emplace(std::move(key), std::move(item));
    }
  } else if constexpr (Described<T>) {
    for_each_member(value, [&](std::string_view, auto& member) { read(in, member); });
  } else {
    static_assert(TextValue<T>, "a field of a message is of a type without a binary form");
    detail::read_text(in, value);
  }
}

/// @returns the value, or PROTOCOL_ERROR where the bytes are not exactly one T
template <class T>
[[nodiscard]] Result<T> decode(std::string_view bytes) {
  Reader in{bytes};
  T value{};
  read(in, value);
  if (!in.ok() || !in.at_end()) {
    return Error{Errc::PROTOCOL_ERROR, "malformed " + std::string(type_name<T>()) + " message"};
  }
  return value;
}

template <class T>
[[nodiscard]] std::string encode(const T& value) {
  std::string out;
  write(out, value);
  return out;
}

} // namespace troupe::core::binary
