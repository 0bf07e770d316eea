#include "core/binary.hpp"
#include "nodes/cluster/membership.hpp"
#include "nodes/cluster/out_stream.hpp"
#include "nodes/cluster/phi.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <rapidcheck.h>
#include <set>

using namespace troupe;
using namespace troupe::cluster;
using namespace std::chrono_literals;
using Outcome = Membership::DialOutcome;

namespace {

struct Recorder final : Membership::Effects {
  struct Dialled {
    std::string address;
    std::string expected;
    std::chrono::nanoseconds deadline;
  };
  std::vector<Dialled> dials;
  std::vector<std::string> cuts;
  std::vector<std::string> pings;
  std::vector<std::string> downs;
  void dial(const Address& a, const std::string& e, std::chrono::nanoseconds d) override {
    dials.push_back({a.to_text(), e, d});
  }
  void cut(const std::string& node) override { cuts.push_back(node); }
  void ping(const std::string& node) override { pings.push_back(node); }
  void changed(const std::vector<std::string>& down) override {
    downs.insert(downs.end(), down.begin(), down.end());
  }
};

Hello hello(const std::string& node, std::vector<std::string> roles = {"regime"}) {
  Hello out;
  out.node = node;
  out.incarnation = 1 + std::hash<std::string>{}(node) % 1000;
  out.roles = std::move(roles);
  out.cluster = "127.0.0.1:" + std::to_string(1000 + node[0]);
  return out;
}

/// A membership in virtual time, 10 ms a step.
struct World {
  Recorder did;
  std::int64_t ns = 1'000'000'000;
  Membership node{Settings{}, hello("m"), 1, did, now()};

  [[nodiscard]] Membership::Times now() const { return {ns, core::Timestamp{ns}}; }
  void up(const std::string& name) {
    node.link_up(hello(name), now());
    node.joined(hello(name), now());
  }
  /// @param alive  peers that answer pings meanwhile
  void run(std::chrono::milliseconds time, const std::set<std::string>& alive = {}) {
    for (auto left = time; left > 0ms; left -= 10ms) {
      ns += 10'000'000;
      node.tick(now());
      for (const auto& name : alive) {
        if (ns % 100'000'000 == 0) {
          node.heard(name, 1, 0, 100.0, now());
        }
      }
    }
  }
  [[nodiscard]] MemberState state(const std::string& name) const {
    const auto view = node.view(now());
    const auto* member = view.find(name);
    REQUIRE(member != nullptr);
    return member->state;
  }
};

View view_of(const std::vector<std::string>& nodes, std::uint32_t capacity = 1) {
  View view;
  for (const auto& node : nodes) {
    Member member;
    member.hello = hello(node);
    member.hello.capacity = capacity;
    member.state = MemberState::UP;
    view.members.push_back(member);
  }
  std::sort(view.members.begin(), view.members.end(),
            [](const Member& a, const Member& b) { return a.hello.node < b.hello.node; });
  view.place();
  return view;
}

StreamItem item(std::uint64_t seq, const std::string& key, std::size_t size = 10) {
  std::string bytes;
  core::binary::write(bytes, key);
  core::binary::write(bytes, std::string{"T"});
  core::binary::write(bytes, std::string(size, 'x'));
  const auto length = static_cast<std::uint32_t>(bytes.size());
  return {seq, key, std::make_shared<const std::string>(std::move(bytes)), 0, length};
}

} // namespace

