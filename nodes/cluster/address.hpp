#pragma once

#include "core/errc.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::cluster {

/// Where a node can be reached: a host name or address and a TCP port.
struct Address {
  std::string host;
  std::uint16_t port = 0;

  /// Reads "host:port" or "[v6]:port"; a scheme in front ("tcp://") is skipped.
  [[nodiscard]] static core::Result<Address> from_text(std::string_view text);
  [[nodiscard]] std::string to_text() const;

  /// Whether only this machine can reach it.
  [[nodiscard]] bool loopback() const;

  /// Whether it is no place to dial, but "all interfaces" of whoever listens there.
  [[nodiscard]] bool unspecified() const { return host == "0.0.0.0" || host == "::"; }

  friend bool operator==(const Address&, const Address&) = default;
};

/// 1 to 63 of [A-Za-z0-9._-], starting with a letter or digit: fit for certificates, logs, labels.
[[nodiscard]] bool valid_node_name(std::string_view name);

} // namespace troupe::cluster
