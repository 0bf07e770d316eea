#pragma once

#include "core/errc.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enum_to_string.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::cluster {

/// Of the wire between nodes: hello frame, BASP, the gateway's own messages. Nodes of different
/// major versions refuse each other.
constexpr std::uint16_t wire_version = 2;

/// What a node says about itself when it links to another, over TLS and before anything else.
struct Hello {
  std::string node;
  std::uint64_t incarnation = 0; ///< random at every start of the process, never 0
  std::vector<std::string> roles;
  std::string build;
  std::uint64_t fingerprint = 0; ///< of the layout of all messages
  std::string api;               ///< where its API answers; empty without one
  std::string cluster;           ///< where other nodes dial it
  std::uint32_t capacity = 1;    ///< weight in placement
};
BOOST_DESCRIBE_STRUCT(Hello,
                      (),
                      (node, incarnation, roles, build, fingerprint, api, cluster, capacity))

/// Why a node does not link to another; travels as its name, so that any version can say it.
enum class Refusal : std::uint8_t {
  VERSION_DIFFERS,
  LAYOUT_DIFFERS,
  NAME_TAKEN,
  SELF,
  DUPLICATE, ///< these two nodes are linked, or about to be, by another connection
  NAME_MISMATCH,
  MALFORMED,
  FULL,
};
BOOST_DESCRIBE_ENUM(Refusal,
                    VERSION_DIFFERS,
                    LAYOUT_DIFFERS,
                    NAME_TAKEN,
                    SELF,
                    DUPLICATE,
                    NAME_MISMATCH,
                    MALFORMED,
                    FULL)

/// The frames of the hello exchange: 4 bytes "TRPE", major version, kind (little-endian 16 bit
/// each), length of the body (32 bit). This header is the same for ever, so that nodes of any two
/// versions can tell each other that they do not match.
namespace hello_frame {

enum class Kind : std::uint16_t { HELLO = 1, ACCEPTED = 2, REFUSED = 3 };

constexpr std::size_t header_bytes = 12;
constexpr std::size_t body_bytes_max = 64 * 1024;

struct Header {
  std::uint16_t version = wire_version;
  Kind kind = Kind::HELLO;
  std::uint32_t length = 0;
};

/// @param version  other than ours only in tests
[[nodiscard]] std::string
encode(Kind kind, std::string_view body, std::uint16_t version = wire_version);

/// @returns PROTOCOL_ERROR for another magic, an unknown kind or a body over the limit
[[nodiscard]] core::Result<Header> decode_header(std::string_view bytes);

[[nodiscard]] std::string encode_body(const Hello& hello);
[[nodiscard]] core::Result<Hello> decode_body(std::string_view bytes);

/// "NAME_TAKEN: text" and back.
[[nodiscard]] std::string encode_refusal(Refusal refusal, std::string_view text);
[[nodiscard]] std::string_view refusal_name(std::string_view body);

} // namespace hello_frame

/// @param certified  the name in the peer's certificate
/// @returns why `own` must not link to `peer`, as far as the two hellos tell
[[nodiscard]] std::optional<std::pair<Refusal, std::string>>
judge(const Hello& own, const Hello& peer, std::string_view certified);

[[nodiscard]] std::string_view name(Refusal refusal);

} // namespace troupe::cluster
