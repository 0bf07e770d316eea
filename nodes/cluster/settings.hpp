#pragma once

#include "core/duration.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::cluster {

/// PEM files of a node: the authority that signed every node of the cluster, and this node's own
/// certificate (its common name is the node's name) and key.
struct TlsSettings {
  std::string ca;
  std::string certificate;
  std::string key;
};
BOOST_DESCRIBE_STRUCT(TlsSettings, (), (ca, certificate, key))

/// Bounds of the links between nodes.
struct LinkSettings {
  core::Duration handshake_deadline = std::chrono::seconds{5}; ///< connect, TLS and hello, each
  std::uint32_t pending_max = 128;                             ///< handshakes under way
  std::uint32_t pending_per_address_max = 32;
  std::uint32_t links_max = 256;
  std::uint64_t write_buffer_bytes_max = 64U << 20U; ///< a peer that lets more pile up is cut off
  core::Duration retry_min = std::chrono::milliseconds{200};
  core::Duration retry_max = std::chrono::seconds{5};
};
BOOST_DESCRIBE_STRUCT(LinkSettings,
                      (),
                      (handshake_deadline,
                       pending_max,
                       pending_per_address_max,
                       links_max,
                       write_buffer_bytes_max,
                       retry_min,
                       retry_max))

/// When a silent peer is suspected and when it is given up.
struct DetectorSettings {
  core::Duration ping_every = std::chrono::milliseconds{100};
  core::Duration pause_accepted = std::chrono::milliseconds{300}; ///< on top of the usual interval
  double phi_suspect = 5;
  double phi_dead = 8;
  core::Duration probe_deadline = std::chrono::milliseconds{250}; ///< of each of two, after a DOWN
  core::Duration forget_after = std::chrono::minutes{10};         ///< members that stay down
};
BOOST_DESCRIBE_STRUCT(
  DetectorSettings,
  (),
  (ping_every, pause_accepted, phi_suspect, phi_dead, probe_deadline, forget_after))

/// Bounds of topics between nodes.
struct HubSettings {
  core::Duration batch_every = std::chrono::milliseconds{1};
  std::uint32_t flush_events = 64; ///< that many wait: sent at once
  std::uint32_t batch_events_max = 1024;
  std::uint64_t batch_bytes_max = 1U << 20U;
  std::uint64_t credit_bytes = 4U << 20U;       ///< sent but not yet taken over, per peer and topic
  std::uint64_t backlog_bytes_max = 16U << 20U; ///< waiting for credit, per peer and topic
  std::uint32_t topics_max = 1024;
};
BOOST_DESCRIBE_STRUCT(HubSettings,
                      (),
                      (batch_every,
                       flush_events,
                       batch_events_max,
                       batch_bytes_max,
                       credit_bytes,
                       backlog_bytes_max,
                       topics_max))

/// The section "cluster" of a node's configuration.
struct Settings {
  std::string listen = "127.0.0.1:7070"; ///< host:port; port 0 picks a free one
  std::vector<std::string> seeds;        ///< addresses of any nodes of the cluster
  TlsSettings tls;
  LinkSettings link;
  DetectorSettings detector;
  HubSettings hub;
};
BOOST_DESCRIBE_STRUCT(Settings, (), (listen, seeds, tls, link, detector, hub))

} // namespace troupe::cluster
