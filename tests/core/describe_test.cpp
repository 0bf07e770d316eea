#include "core/binary.hpp"
#include "core/decimal.hpp"
#include "core/duration.hpp"
#include "core/fingerprint.hpp"
#include "core/json.hpp"
#include "core/schema.hpp"
#include "core/settings.hpp"
#include "core/time.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <rapidcheck.h>

namespace {

using namespace troupe::core;
using Amount = Decimal<struct AmountTag, 8>;

enum class Colour : std::uint8_t { RED, GREEN };
BOOST_DESCRIBE_ENUM(Colour, RED, GREEN)

struct Inner {
  double value = 0.0;
  std::vector<double> values;
  std::optional<std::string> note;
  friend bool operator==(const Inner&, const Inner&) = default;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (value, values, note))

struct Outer {
  std::string name;
  std::int32_t count = 7;
  std::uint64_t big = 0;
  bool flag = false;
  Colour colour = Colour::RED;
  Amount amount;
  Timestamp at;
  Duration every;
  std::vector<Inner> inner;
  std::map<std::string, std::int64_t> table;
  friend bool operator==(const Outer&, const Outer&) = default;
};
BOOST_DESCRIBE_STRUCT(Outer, (), (name, count, big, flag, colour, amount, at, every, inner, table))

/// A struct whose JSON is an array: [left, right].
struct Pair {
  Amount left;
  std::int64_t right = 0;
  friend bool operator==(const Pair&, const Pair&) = default;
  void append_json(std::string& out) const {
    out += '[';
    json::append(out, left);
    out += ',';
    json::append(out, right);
    out += ']';
  }
  void read_json(json::View in, json::Decoder& decoder) {
    if (!in.is_array() || in.size() != 2) {
      decoder.problem("[left, right]", in.excerpt());
      return;
    }
    decoder.read_at(in, 0, left);
    decoder.read_at(in, 1, right);
  }
  static constexpr const char* json_schema = R"({"type":"array"})";
};
BOOST_DESCRIBE_STRUCT(Pair, (), (left, right))

/// A text value that says itself what it takes.
struct Yes {
  void append_text(std::string& out) const { out += "yes"; }
  static Result<Yes> from_text(std::string_view text) {
    if (text == "yes") {
      return Yes{};
    }
    return Error{Errc::INVALID_ARGUMENT, "no"};
  }
  static std::string expected() { return "\"yes\""; }
  static constexpr const char* schema_format = "yes";
};

Outer sample() {
  Outer x;
  x.name = "a \"quoted\" näme\n";
  x.count = -3;
  x.big = ~std::uint64_t{0};
  x.flag = true;
  x.colour = Colour::GREEN;
  x.amount = *Amount::from_text("-12.00000001");
  x.at = {1723161254087891268};
  x.every = std::chrono::milliseconds{250};
  x.inner = {{1.5, {0.1, -0.0}, "n"}, {}};
  x.table = {{"k", -1}};
  return x;
}

} // namespace

TEST_CASE("binary: every kind of field round trips with floating values bit for bit") {
  CHECK(*binary::decode<Outer>(binary::encode(sample())) == sample());
  for (const double v :
       {std::numeric_limits<double>::quiet_NaN(), -0.0, 5e-324,
        std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    const auto back = binary::decode<Inner>(binary::encode(Inner{v, {v}, {}}));
    CHECK(std::bit_cast<std::uint64_t>(back->value) == std::bit_cast<std::uint64_t>(v));
    CHECK(std::bit_cast<std::uint64_t>(back->values.at(0)) == std::bit_cast<std::uint64_t>(v));
  }
}

TEST_CASE("binary: no truncated or altered bytes crash or allocate what is not there") {
  const auto good = binary::encode(sample());
  for (std::size_t n = 0; n < good.size(); ++n) {
    CHECK_FALSE(binary::decode<Outer>(std::string_view(good).substr(0, n)).has_value());
  }
  CHECK(rc::check([&](std::string noise) { (void)binary::decode<Outer>(noise); }));
  CHECK_FALSE(binary::decode<std::vector<double>>(std::string("\xff\xff\xff\x7f", 4)).has_value());
}

TEST_CASE("json: every kind of field round trips") {
  CHECK(*json::decode<Outer>(json::encode(sample())) == sample());
}

TEST_CASE("json: errors name path, expected and found") {
  auto text = json::encode(sample());
  auto value = nlohmann::json::parse(text);
  value["inner"][0]["value"] = "x";
  value["colour"] = "BLUE";
  value["count"] = 3'000'000'000;
  value["extra"] = 1;
  value.erase("flag");
  const auto error = json::decode<Outer>(value.dump()).error();
  CHECK(error.code == Errc::INVALID_ARGUMENT);
  CHECK(error.message.find("inner[0].value: expected a number, found \"x\"") != std::string::npos);
  CHECK(error.message.find("colour: expected one of RED, GREEN, found \"BLUE\"")
        != std::string::npos);
  CHECK(error.message.find("count: expected a whole number, found 3000000000")
        != std::string::npos);
  CHECK(error.message.find("extra: expected one of the keys name,") != std::string::npos);
  CHECK(error.message.find("flag: expected a value, found nothing") != std::string::npos);
}

TEST_CASE("json: malformed texts are refused, with the place") {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1,\"a\":2}", "nul", "\"\xff\"", "1 2"}) {
    CAPTURE(text);
    CHECK(json::Document::parse(text).error().code == Errc::MALFORMED_REQUEST);
  }
  CHECK_FALSE(json::Document::parse(std::string(100, '[') + std::string(100, ']')).has_value());
}