TEST_CASE("phi: regular signs of life keep it low and silence raises it past dead in a second") {
  const DetectorSettings settings;
  std::int64_t ns = 0;
  PhiDetector detector{settings, ns};
  for (int i = 0; i < 50; ++i) {
    ns += 100'000'000;
    detector.heard(ns);
  }
  CHECK(detector.phi(ns + 150'000'000) < 1);
  CHECK(detector.phi(ns + 400'000'000) < settings.phi_suspect);
  CHECK(detector.phi(ns + 1'000'000'000) > settings.phi_dead);
  CHECK(detector.phi(ns + 700'000'000) > detector.phi(ns + 600'000'000));
}

TEST_CASE("membership: a silent peer is suspected then down within 1.2 s and its link is cut") {
  World w;
  w.up("a");
  w.up("b");
  w.run(2s, {"a", "b"});
  CHECK(w.state("a") == MemberState::UP);
  const auto epoch = w.node.epoch();
  const auto silent_since = w.ns;
  while (w.state("a") != MemberState::SUSPECT && w.ns < silent_since + 2'000'000'000) {
    w.run(10ms, {"b"});
  }
  CHECK(w.node.epoch() == epoch); // shards do not move for a suspicion
  while (w.state("a") != MemberState::DOWN && w.ns < silent_since + 2'000'000'000) {
    w.run(10ms, {"b"});
  }
  CHECK(w.ns - silent_since <= 1'200'000'000);
  CHECK(w.did.cuts == std::vector<std::string>{"a"});
  CHECK(w.did.downs == std::vector<std::string>{"a"});
  CHECK(w.node.epoch() > epoch);
  CHECK(w.state("b") == MemberState::UP);
}

TEST_CASE("membership: a lost link needs two failed probes before shards move") {
  World w;
  w.up("a");
  w.node.link_down("a", w.now());
  CHECK(w.state("a") == MemberState::SUSPECT);
  REQUIRE(w.did.dials.size() == 1);
  CHECK(w.did.dials[0].expected == "a");
  CHECK(w.did.dials[0].deadline == DetectorSettings{}.probe_deadline.chrono());
  const auto at = Address::from_text(w.did.dials[0].address).value();
  w.node.dialled(at, Outcome::FAILED, "", "refused", w.now());
  CHECK(w.did.downs.empty());
  REQUIRE(w.did.dials.size() == 2);
  w.node.dialled(at, Outcome::FAILED, "", "refused", w.now());
  CHECK(w.did.downs == std::vector<std::string>{"a"});

  World again;
  again.up("a");
  const auto epoch = again.node.epoch();
  again.node.link_down("a", again.now());
  again.node.dialled(at, Outcome::LINKED, "a", "", again.now());
  again.up("a");
  CHECK(again.state("a") == MemberState::UP);
  CHECK(again.node.epoch() == epoch);
}

TEST_CASE("membership: seeds are dialled for ever with growing pauses and a dead one delays none") {
  World w;
  w.node.add_seed(Address{"10.0.0.1", 1});
  w.node.add_seed(Address{"10.0.0.2", 1}); // black hole: its dial never ends here
  std::vector<std::int64_t> at;
  while (w.ns < 200'000'000'000) {
    const auto before = w.did.dials.size();
    w.run(10ms);
    for (auto i = before; i < w.did.dials.size(); ++i) {
      if (w.did.dials[i].address == "10.0.0.1:1") {
        at.push_back(w.ns);
        w.node.dialled(Address{"10.0.0.1", 1}, Outcome::FAILED, "", "refused", w.now());
      }
    }
  }
  REQUIRE(at.size() > 30);
  for (std::size_t i = 1; i < at.size(); ++i) {
    CHECK(at[i] - at[i - 1] >= 160'000'000);
    CHECK(at[i] - at[i - 1] <= 6'020'000'000);
  }
  CHECK(at.back() - at[at.size() - 2] >= 4'000'000'000);
}

TEST_CASE("membership: a restarted node is a new one, and its old life is down first") {
  World w;
  w.up("a");
  auto reborn = hello("a");
  reborn.incarnation += 1;
  const auto epoch = w.node.epoch();
  w.node.link_up(reborn, w.now());
  CHECK(w.did.downs == std::vector<std::string>{"a"});
  w.node.joined(reborn, w.now());
  CHECK(w.state("a") == MemberState::UP);
  CHECK(w.node.epoch() > epoch);
}

TEST_CASE("membership: a node that was stopped does not take all others for dead") {
  World w;
  w.up("a");
  w.run(1s, {"a"});
  w.ns += 10'000'000'000; // SIGSTOP, SIGCONT
  w.node.tick(w.now());
  w.run(300ms, {"a"});
  CHECK(w.state("a") == MemberState::UP);
  CHECK(w.did.downs.empty());
}

TEST_CASE("membership: nodes that see the same agree on the greatest epoch") {
  World w;
  w.up("a");
  const auto own = w.node.epoch();
  w.node.heard("a", own + 5, w.node.fingerprint() + 1, std::nullopt, w.now());
  CHECK(w.node.epoch() == own); // the other sees something else yet
  w.node.heard("a", own + 5, w.node.fingerprint(), std::nullopt, w.now());
  CHECK(w.node.epoch() == own + 5);
  w.node.set_roles({"risk"}, w.now());
  CHECK(w.node.epoch() == own + 6);
}

TEST_CASE("placement: a node that joins takes about its share and nothing else moves") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::size_t>(1, 12);
    const auto tag = *rc::gen::inRange(0, 100'000);
    std::vector<std::string> nodes;
    for (std::size_t i = 0; i < n; ++i) {
      nodes.push_back("n" + std::to_string(tag) + "-" + std::to_string(i));
    }
    const auto before = view_of(nodes);
    nodes.push_back("new" + std::to_string(tag));
    const auto after = view_of(nodes);
    std::size_t moved = 0;
    for (std::uint32_t shard = 0; shard < shards_per_service; ++shard) {
      const auto& from = before.owners.at("regime")[shard];
      const auto& to = after.owners.at("regime")[shard];
      if (from != to) {
        ++moved;
        RC_ASSERT(to == nodes.back());
      }
    }
    // 128 draws at 1/N: five standard deviations bound the share of any one placement.
    const double share = 1.0 / static_cast<double>(n + 1);
    RC_ASSERT(static_cast<double>(moved) <= 128 * share + 5 * std::sqrt(128 * share * (1 - share)));
  }));
}

TEST_CASE("placement: over many joins no more than 1/N + 10 % of the shards move") {
  for (std::size_t n = 1; n <= 10; ++n) {
    double moved = 0;
    for (int round = 0; round < 50; ++round) {
      std::vector<std::string> nodes;
      for (std::size_t i = 0; i < n; ++i) {
        nodes.push_back("r" + std::to_string(round) + "-" + std::to_string(i));
      }
      const auto before = view_of(nodes);
      nodes.push_back("z" + std::to_string(round));
      const auto after = view_of(nodes);
      for (std::uint32_t shard = 0; shard < shards_per_service; ++shard) {
        moved += before.owners.at("regime")[shard] != after.owners.at("regime")[shard] ? 1 : 0;
      }
    }
    CHECK(moved / (50 * 128) <= 1.1 / static_cast<double>(n + 1));
  }
}

TEST_CASE("placement: capacity weighs and suspects keep their shards") {
  auto view = view_of({"a", "b", "c"});
  const auto before = view.owners;
  view.members[0].state = MemberState::SUSPECT;
  view.place();
  CHECK(view.owners == before);
  view.members[0].state = MemberState::UP;
  view.members[0].hello.capacity = 4;
  view.place();
  const auto& owners = view.owners.at("regime");
  const auto share = std::count(owners.begin(), owners.end(), "a");
  CHECK(share > 64); // 2/3 of 128 is expected
  view.members[0].state = MemberState::DOWN;
  view.place();
  CHECK(std::count(view.owners.at("regime").begin(), view.owners.at("regime").end(), "a") == 0);
}

TEST_CASE("stream: a conflated topic keeps the newest per key in bounded room") {
  OutStream stream{supervision::Delivery::CONFLATED, HubSettings{}, 1};
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    stream.offer(item(i, "k" + std::to_string(i % 5), 5 + i / 5'000));
  }
  CHECK(stream.waiting() == 5);
  CHECK(stream.conflated() == 9'995);
  CHECK(stream.bytes() < 1'000);
  const auto batch = stream.take();
  REQUIRE(batch.has_value());
  const auto decoded = decode_batch(*batch);
  REQUIRE(decoded.has_value());
  CHECK(decoded->events.size() == 5);
  CHECK(std::all_of(decoded->events.begin(), decoded->events.end(),
                    [](const EventView& e) { return e.bytes.size() >= 6; }));
  CHECK_FALSE(stream.take().has_value());
  stream.offer(item(10'001, "k1"));
  CHECK(stream.waiting() == 1);
}

TEST_CASE("stream: a lossless topic stops at its credit and drops its oldest beyond the bound") {
  HubSettings settings;
  settings.credit_bytes = 2'000;
  settings.backlog_bytes_max = 10'000;
  settings.batch_events_max = 10;
  OutStream stream{supervision::Delivery::LOSSLESS, settings, 1};
  for (std::uint64_t i = 1; i <= 1'000; ++i) {
    stream.offer(item(i, "k", 50));
    CHECK(stream.bytes() <= 10'000);
  }
  CHECK(stream.dropped() > 800);
  std::vector<std::string> sent;
  while (auto batch = stream.take()) {
    sent.push_back(std::move(*batch));
  }
  CHECK(sent.size() < 6); // out of credit
  const auto waiting = stream.waiting();
  CHECK(waiting > 0);
  const auto first = decode_batch(sent[0]).value();
  CHECK(first.first_seq == stream.dropped() + 1);
  stream.acknowledge(sent[0].size(), first.first_seq + first.events.size() - 1);
  CHECK(stream.take().has_value());
  CHECK(stream.waiting() < waiting);
}

TEST_CASE("stream: after a lost link a lossless topic goes on where the peer stopped") {
  CHECK(rc::check([] {
    HubSettings settings;
    settings.batch_events_max = *rc::gen::inRange(1U, 9U);
    settings.credit_bytes = *rc::gen::inRange<std::uint64_t>(100, 5'000);
    OutStream stream{supervision::Delivery::LOSSLESS, settings, 1};
    std::uint64_t next = 1;
    std::uint64_t expected = 1;
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4));
    const auto receive = [&](const std::string& bytes) {
      const auto batch = decode_batch(bytes).value();
      RC_ASSERT(batch.first_seq == expected);
      expected += batch.events.size();
    };
    for (const int step : steps) {
      if (step < 2) {
        stream.offer(item(next++, "k"));
      } else if (step == 2) {
        if (auto batch = stream.take()) {
          receive(*batch);
          if (*rc::gen::arbitrary<bool>()) {
            stream.acknowledge(batch->size(), expected - 1);
          }
        }
      } else { // what was taken last is lost with the link, or not
        const auto batch = *rc::gen::arbitrary<bool>() ? stream.take() : std::nullopt;
        static_cast<void>(batch);
        stream.resume(expected);
      }
    }
    stream.resume(expected);
    while (auto batch = stream.take()) {
      receive(*batch);
      stream.acknowledge(batch->size(), expected - 1);
    }
    RC_ASSERT(expected == next);
  }));
}

TEST_CASE("stream: bytes that are no batch are refused") {
  CHECK(decode_batch("short").has_error());
  OutStream stream{supervision::Delivery::LOSSLESS, HubSettings{}, 1};
  stream.offer(item(1, "k"));
  auto batch = stream.take().value();
  CHECK(decode_batch(batch.substr(0, batch.size() - 1)).has_error());
  CHECK(decode_batch(batch + "x").has_error());
  CHECK(decode_batch(stream.announce()).value().first_seq == 2);
}

TEST_CASE(
  "stream: neighbours in one chunk are one run, and none is lost or doubled over lost links") {
  CHECK(rc::check([] {
    HubSettings settings;
    settings.batch_events_max = *rc::gen::inRange(1U, 20U);
    settings.credit_bytes = *rc::gen::inRange<std::uint64_t>(100, 5'000);
    OutStream stream{supervision::Delivery::LOSSLESS, settings, 1};
    auto chunk = std::make_shared<std::string>();
    std::uint64_t next = 1;
    std::uint64_t expected = 1;
    const auto receive = [&](const std::string& bytes) {
      const auto batch = decode_batch(bytes).value();
      RC_ASSERT(batch.first_seq <= expected);
      RC_ASSERT(batch.events.size() <= settings.batch_events_max);
      for (std::uint64_t i = 0; i < batch.events.size(); ++i) {
        RC_ASSERT(batch.events[i].key == std::to_string(batch.first_seq + i));
      }
      expected = std::max(expected, batch.first_seq + batch.events.size()); // seen ones are dropped
    };
    for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 8))) {
      if (step == 0) {
        chunk = std::make_shared<std::string>(); // as when one is full
      } else if (step < 6) {
        const auto offset = static_cast<std::uint32_t>(chunk->size());
        core::binary::write(*chunk, std::to_string(next));
        core::binary::write(*chunk, std::string{"T"});
        core::binary::write(*chunk, std::string(5, 'x'));
        const auto size = static_cast<std::uint32_t>(chunk->size()) - offset;
        stream.offer({next++, {}, chunk, offset, size});
      } else if (auto batch = stream.take(); batch && step == 6) {
        receive(*batch);
        // Up to any event: also one in the midst of a run.
        stream.acknowledge(batch->size(), *rc::gen::inRange<std::uint64_t>(0, expected));
      } else {
        stream.resume(expected);
      }
    }
    RC_ASSERT(stream.waiting() <= next - 1);
    stream.resume(expected);
    while (auto batch = stream.take()) {
      receive(*batch);
      stream.acknowledge(batch->size(), expected - 1);
    }
    RC_ASSERT(expected == next);
    RC_ASSERT(stream.waiting() == 0);
    RC_ASSERT(stream.dropped() == 0);
  }));
}
