#include "link_fixture.hpp"
#include "nodes/cluster/conversation.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::test;
using HelloKind = hello_frame::Kind;

namespace {

/// Says `text` to a node over TLS and reads its answer.
asio::awaitable<void> exchange(Address to,
                               std::string name,
                               std::string text,
                               core::Result<Conversation::Frame>* answer) {
  Conversation talk{asio::ip::tcp::socket{co_await asio::this_coro::executor}};
  talk.set_deadline(5s);
  const asio::ip::tcp::endpoint endpoint{asio::ip::make_address(to.host), to.port};
  auto connected = co_await talk.connect(endpoint);
  auto tls = context_of(name);
  auto shaken = co_await talk.handshake(tls, TlsSession::Side::DIALLED);
  auto written = co_await talk.write(text);
  if (connected && shaken && written) {
    *answer = co_await talk.read_frame();
  }
}

core::Result<Conversation::Frame> answer_to(const Address& node, const std::string& text) {
  core::Result<Conversation::Frame> answer = core::Error{core::Errc::IO_ERROR, "no connection"};
  asio::io_context context;
  asio::co_spawn(context, exchange(node, "peer", text, &answer), asio::detached);
  context.run();
  return answer;
}

} // namespace

TEST_CASE("hello: another wire version is refused with the reason in words both can read") {
  System s;
  End node{s.system, "node"};
  const auto answer =
    answer_to(node.node->listening(),
              hello_frame::encode(HelloKind::HELLO, "whatever follows", wire_version + 1));
  REQUIRE(answer.has_value());
  CHECK(answer->header.kind == HelloKind::REFUSED);
  CHECK(answer->body
        == "VERSION_DIFFERS: expected wire version " + std::to_string(wire_version) + ", found "
             + std::to_string(wire_version + 1));
  CHECK(node.node->stats().established == 0);
}

TEST_CASE("hello: frames over the limit or without the magic are refused as malformed") {
  System s;
  End node{s.system, "node"};
  auto huge = hello_frame::encode(HelloKind::HELLO, "");
  huge[10] = '\x7f'; // claims 8 MiB
  for (const auto& text : {huge, std::string("\1" + std::string(31, '\0')),
                           hello_frame::encode(HelloKind::HELLO, "no hello")}) {
    const auto answer = answer_to(node.node->listening(), text);
    REQUIRE(answer.has_value());
    CHECK(answer->header.kind == HelloKind::REFUSED);
    CHECK(hello_frame::refusal_name(answer->body) == name(Refusal::MALFORMED));
  }
  CHECK(node.node->stats().hellos_refused == 3);
}

TEST_CASE("hello: addresses and node names are checked") {
  CHECK(Address::from_text("127.0.0.1:7070").value() == Address{"127.0.0.1", 7070});
  CHECK(Address::from_text("tcp://[::1]:1").value().to_text() == "[::1]:1");
  for (const char* bad : {"", ":1", "host", "host:", "host:70000", "host:1x", "::1:1"}) {
    CHECK(Address::from_text(bad).has_error());
  }
  CHECK(valid_node_name("md-1.eu_west"));
  CHECK_FALSE(valid_node_name("-x"));
  CHECK_FALSE(valid_node_name("a b"));
  CHECK_FALSE(valid_node_name(std::string(64, 'a')));
}
