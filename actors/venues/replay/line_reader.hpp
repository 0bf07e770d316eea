#pragma once

#include "core/errc.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::venues::replay {

/// Longest line taken, bytes.
inline constexpr std::size_t line_bytes_max = std::size_t{1} << 16U;

/// Lines of a text file, plain or gzipped, read as a stream: memory does not grow with the file.
class LineReader {
public:
  /// @returns IO_ERROR where the file cannot be opened
  [[nodiscard]] static core::Result<LineReader> open(const std::string& path);
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;
  ~LineReader();

  /// The next line without its end (LF or CRLF), valid until the next call; nothing at the end.
  /// @returns IO_ERROR "FILE:LINE: ..." where the file is damaged or a line is too long
  [[nodiscard]] core::Result<std::optional<std::string_view>> next();

  /// Number of the line returned last, from 1.
  [[nodiscard]] std::uint64_t line() const;
  /// Bytes of the file (compressed, if it is) consumed so far, and its size.
  [[nodiscard]] std::uint64_t bytes_read() const;
  [[nodiscard]] std::uint64_t bytes_total() const;

private:
  struct State;
  explicit LineReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace troupe::venues::replay
