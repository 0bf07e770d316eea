#include "nodes/cluster/links.hpp"

#include "core/log.hpp"
#include "nodes/cluster/conversation.hpp"
#include "nodes/cluster/tls_scribe.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <caf/io/scribe.hpp>

#include <map>
#include <mutex>
#include <pthread.h>
#include <set>
#include <sys/socket.h>
#include <thread>

namespace troupe::cluster {

namespace links_detail {

using asio::ip::tcp;
using hello_frame::Kind;

/// The descriptor of an established link as long as CAF has it open.
class Cutter {
public:
  explicit Cutter(int descriptor) : descriptor_(descriptor) {}
  void cut() {
    const std::lock_guard hold{mutex_};
    if (descriptor_ >= 0) {
      ::shutdown(descriptor_, SHUT_RDWR);
    }
  }
  void ended() {
    const std::lock_guard hold{mutex_};
    descriptor_ = -1;
  }

private:
  std::mutex mutex_;
  int descriptor_;
};

} // namespace links_detail

using links_detail::Cutter;
using links_detail::Kind;
using links_detail::tcp;

struct Links::State : std::enable_shared_from_this<Links::State> {
  struct Entry {
    std::uint64_t incarnation = 0;
    std::uint64_t id = 0;
    std::shared_ptr<Cutter> cutter; ///< empty while the hello is being answered
  };

  State(caf::actor_system& actor_system, Options given)
    : system(actor_system), options(std::move(given)) {}

  core::Result<void> bind();
  asio::awaitable<void> listen();
  asio::awaitable<void> serve(tcp::socket socket, std::string from);
  asio::awaitable<void> answer(Conversation& talk, const std::string& from);
  asio::awaitable<void>
  dial(Address address, std::string expected, std::chrono::nanoseconds deadline, OnDialled done);
  asio::awaitable<DialResult>
  attempt(Address address, std::string expected, std::chrono::nanoseconds deadline);
  asio::awaitable<DialResult> introduce(Conversation& talk, std::string certified);
  asio::awaitable<core::Result<tcp::endpoint>> resolve(Address address);

  std::optional<std::pair<Refusal, std::string>> refuse(const Hello& peer,
                                                        const std::string& certified);
  std::uint64_t reserve(const Hello& peer);
  void unreserve(const std::string& node, std::uint64_t id);
  void hand_over(Conversation& talk, Hello peer, std::uint64_t id, bool dialled);

  caf::actor_system& system;
  Options options;
  LinkStats stats;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  tcp::acceptor acceptor{context};
  std::thread thread;
  std::uint64_t last_id = 0;
  std::map<std::string, std::uint32_t> pending_of_address;
  std::map<std::string, Entry> established; ///< by node
  std::multiset<std::string> introducing;   ///< nodes that were sent our hello
};

core::Result<void> Links::State::bind() {
  const auto failed_to = [this](const char* what, const boost::system::error_code& why) {
    return core::Error{core::Errc::IO_ERROR, std::string("cannot ") + what + " cluster.listen "
                                               + options.listen.to_text() + ": " + why.message()};
  };
  boost::system::error_code failed;
  tcp::resolver resolver{context};
  const auto found = resolver.resolve(options.listen.host, std::to_string(options.listen.port),
                                      tcp::resolver::passive, failed);
  if (failed || found.empty()) {
    return failed_to("resolve", failed);
  }
  const auto endpoint = found.begin()->endpoint();
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    acceptor.bind(endpoint, failed);
  }
  if (!failed) {
    acceptor.listen(static_cast<int>(options.settings.pending_max), failed);
  }
  if (failed) {
    return failed_to("bind", failed);
  }
  options.listen.port = acceptor.local_endpoint().port();
  if (options.self.cluster.empty()) {
    options.self.cluster = options.listen.to_text();
  }
  return {};
}

