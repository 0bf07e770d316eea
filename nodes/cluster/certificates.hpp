#pragma once

#include "core/errc.hpp"
#include "core/time.hpp"
#include "nodes/cluster/settings.hpp"

#include <chrono>
#include <string>

namespace troupe::cluster {

/// What a node proves itself with and checks others against, as PEM text.
struct Credentials {
  std::string ca;
  std::string certificate;
  std::string key;
};

/// Validity of a certificate that is issued at a node's start.
constexpr std::chrono::hours node_certificate_validity{24 * 30};

/// A new certificate authority (EC P-256, ten years): `ca` and `certificate` are the same.
/// @param now  the validity starts a day earlier, against clocks that disagree
[[nodiscard]] core::Result<Credentials> make_authority(core::Timestamp now);

/// A certificate for one node, signed by `authority`, for both ends of a connection; the node's
/// name is its common name and alternative name.
[[nodiscard]] core::Result<Credentials>
issue(const Credentials& authority,
      const std::string& node_name,
      core::Timestamp now,
      std::chrono::seconds validity = node_certificate_validity);

/// The per-user authority in `directory` (0700, files 0600), made if absent; nodes that start at
/// the same time wait for each other and share one.
/// @returns IO_ERROR where the directory or a file cannot be used or others may read it
[[nodiscard]] core::Result<Credentials> user_authority(const std::string& directory,
                                                       core::Timestamp now);

/// $XDG_STATE_HOME/troupe/cluster, by default ~/.local/state/troupe/cluster.
[[nodiscard]] std::string default_authority_directory();

/// What a node starts with: the configured files; else, bound to loopback, a certificate issued in
/// memory by the per-user authority; else CONFIG_INVALID.
/// @param listen_loopback  whether the listener is bound to loopback
[[nodiscard]] core::Result<Credentials> node_credentials(const TlsSettings& tls,
                                                         const std::string& node_name,
                                                         bool listen_loopback,
                                                         const std::string& authority_directory,
                                                         core::Timestamp now);

} // namespace troupe::cluster
