#include "net/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace troupe::net {

namespace {

/// Length of the well-formed sequence at `p` that starts with a non-ASCII byte; 0 when there is
/// none.
std::size_t sequence_length(const unsigned char* p, std::size_t left) {
  const auto continues = [&](std::size_t i) { return (p[i] & 0xC0U) == 0x80U; };
  const unsigned lead = p[0];
  if (lead >= 0xC2 && lead <= 0xDF) {
    return left >= 2 && continues(1) ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    const unsigned least = lead == 0xE0 ? 0xA0 : 0x80; // overlong below
    const unsigned most = lead == 0xED ? 0x9F : 0xBF;  // surrogates above
    return left >= 3 && p[1] >= least && p[1] <= most && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const unsigned least = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned most = lead == 0xF4 ? 0x8F : 0xBF; // beyond U+10FFFF above
    return left >= 4 && p[1] >= least && p[1] <= most && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

} // namespace

bool is_utf8(std::string_view bytes) noexcept {
  std::size_t i = 0;
  while (i < bytes.size()) {
    if (bytes.size() - i >= 8) { // eight ASCII bytes at a step: what messages mostly are
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i, sizeof word);
      if ((word & 0x8080808080808080U) == 0) {
        i += 8;
        continue;
      }
    }
    const auto byte = static_cast<unsigned char>(bytes[i]);
    if (byte < 0x80) {
      ++i;
      continue;
    }
    const auto length =
      sequence_length(reinterpret_cast<const unsigned char*>(bytes.data()) + i, bytes.size() - i);
    if (length == 0) {
      return false;
    }
    i += length;
  }
  return true;
}

} // namespace troupe::net