asio::awaitable<void> Links::State::listen() {
  for (;;) {
    boost::system::error_code failed;
    tcp::socket socket{context};
    co_await acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
    if (failed == asio::error::operation_aborted || !acceptor.is_open()) {
      co_return;
    }
    if (failed) { // out of descriptors, most likely: wait for some to come back
      asio::steady_timer pause{context, std::chrono::milliseconds{100}};
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      continue;
    }
    ++stats.accepted;
    const auto remote = socket.remote_endpoint(failed);
    const auto from = failed ? std::string{"?"} : remote.address().to_string();
    auto& pending = pending_of_address[from];
    if (pending >= options.settings.pending_per_address_max
        || stats.pending >= options.settings.pending_max) {
      ++stats.turned_away;
      if (pending == 0) {
        pending_of_address.erase(from);
      }
      continue; // closes it
    }
    ++pending;
    ++stats.pending;
    asio::co_spawn(context, serve(std::move(socket), from), asio::detached);
  }
}

asio::awaitable<void> Links::State::serve(tcp::socket socket, std::string from) {
  {
    Conversation talk{std::move(socket)};
    talk.set_deadline(options.settings.handshake_deadline.chrono());
    auto shaken = co_await talk.handshake(options.tls, TlsSession::Side::ACCEPTED);
    if (shaken) {
      co_await answer(talk, from);
    } else {
      ++stats.handshakes_failed;
      core::log::debug("link refused at handshake",
                       {{"from", from}, {"reason", shaken.error().message}});
    }
  }
  --stats.pending;
  if (--pending_of_address[from] == 0) {
    pending_of_address.erase(from);
  }
}

asio::awaitable<void> Links::State::answer(Conversation& talk, const std::string& from) {
  const auto certified = talk.session().peer_name();
  auto frame = co_await talk.read_frame();
  if (!frame && frame.error().code != core::Errc::PROTOCOL_ERROR) {
    co_return; // it went away, as a dialler does that finds itself linked meanwhile
  }
  std::optional<std::pair<Refusal, std::string>> refusal;
  Hello peer;
  if (!frame) {
    refusal = std::pair{Refusal::MALFORMED, frame.error().message};
  } else if (frame->header.version != wire_version) {
    refusal =
      std::pair{Refusal::VERSION_DIFFERS, "expected wire version " + std::to_string(wire_version)
                                            + ", found " + std::to_string(frame->header.version)};
  } else if (auto hello = hello_frame::decode_body(frame->body);
             !hello || frame->header.kind != Kind::HELLO) {
    refusal = std::pair{Refusal::MALFORMED, std::string("expected a hello")};
  } else {
    peer = std::move(*hello);
    refusal = refuse(peer, certified);
  }
  if (refusal) {
    ++stats.hellos_refused;
    if (refusal->first != Refusal::DUPLICATE && refusal->first != Refusal::SELF) {
      core::log::warn("link refused", {{"node", certified},
                                       {"from", from},
                                       {"code", name(refusal->first)},
                                       {"reason", refusal->second}});
    }
    auto body = hello_frame::encode_refusal(refusal->first, refusal->second);
    co_await talk.write(hello_frame::encode(Kind::REFUSED, body));
    co_return;
  }
  const auto id = reserve(peer);
  auto body = hello_frame::encode_body(options.self);
  auto written = co_await talk.write(hello_frame::encode(Kind::ACCEPTED, body));
  if (!written) {
    unreserve(peer.node, id);
    co_return;
  }
  hand_over(talk, peer, id, false);
}

