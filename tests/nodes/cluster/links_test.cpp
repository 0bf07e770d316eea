#include "link_fixture.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::test;
using Kind = DialResult::Kind;

namespace {

/// A plain TCP client, as an attacker has it.
class RawClient {
public:
  explicit RawClient(const Address& to) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to.port);
    ::inet_pton(AF_INET, to.host.c_str(), &address.sin_addr);
    sockaddr generic{};
    std::memcpy(&generic, &address, sizeof generic);
    connected_ = ::connect(descriptor_, &generic, sizeof generic) == 0;
    const timeval limit{20, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  ~RawClient() { ::close(descriptor_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  void send(const std::string& bytes) const {
    static_cast<void>(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  /// Whether the other side ends the connection within the receive limit.
  [[nodiscard]] bool ended() const {
    char buffer[4096];
    for (;;) {
      const auto n = ::recv(descriptor_, buffer, sizeof buffer, 0);
      if (n <= 0) {
        return n == 0 || errno != EAGAIN;
      }
    }
  }

private:
  int descriptor_;
  bool connected_ = false;
};

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

} // namespace

TEST_CASE("links: two nodes of one authority link and know each other's hello") {
  System s;
  End a{s.system, "a"};
  End b{s.system, "b"};
  CHECK(a.dial_and_wait(b.node->listening(), "b").kind == Kind::LINKED);
  REQUIRE(a.linked());
  REQUIRE(b.linked());
  CHECK(a.links[0].dialled);
  CHECK(a.links[0].peer.node == "b");
  CHECK(a.links[0].peer.incarnation == b.node->self().incarnation);
  CHECK_FALSE(b.links[0].dialled);
  CHECK(b.links[0].peer.cluster == a.node->listening().to_text());
}

TEST_CASE("links: a peer of another authority, without or with an expired certificate is refused") {
  System s;
  End b{s.system, "b"};
  const auto now = core::SystemClock{}.now();

  const auto stranger = make_authority(now).value();
  End c{s.system, "c", context_of("c", stranger)};
  CHECK(c.dial_and_wait(b.node->listening()).kind == Kind::FAILED);

  const auto own = issue(authority(), "d", now, -60s).value();
  const auto expired = TlsContext::make(own, "d");
  REQUIRE(expired.has_error());
  CHECK(expired.error().message.find("expired") != std::string::npos);

  CHECK(b.links.empty());
  CHECK(b.node->stats().established == 0);
}

TEST_CASE("links: a certificate for another name is no proof") {
  System s;
  End b{s.system, "b"};
  End a{s.system, "a"};
  const auto result = a.dial_and_wait(b.node->listening(), "someone-else");
  CHECK(result.kind == Kind::REFUSED);
  CHECK(result.text.find("NAME_MISMATCH") == 0);

  End liar{s.system, "x", context_of("x"), [](Links::Options& o) { o.self.node = "y"; }};
  const auto caught = liar.dial_and_wait(b.node->listening());
  CHECK(caught.kind == Kind::REFUSED);
  CHECK(caught.text.find("NAME_MISMATCH") == 0);
  const auto now = core::SystemClock{}.now();
  CHECK(TlsContext::make(issue(authority(), "x", now).value(), "y").has_error());
  CHECK(b.links.empty());
}

TEST_CASE("links: another message layout and a taken name are refused with the reason") {
  System s;
  End b{s.system, "b"};
  End old{s.system, "old", context_of("old"), [](Links::Options& o) { o.self.fingerprint = 8; }};
  CHECK(old.dial_and_wait(b.node->listening()).text.find("LAYOUT_DIFFERS") == 0);

  End a{s.system, "a"};
  End impostor{s.system, "a"};
  CHECK(a.dial_and_wait(b.node->listening()).kind == Kind::LINKED);
  CHECK(impostor.dial_and_wait(b.node->listening()).text.find("NAME_TAKEN") == 0);
  CHECK(impostor.dial_and_wait(a.node->listening()).text.find("NAME_TAKEN") == 0);
  CHECK(a.dial_and_wait(a.node->listening()).kind == Kind::SELF);
  CHECK(b.node->stats().established == 1);
}

TEST_CASE("links: nodes that dial each other at once keep exactly one link") {
  System s;
  for (int round = 0; round < 20; ++round) {
    End a{s.system, "a"};
    End b{s.system, "b"};
    a.dial(b.node->listening());
    b.dial(a.node->listening());
    REQUIRE(a.gate.until([&] { return a.results.size() == 1; }));
    REQUIRE(b.gate.until([&] { return b.results.size() == 1; }));
    REQUIRE(a.linked());
    REQUIRE(b.linked());
    CHECK(a.links.size() == 1);
    CHECK(b.links.size() == 1);
    CHECK(a.links[0].dialled != b.links[0].dialled);
  }
}

TEST_CASE("links: a link that ended can be made again") {
  System s;
  End a{s.system, "a"};
  End b{s.system, "b"};
  CHECK(a.dial_and_wait(b.node->listening()).kind == Kind::LINKED);
  REQUIRE(b.linked());
  CHECK(a.dial_and_wait(b.node->listening()).kind == Kind::ALREADY_LINKED);
  a.links.clear(); // what CAF does with the scribes at the end of a connection
  b.links.clear();
  DialResult again;
  for (int i = 0; i < 1000 && again.kind != Kind::LINKED; ++i) {
    again = a.dial_and_wait(b.node->listening());
  }
  CHECK(again.kind == Kind::LINKED);
}

TEST_CASE("links: what is not TLS is dropped and the node keeps linking") {
  System s;
  End b{s.system, "b"};
  std::string forged(32, '\0'); // BASP: client handshake without payload, and a forged length
  for (const char type : {'\1', '\2'}) {
    forged[0] = type;
    forged[4] = type == '\2' ? '\x40' : '\0';
    RawClient raw{b.node->listening()};
    raw.send(forged);
    CHECK(raw.ended());
  }
  std::uint32_t seed = 7;
  for (int i = 0; i < 20; ++i) {
    std::string garbage(1 + (seed % 4096), '\0');
    for (auto& c : garbage) {
      seed = seed * 1664525U + 1013904223U;
      c = static_cast<char>(seed >> 24U);
    }
    garbage[0] = static_cast<char>(garbage[0] | 0x40); // never a TLS record type
    garbage += std::string(64, 'x');
    RawClient raw{b.node->listening()};
    raw.send(garbage);
    CHECK(raw.ended());
  }
  CHECK(b.node->stats().established == 0);
  End a{s.system, "a"};
  CHECK(a.dial_and_wait(b.node->listening()).kind == Kind::LINKED);
  CHECK(b.node->stats().handshakes_failed == 22);
}

TEST_CASE("links: idle connections are bounded, cost no CPU and end at the deadline") {
  System s;
  End b{s.system, "b", context_of("b"), [](Links::Options& o) {
          o.settings.pending_per_address_max = 5;
          o.settings.handshake_deadline = 2s; // longer than it takes to connect them all
        }};
  const auto before = cpu_seconds();
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 50; ++i) {
    idle.push_back(std::make_unique<RawClient>(b.node->listening()));
    CHECK(idle.back()->connected());
  }
  for (const auto& client : idle) {
    CHECK(client->ended()); // turned away at once, or at the deadline
  }
  CHECK(cpu_seconds() - before < 1.0); // one that is waited for by spinning burns two
  End a{s.system, "a"};                // what the one thread of b did before it answers is done
  CHECK(a.dial_and_wait(b.node->listening()).kind == Kind::LINKED);
  CHECK(b.node->stats().turned_away == 45);
  CHECK(b.node->stats().handshakes_failed == 5);
}

TEST_CASE("links: a peer that stays silent after TCP does not hold the dialler") {
  System s;
  End a{s.system, "a"};
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  sockaddr generic{};
  std::memcpy(&generic, &address, sizeof generic);
  REQUIRE(::bind(silent, &generic, sizeof generic) == 0);
  REQUIRE(::listen(silent, 4) == 0);
  socklen_t size = sizeof generic;
  REQUIRE(::getsockname(silent, &generic, &size) == 0);
  std::memcpy(&address, &generic, sizeof address);
  End b{s.system, "b"};
  DialResult late;
  Gate gate;
  a.node->dial({"127.0.0.1", ntohs(address.sin_port)}, {}, 300ms,
               [&](const DialResult& result) { gate.change([&] { late = result; }); });
  CHECK(a.dial_and_wait(b.node->listening()).kind == Kind::LINKED); // meanwhile
  CHECK(gate.until([&] { return !late.text.empty(); }));
  CHECK(late.text.find("deadline passed") == 0);
  ::close(silent);
}