TEST_CASE("json: a struct with a JSON form of its own is written and read by it") {
  const std::vector<Pair> pairs{{*Amount::from_text("1.5"), 2}, {*Amount::from_text("-3"), -4}};
  CHECK(json::encode(pairs) == R"([["1.5",2],["-3",-4]])");
  CHECK(*json::decode<std::vector<Pair>>(json::encode(pairs)) == pairs);
  CHECK(json::decode<std::vector<Pair>>(R"([["1.5","x"]])").error().message
        == R"([0][1]: expected a whole number, found "x")");
  CHECK_FALSE(json::decode<Pair>("[1]").has_value());
  CHECK(SchemaRegistry{}.of<Pair>() == R"({"type":"array"})");
}

TEST_CASE("json: a text value may name what it takes") {
  CHECK(json::decode<Yes>("\"yes\"").has_value());
  CHECK(json::decode<Yes>("\"no\"").error().message == R"(expected "yes", found "no")");
  CHECK(json::decode<Yes>("1").error().message == R"(expected "yes", found 1)");
}

TEST_CASE("fingerprint: changes with a field, not with the order of calls") {
  CHECK(layout_fingerprint<Outer>() == layout_fingerprint<Outer>());
  CHECK(layout_fingerprint<Outer>() != layout_fingerprint<Inner>());
}

TEST_CASE("schema: a struct is spelled out once and referred to") {
  SchemaRegistry registry;
  CHECK(registry.of<Outer>() == R"({"$ref":"#/components/schemas/Outer"})");
  const auto outer = nlohmann::json::parse(registry.components().at("Outer"));
  CHECK(outer["properties"]["inner"]["items"]["$ref"] == "#/components/schemas/Inner");
  CHECK(outer["properties"]["amount"]["format"] == "decimal");
  CHECK(nlohmann::json::parse(registry.components().at("Colour"))["enum"][1] == "GREEN");
}

TEST_CASE("settings: the last of files and environment and --set wins and errors name the origin") {
  SettingsSource source;
  CHECK(source.add_text(R"({"name": "a", "count": 1, "table": {"x": 1}})", "one.json"));
  CHECK(source.add_text(R"({"count": 2, "table": {"y": 2}})", "two.json"));
  const char* environment[] = {"T__COUNT=3", "OTHER=1", "T__TABLE__Z=5", nullptr};
  CHECK(source.add_environment(environment, "T__"));
  CHECK(source.set("name=plain text"));
  const auto read = source.read<Outer>();
  CHECK(read->name == "plain text");
  CHECK(read->count == 3);
  CHECK(read->table == std::map<std::string, std::int64_t>{{"x", 1}, {"y", 2}, {"z", 5}});
  CHECK(source.set("flag=maybe"));
  CHECK(source.add_text(R"({"nonsense": 1})", "three.json"));
  const auto error = source.read<Outer>().error();
  CHECK(error.code == Errc::CONFIG_INVALID);
  CHECK(error.message.find("--set: flag: expected true or false, found \"maybe\"")
        != std::string::npos);
  CHECK(error.message.find("three.json: nonsense: expected one of the keys") != std::string::npos);
  CHECK_FALSE(source.set("novalue"));
  CHECK_FALSE(source.set("a..b=1"));
  CHECK_FALSE(source.add_file("/does/not/exist.json"));
}

TEST_CASE("settings: secrets are redacted") {
  const auto text = redacted(
    R"({"a": {"secret": "s3cret", "url": "postgresql://u:pw@h/db"}, "list": [{"api_key": "k"}]})");
  CHECK(text.find("s3cret") == std::string::npos);
  CHECK(text.find("pw@") == std::string::npos);
  CHECK(text.find("u:<redacted>@h/db") != std::string::npos);
  CHECK(text.find("\"k\"") == std::string::npos);
}