std::optional<std::pair<Refusal, std::string>> Links::State::refuse(const Hello& peer,
                                                                    const std::string& certified) {
  if (auto refusal = judge(options.self, peer, certified)) {
    return refusal;
  }
  // Of two connections that the two nodes dial at once, the one dialled by the lesser name stays,
  // and that node alone decides: it sent its hello before it saw the other's, or it takes the
  // other's.
  const bool peer_decides = peer.node < options.self.node;
  if (const auto found = established.find(peer.node); found != established.end()) {
    if (found->second.incarnation != peer.incarnation) {
      return std::pair{Refusal::NAME_TAKEN, "another live node is called \"" + peer.node + '"'};
    }
    if (peer_decides && found->second.cutter) {
      found->second.cutter->cut(); // the peer knows that this one is dead: it comes again
    }
    return std::pair{Refusal::DUPLICATE, std::string("already linked")};
  }
  if (!peer_decides && introducing.contains(peer.node)) {
    return std::pair{Refusal::DUPLICATE, std::string("being linked the other way")};
  }
  if (established.size() >= options.settings.links_max) {
    return std::pair{Refusal::FULL,
                     "expected at most " + std::to_string(options.settings.links_max) + " links"};
  }
  return std::nullopt;
}

std::uint64_t Links::State::reserve(const Hello& peer) {
  established[peer.node] = {peer.incarnation, ++last_id, nullptr};
  return last_id;
}

void Links::State::unreserve(const std::string& node, std::uint64_t id) {
  if (const auto found = established.find(node);
      found != established.end() && found->second.id == id) {
    established.erase(found);
  }
}

void Links::State::hand_over(Conversation& talk, Hello peer, std::uint64_t id, bool dialled) {
  if (talk.session().pending() > 0) {
    unreserve(peer.node, id);
    core::log::warn("link refused", {{"node", peer.node}, {"reason", "bytes behind the hello"}});
    return;
  }
  // A peer that listens on all its interfaces does not know which of them we reach.
  if (auto at = Address::from_text(peer.cluster); at && at->unspecified()) {
    at->host = talk.remote_host();
    peer.cluster = at->to_text();
  }
  auto [descriptor, session] = talk.release();
  auto cutter = std::make_shared<Cutter>(descriptor);
  established[peer.node].cutter = cutter;
  ++stats.established;
  Established out{peer, dialled, nullptr, session->counters()};
  auto closed = [weak = weak_from_this(), cutter, node = peer.node, id] {
    cutter->ended();
    if (const auto self = weak.lock()) {
      // Weak again: a handler that never runs must not keep the context that holds it.
      asio::post(self->context, [weak, node, id] {
        if (const auto state = weak.lock()) {
          state->unreserve(node, id);
        }
      });
    }
  };
  out.scribe = make_tls_scribe(system, descriptor, std::move(session),
                               options.settings.write_buffer_bytes_max, std::move(closed));
  options.established(std::move(out));
}

asio::awaitable<void> Links::State::dial(Address address,
                                         std::string expected,
                                         std::chrono::nanoseconds deadline,
                                         OnDialled done) {
  const auto result = co_await attempt(std::move(address), std::move(expected), deadline);
  done(result);
}

asio::awaitable<core::Result<tcp::endpoint>> Links::State::resolve(Address address) {
  boost::system::error_code failed;
  const auto literal = asio::ip::make_address(address.host, failed);
  if (!failed) {
    co_return tcp::endpoint{literal, address.port};
  }
  tcp::resolver resolver{context};
  const auto found = co_await resolver.async_resolve(
    address.host, std::to_string(address.port), asio::redirect_error(asio::use_awaitable, failed));
  if (failed || found.empty()) {
    co_return core::Error{core::Errc::IO_ERROR, "resolve: " + failed.message()};
  }
  co_return found.begin()->endpoint();
}

asio::awaitable<DialResult>
Links::State::attempt(Address address, std::string expected, std::chrono::nanoseconds deadline) {
  using R = DialResult::Kind;
  auto endpoint = co_await resolve(address);
  if (!endpoint) {
    co_return DialResult{R::FAILED, {}, endpoint.error().message};
  }
  Conversation talk{tcp::socket{context}};
  talk.set_deadline(deadline);
  auto connected = co_await talk.connect(*endpoint);
  if (!connected) {
    co_return DialResult{R::FAILED, {}, connected.error().message};
  }
  auto shaken = co_await talk.handshake(options.tls, TlsSession::Side::DIALLED);
  if (!shaken) {
    co_return DialResult{R::FAILED, {}, shaken.error().message};
  }
  auto certified = talk.session().peer_name();
  if (!expected.empty() && certified != expected) {
    co_return DialResult{R::REFUSED, certified,
                         "NAME_MISMATCH: expected \"" + expected + "\", found \"" + certified
                           + "\" in the certificate"};
  }
  if (established.contains(certified) || introducing.contains(certified)) {
    co_return DialResult{R::ALREADY_LINKED, certified, {}};
  }
  const auto mark = introducing.insert(certified);
  auto result = co_await introduce(talk, std::move(certified));
  introducing.erase(mark);
  co_return result;
}

