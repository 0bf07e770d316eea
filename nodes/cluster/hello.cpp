#include "nodes/cluster/hello.hpp"

#include "core/binary.hpp"
#include "nodes/cluster/address.hpp"

namespace troupe::cluster {

namespace hello_frame {

namespace {

constexpr std::string_view magic = "TRPE";

core::Error malformed(const std::string& what) {
  return {core::Errc::PROTOCOL_ERROR, "hello: " + what};
}

} // namespace

std::string encode(Kind kind, std::string_view body, std::uint16_t version) {
  std::string out{magic};
  core::binary::write(out, version);
  core::binary::write(out, kind);
  core::binary::write(out, static_cast<std::uint32_t>(body.size()));
  out += body;
  return out;
}

core::Result<Header> decode_header(std::string_view bytes) {
  core::binary::Reader in{bytes};
  if (in.bytes(magic.size()) != magic) {
    return malformed("expected the magic TRPE");
  }
  Header out;
  std::uint16_t kind = 0;
  core::binary::read(in, out.version);
  core::binary::read(in, kind);
  core::binary::read(in, out.length);
  if (!in.ok() || kind < 1 || kind > 3) {
    return malformed("expected a kind of 1 to 3, found " + std::to_string(kind));
  }
  if (out.length > body_bytes_max) {
    return malformed("expected at most " + std::to_string(body_bytes_max) + " bytes, found "
                     + std::to_string(out.length));
  }
  out.kind = static_cast<Kind>(kind);
  return out;
}

std::string encode_body(const Hello& hello) {
  return core::binary::encode(hello);
}

core::Result<Hello> decode_body(std::string_view bytes) {
  auto hello = core::binary::decode<Hello>(bytes);
  if (hello && (!valid_node_name(hello->node) || hello->incarnation == 0)) {
    return malformed("expected a valid node name and an incarnation");
  }
  return hello;
}

std::string encode_refusal(Refusal refusal, std::string_view text) {
  return std::string(name(refusal)) + ": " + std::string(text);
}

std::string_view refusal_name(std::string_view body) {
  return body.substr(0, body.find(':'));
}

} // namespace hello_frame

std::optional<std::pair<Refusal, std::string>>
judge(const Hello& own, const Hello& peer, std::string_view certified) {
  if (peer.node != certified) {
    return std::pair{Refusal::NAME_MISMATCH, "the certificate is for \"" + std::string(certified)
                                               + "\", the hello says \"" + peer.node + '"'};
  }
  if (peer.node == own.node) {
    if (peer.incarnation == own.incarnation) {
      return std::pair{Refusal::SELF, std::string("this node dialled itself")};
    }
    return std::pair{Refusal::NAME_TAKEN, "another live node is called \"" + own.node + '"'};
  }
  if (peer.fingerprint != own.fingerprint) {
    return std::pair{Refusal::LAYOUT_DIFFERS,
                     "expected message layout " + std::to_string(own.fingerprint) + " (build "
                       + own.build + "), found " + std::to_string(peer.fingerprint) + " (build "
                       + peer.build + ')'};
  }
  return std::nullopt;
}

std::string_view name(Refusal refusal) {
  return boost::describe::enum_to_string(refusal, "?");
}

} // namespace troupe::cluster
