#include "link_fixture.hpp"
#include "nodes/cluster/event_codec.hpp"
#include "peer/peer_messages.hpp"

#include <doctest/doctest.h>

using namespace troupe;
using namespace troupe::cluster;
using namespace troupe::cluster::test;

namespace {

struct Unknown {
  int value = 0;
};

struct TypedSystem {
  struct Config : caf::actor_system_config {
    Config() {
      set("scheduler.policy", caf::atom("sharing"));
      add_test_types(*this);
    }
  };
  Config config;
  caf::actor_system system{config};
};

/// One event as a batch of one, and out of it.
EventView view_of(const std::string& record, std::string& batch) {
  batch.clear();
  core::binary::write(batch, std::uint64_t{1});
  core::binary::write(batch, std::uint32_t{1});
  batch += record;
  return decode_batch(batch).value().events.at(0);
}

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(Unknown)

TEST_CASE("event codec: events come back as they were, of one type or of several in turn") {
  TypedSystem s;
  EventEncoder encoder{s.system};
  EventDecoder decoder{s.system};
  Echo echo;
  echo.number = 7;
  echo.value = -0.0;
  echo.values = {1.5, -2.25};
  std::string batch;
  for (int round = 0; round < 3; ++round) {
    std::string record;
    REQUIRE(encoder.append(record, "k", caf::make_message(echo)));
    const auto view = view_of(record, batch);
    CHECK(view.key == "k");
    CHECK(view.type == "=troupe::cluster::test::Echo"); // a declared type: its plain bytes
    CHECK(view.bytes == core::binary::encode(echo));
    const auto back = decoder.decode(view);
    REQUIRE(back.has_value());
    REQUIRE(back->match_elements<Echo>());
    CHECK(core::binary::encode(back->get_as<Echo>(0)) == core::binary::encode(echo));

    record.clear();
    const PublishMany other{"t", 3, true};
    REQUIRE(encoder.append(record, "", caf::make_message(other)));
    const auto second = decoder.decode(view_of(record, batch));
    REQUIRE(second.has_value());
    CHECK(second->get_as<PublishMany>(0).count == 3);

    record.clear();
    REQUIRE(encoder.append(record, "k", caf::make_message(std::string{"not declared"})));
    const auto text = view_of(record, batch);
    CHECK_FALSE(text.type.starts_with('='));
    const auto back_text = decoder.decode(text);
    REQUIRE(back_text.has_value());
    CHECK(back_text->get_as<std::string>(0) == "not declared");

    record.clear();
    REQUIRE(encoder.append(record, "k", caf::make_message(std::string{"a"}, std::int32_t{5})));
    const auto several = view_of(record, batch);
    CHECK(several.type.empty());
    const auto third = decoder.decode(several);
    REQUIRE(third.has_value());
    CHECK(third->get_as<std::int32_t>(1) == 5);
  }
}

TEST_CASE("event codec: what cannot travel, unknown types and broken bytes are refused by name") {
  TypedSystem s;
  EventEncoder encoder{s.system};
  EventDecoder decoder{s.system};
  std::string record = "before";
  CHECK_FALSE(encoder.append(record, "k", caf::make_message(Unknown{})));
  CHECK(record == "before");
  const auto unknown = decoder.decode({"k", "NoSuchType", "xyz"});
  REQUIRE(unknown.has_error());
  CHECK(unknown.error().code == core::Errc::PROTOCOL_ERROR);
  CHECK(unknown.error().message.find("NoSuchType") != std::string::npos);
  const auto undeclared = decoder.decode({"k", "=NoSuchType", "xyz"});
  REQUIRE(undeclared.has_error());
  CHECK(undeclared.error().code == core::Errc::PROTOCOL_ERROR);
  CHECK(undeclared.error().message.find("NoSuchType") != std::string::npos);

  record.clear();
  REQUIRE(encoder.append(record, "k", caf::make_message(PublishMany{"t", 3, true})));
  std::string batch;
  auto view = view_of(record, batch);
  view.bytes.remove_suffix(1);
  CHECK(decoder.decode(view).has_error());
  CHECK(decoder.decode({"k", view.type, {}}).has_error());
  CHECK(decoder.decode({"k", {}, "xyz"}).has_error());
}