asio::awaitable<DialResult> Links::State::introduce(Conversation& talk, std::string certified) {
  using R = DialResult::Kind;
  auto own = hello_frame::encode_body(options.self);
  auto written = co_await talk.write(hello_frame::encode(Kind::HELLO, own));
  if (!written) {
    co_return DialResult{R::FAILED, certified, written.error().message};
  }
  auto frame = co_await talk.read_frame();
  if (!frame) {
    co_return DialResult{R::FAILED, certified, frame.error().message};
  }
  if (frame->header.kind == Kind::REFUSED) {
    const auto code = hello_frame::refusal_name(frame->body);
    const auto kind = code == name(Refusal::SELF)        ? R::SELF
                      : code == name(Refusal::DUPLICATE) ? R::ALREADY_LINKED
                                                         : R::REFUSED;
    co_return DialResult{kind, certified, frame->body};
  }
  if (frame->header.version != wire_version || frame->header.kind != Kind::ACCEPTED) {
    co_return DialResult{R::REFUSED, certified,
                         "VERSION_DIFFERS: found wire version "
                           + std::to_string(frame->header.version)};
  }
  auto peer = hello_frame::decode_body(frame->body);
  if (!peer) {
    co_return DialResult{R::REFUSED, certified, "MALFORMED: " + peer.error().message};
  }
  if (const auto refusal = judge(options.self, *peer, certified)) {
    co_return DialResult{R::REFUSED, certified,
                         hello_frame::encode_refusal(refusal->first, refusal->second)};
  }
  if (established.contains(certified)) {
    co_return DialResult{R::ALREADY_LINKED, certified, {}};
  }
  hand_over(talk, *peer, reserve(*peer), true);
  co_return DialResult{R::LINKED, certified, {}};
}

core::Result<std::unique_ptr<Links>> Links::start(caf::actor_system& system, Options options) {
  auto state = std::make_shared<State>(system, std::move(options));
  if (auto bound = state->bind(); !bound) {
    return bound.error();
  }
  asio::co_spawn(state->context, state->listen(), asio::detached);
  state->thread = std::thread{[raw = state.get()] { raw->context.run(); }};
  pthread_setname_np(state->thread.native_handle(), "troupe.links");
  return std::unique_ptr<Links>{new Links(std::move(state))};
}

Links::Links(std::shared_ptr<State> state) : state_(std::move(state)) {}

Links::~Links() {
  state_->context.stop();
  state_->thread.join();
}

const Address& Links::listening() const {
  return state_->options.listen;
}

const Hello& Links::self() const {
  return state_->options.self;
}

const LinkStats& Links::stats() const {
  return state_->stats;
}

void Links::dial(const Address& address,
                 const std::string& expected,
                 std::chrono::nanoseconds deadline,
                 OnDialled done) {
  auto* state = state_.get();
  asio::post(
    state->context, [state, address, expected, deadline, done = std::move(done)]() mutable {
      asio::co_spawn(state->context, state->dial(address, expected, deadline, std::move(done)),
                     asio::detached);
    });
}

void Links::cut(const std::string& node) {
  auto* state = state_.get();
  asio::post(state->context, [state, node] {
    if (const auto found = state->established.find(node);
        found != state->established.end() && found->second.cutter) {
      found->second.cutter->cut();
    }
  });
}

} // namespace troupe::cluster
