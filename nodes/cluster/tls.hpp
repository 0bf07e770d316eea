#pragma once

#include "core/errc.hpp"
#include "nodes/cluster/certificates.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;
struct ssl_st;

namespace troupe::cluster {

/// What a link has carried; written by the link's thread, read by any.
struct LinkCounters {
  std::atomic<std::uint64_t> bytes_in = 0; ///< encrypted, as on the wire
  std::atomic<std::uint64_t> bytes_out = 0;
};

/// A node's side of TLS: 1.3 only, both ends prove themselves against the cluster's authority, no
/// tickets, no resumption. Immutable, shared by all links.
class TlsContext {
public:
  /// @returns CONFIG_INVALID where the parts do not fit together, the certificate is not this
  ///          node's or has expired
  [[nodiscard]] static core::Result<std::shared_ptr<const TlsContext>>
  make(const Credentials& credentials, const std::string& node_name);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] ssl_ctx_st* native() const { return context_; }

private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

/// TLS over a connected, non-blocking descriptor that someone else owns and waits on. Used by one
/// thread at a time.
class TlsSession {
public:
  enum class Outcome : std::uint8_t { DONE, WANT_READ, WANT_WRITE, CLOSED, FAILED };
  enum class Side : std::uint8_t { ACCEPTED, DIALLED };

  TlsSession(const std::shared_ptr<const TlsContext>& context, Side side, int descriptor);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  [[nodiscard]] Outcome handshake();
  /// @param done  bytes read, at least one where the outcome is DONE
  [[nodiscard]] Outcome read(void* to, std::size_t size, std::size_t& done);
  [[nodiscard]] Outcome write(const void* from, std::size_t size, std::size_t& done);

  /// Bytes that wait here, decrypted or read ahead: no event of the descriptor announces them.
  [[nodiscard]] std::size_t pending() const;

  /// From now on takes what has come in one go, not header and body of each record by themselves.
  /// Whoever reads must go on while pending(): WANT_READ says that nothing is left here. More may
  /// have come meanwhile, so the descriptor must be watched for what is there, not for what is new.
  void read_ahead();

  /// The node name in the peer's verified certificate; empty before the handshake is done.
  [[nodiscard]] std::string peer_name() const;

  /// Why the last call FAILED.
  [[nodiscard]] const std::string& error() const { return error_; }

  [[nodiscard]] const std::shared_ptr<LinkCounters>& counters() const { return counters_; }

private:
  [[nodiscard]] Outcome outcome(int result);

  struct Wire { ///< what the BIO works on
    int descriptor;
    LinkCounters* counters;
    std::vector<char> ahead; ///< empty: nothing is read ahead
    std::size_t ahead_begin;
    std::size_t ahead_end;
    bool drained; ///< what came was not all that fits: to ask once more would be a call for nothing
  };
  friend struct WireBio;

  std::shared_ptr<const TlsContext> context_;
  std::shared_ptr<LinkCounters> counters_;
  Wire wire_;
  ssl_st* ssl_;
  std::string error_;
};

} // namespace troupe::cluster
