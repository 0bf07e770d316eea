#include "net/uri.hpp"
#include "net/utf8.hpp"

#include <doctest/doctest.h>

#include <rapidcheck.h>

using namespace troupe;
using namespace troupe::net;

TEST_CASE("uri: percent coding round trips for any UTF-8 without NUL") {
  CHECK(rc::check([] {
    const auto text = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    RC_ASSERT(*percent_decode(percent_encode(text), false) == text);
  }));
  CHECK(*percent_decode("caf%C3%A9+x", false) == "café+x");
  CHECK(*percent_decode("caf%c3%a9+x", true) == "café x");
}

TEST_CASE("uri: broken escapes are refused") {
  for (const char* text : {"%", "%1", "a%", "%zz", "%G0", "%0", "%00", "%ff", "%C3", "%ED%A0%80"}) {
    CAPTURE(text);
    const auto decoded = percent_decode(text, false);
    REQUIRE_FALSE(decoded.has_value());
    CHECK(decoded.error().code == core::Errc::MALFORMED_REQUEST);
  }
}

TEST_CASE("uri: a target falls into decoded segments and a query with duplicates kept") {
  Request request;
  REQUIRE(parse_target("/data/a%2Fb/?x=1&y=a+b&x=%32&flag&=v&&", request).has_value());
  CHECK(request.path == "/data/a%2Fb/");
  CHECK(request.segments == std::vector<std::string>{"data", "a/b", ""});
  CHECK(
    request.query
    == std::vector<QueryParameter>{{"x", "1"}, {"y", "a b"}, {"x", "2"}, {"flag", ""}, {"", "v"}});
  CHECK(*request.parameter("x") == "1");
  CHECK(request.parameters("x").size() == 2);
  CHECK_FALSE(request.parameter("z").has_value());
  REQUIRE(parse_target("/", request).has_value());
  CHECK(request.segments.empty());
  CHECK(request.query.empty());
}

TEST_CASE("uri: targets without a path or with dot segments are refused") {
  for (const char* text : {"", "x", "*", "/a/../b", "/a/%2e%2E", "/.", "/a?x=%"}) {
    CAPTURE(text);
    Request request;
    CHECK_FALSE(parse_target(text, request).has_value());
  }
}

TEST_CASE("uri: URLs fall into scheme, host, port and target") {
  const auto plain = *parse_url("http://localhost:8080/a?b=c#d");
  CHECK(plain.host == "localhost");
  CHECK(plain.port == 8080);
  CHECK(plain.target == "/a?b=c");
  CHECK(plain.host_header() == "localhost:8080");
  const auto secure = *parse_url("wss://[::1]");
  CHECK(secure.host == "::1");
  CHECK(secure.port == 443);
  CHECK(secure.is_tls());
  CHECK(secure.target == "/");
  CHECK(secure.host_header() == "[::1]");
  CHECK(parse_url("https://x?a=b")->target == "/?a=b");
  for (const char* text :
       {"", "http://", "ftp://x/", "http://u@x/", "http://x:99999/", "http://x:/", "http://[::1/",
        "http://x/a b", "http://x/\r\nA: b", "localhost:80"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_url(text).has_value());
  }
}

TEST_CASE("utf8: well-formed texts are told from the rest") {
  for (const char* text : {"", "a", "é", "€", "😀", "\x7f", "\xF4\x8F\xBF\xBF", "\xEE\x80\x80",
                           "12345678é", "1234567é12345678"}) {
    CAPTURE(text);
    CHECK(is_utf8(text));
  }
  for (const char* text :
       {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "12345678\xC3", "1234567\xE2\x82"}) {
    CAPTURE(text);
    CHECK_FALSE(is_utf8(text));
  }
}
