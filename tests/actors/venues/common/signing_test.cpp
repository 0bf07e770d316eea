#include "actors/venues/common/signing.hpp"

#include <doctest/doctest.h>

#include <numeric>

/// Expected values: the venues' documentation and RFC 4231, 6979 and 8032.
namespace {

namespace signing = troupe::venues::signing;
using troupe::core::Errc;
using troupe::core::Timestamp;

constexpr auto binance_secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";
constexpr auto binance_key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";

constexpr auto p256_private = "-----BEGIN EC PRIVATE KEY-----\n"
                              "MHcCAQEEIMmvqdhFunUWa1whV2ex1pNOUMPbNuibEnuKYisSD2choAoGCCqGSM49\n"
                              "AwEHoUQDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8\n"
                              "maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
                              "-----END EC PRIVATE KEY-----";
constexpr auto p256_public = "-----BEGIN PUBLIC KEY-----\n"
                             "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7\n"
                             "Yfps5mliLmDyn7Z5A/4QCLi8maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==\n"
                             "-----END PUBLIC KEY-----";

std::string unhex(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
  }
  return out;
}

signing::JwtRequest jwt_request() {
  return {.key_name = "organizations/o/apiKeys/k",
          .private_key = p256_private,
          .now = Timestamp{1'700'000'000'999'999'999},
          .nonce = "0a1b2c3d",
          .uri = "GET api.coinbase.com/api/v3/brokerage/accounts"};
}

TEST_CASE("hmac_sha256: RFC 4231's first two cases") {
  CHECK(signing::to_hex(signing::hmac_sha256(std::string(20, '\x0b'), "Hi There"))
        == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(signing::to_hex(signing::hmac_sha256("Jefe", "what do ya want for nothing?"))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST_CASE("binance signatures: the documentation's examples") {
  const std::string query = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
                            "&recvWindow=5000&timestamp=1499827319559";
  const auto expected = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
  CHECK(signing::binance_rest_signature(binance_secret, query) == expected);
  // Query and body are joined without a separator, so a split anywhere signs the same.
  CHECK(signing::binance_rest_signature(binance_secret, query.substr(0, 20), query.substr(20))
        == expected);
  CHECK(signing::binance_rest_signature(
          binance_secret, "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY"
                          "&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
                          "&timestamp=1499827319559")
        == "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3");
  const signing::Parameters parameters{
    {"symbol", "BTCUSDT"},    {"side", "SELL"},        {"type", "LIMIT"},
    {"timeInForce", "GTC"},   {"price", "52000.00"},   {"quantity", "0.01000000"},
    {"recvWindow", "100"},    {"apiKey", binance_key}, {"timestamp", "1645423376532"},
    {"signature", "left out"}};
  CHECK(signing::binance_websocket_payload(parameters)
        == std::string{"apiKey="} + binance_key
             + "&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT"
               "&timeInForce=GTC&timestamp=1645423376532&type=LIMIT");
  CHECK(signing::binance_websocket_signature(binance_secret, parameters)
        == "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24");
}

TEST_CASE("coinbase exchange signatures: recomputed examples") {
  std::string bytes(64, '\0');
  std::iota(bytes.begin(), bytes.end(), '\0');
  const auto secret = signing::base64_encode(bytes);
  CHECK(*signing::coinbase_signature(secret, "1789299703.123", "GET",
                                     "/orders?status=open&status=pending&status=active&limit=1000")
        == "3teBlL3TL0GqMxBvSIgY+X+IG+CXlsBGti7kI6fczBc=");
  CHECK(*signing::coinbase_signature(
          secret, "1789299703.123", "POST", "/orders",
          R"({"client_oid":"666d0000-0000-4000-8000-000100000001","product_id":"BTC-USD",)"
          R"("side":"buy","type":"limit","price":"60000.1","size":"0.001","time_in_force":"GTC",)"
          R"("post_only":true,"stp":"dc"})")
        == "oWzgHF0nCM2tas9B1lOwkZ+YDHQlxYDZZkAiy0aBaWQ=");
  CHECK(*signing::coinbase_websocket_signature(secret, "1789299703")
        == "01mHniQBpEBdSPvOaISYnOAnToNRJyvhSaeCcay+f6Y=");
  const auto refused = signing::coinbase_signature("not base64", "1", "GET", "/");
  CHECK(refused.error().code == Errc::INVALID_ARGUMENT);
  CHECK(refused.error().message.find("not base64") == std::string::npos); // it is a secret
}

TEST_CASE("coinbase jwt: header and claims byte for byte, signature of 64 bytes that verifies") {
  const auto token = signing::coinbase_jwt(jwt_request());
  REQUIRE(token.has_value());
  const auto parts = signing::verify_jwt(*token, p256_public);
  REQUIRE(parts.has_value());
  CHECK(parts->header
        == R"({"alg":"ES256","kid":"organizations/o/apiKeys/k","nonce":"0a1b2c3d","typ":"JWT"})");
  CHECK(parts->claims
        == R"({"sub":"organizations/o/apiKeys/k","iss":"cdp","nbf":1700000000,"exp":1700000120,)"
           R"("uri":"GET api.coinbase.com/api/v3/brokerage/accounts"})");
  const auto signature = signing::base64_url_decode(token->substr(token->rfind('.') + 1));
  REQUIRE(signature.has_value());
  CHECK(signature->size() == 64);
}

TEST_CASE("coinbase jwt: without uri for a WebSocket, key with line breaks spelled out") {
  auto request = jwt_request();
  request.uri.clear();
  std::string spelled{p256_private};
  for (auto at = spelled.find('\n'); at != std::string::npos; at = spelled.find('\n', at)) {
    spelled.replace(at, 1, "\\n");
  }
  request.private_key = spelled;
  const auto token = signing::coinbase_jwt(request);
  REQUIRE(token.has_value());
  const auto parts = signing::verify_jwt(*token, p256_public);
  REQUIRE(parts.has_value());
  CHECK(parts->claims
        == R"({"sub":"organizations/o/apiKeys/k","iss":"cdp","nbf":1700000000,"exp":1700000120})");
}

TEST_CASE("coinbase jwt: what is not right is refused") {
  auto request = jwt_request();
  request.private_key = "-----BEGIN EC PRIVATE KEY-----\nnonsense\n-----END EC PRIVATE KEY-----";
  CHECK(signing::coinbase_jwt(request).error().code == Errc::INVALID_ARGUMENT);
  auto token = *signing::coinbase_jwt(jwt_request());
  CHECK(signing::verify_jwt(token, "no key").error().code == Errc::INVALID_ARGUMENT);
  CHECK(signing::verify_jwt("a.b", p256_public).error().code == Errc::UNAUTHENTICATED);
  CHECK(signing::verify_jwt(token + ".x", p256_public).error().code == Errc::UNAUTHENTICATED);
  token[token.find('.') + 5] ^= 1;
  CHECK(signing::verify_jwt(token, p256_public).error().code == Errc::UNAUTHENTICATED);
}

TEST_CASE("ed25519: RFC 8032's second case") {
  const auto seed = unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  const auto text = unhex("72");
  const auto key = *signing::ed25519_public_key(seed);
  CHECK(signing::to_hex(key) == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const auto signature = *signing::ed25519_sign(seed, text);
  CHECK(signing::to_hex(signature)
        == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
           "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  CHECK(signing::ed25519_verify(key, text, signature));
  CHECK_FALSE(signing::ed25519_verify(key, "other", signature));
  CHECK_FALSE(signing::ed25519_verify("short", text, signature));
  CHECK(signing::ed25519_sign("short", text).error().code == Errc::INVALID_ARGUMENT);
}

TEST_CASE("public keys: RSA and Ed25519 signatures are told from others, EC keys are none") {
  // Signed by the openssl program.
  constexpr auto rsa = "-----BEGIN PUBLIC KEY-----\n"
                       "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA3DQ+bKKGLzspDYxImFFO\n"
                       "6AgWLiooJnhvBi2/CquQW/8ZW1bU9ewZppmiykQ5xGhAi8MpQpwb9HWbCwvp5nqh\n"
                       "rrrRdEf2EypUmC6/V6McMSKGdvzqMmimvpQEx2I/UfPDyPc2oNC1jyU5ljyIFsAY\n"
                       "LqwCaT8ReqMVl7/mDOidos+ADo3HbrLtk/ei6TQOYKvh183mLkPz/DIlmpHTQKsy\n"
                       "fuUvPUJVc7N4H+QnabArpLaSLlM1Av8MmTTO161xGcjJmd/g+K1HGnPcHeVKROvU\n"
                       "Ag55G8sqqQ6BQZgEwzCugL/WQTyU5QFD1A6UwIYJClokyagsFkZ29ERu6kS3as/O\n"
                       "GQIDAQAB\n"
                       "-----END PUBLIC KEY-----\n";
  constexpr auto signed_by_rsa =
    "KIMQVqeHPFNhXou4gthWY8Q8grVCCE3bBuPtxYiRDW6BEa+ag3oM1nElRvdIXeL87t9wBKArS944"
    "RsgloEcQypgzqjtKxu++KFgrGuSpb1FZ7V50sJfTx69uzJFyhacmB+8d4dko7HpAFxZQikuBBuh5"
    "uVB/8rm+QkJuoJcEFWoteSU0+KPfrrk2uzfw8sDnskadXDgwX+1TZ8lEjFpVN1GK/pn7KJZLJwo9"
    "qkW+Py/tYKEkPHc7dtTNIJLT1ETh5VI+2GpZ4gatR7J1nvTFFfVrYzZzTOpHYXH5NRfBaXA5Ej6/"
    "rRwFLfdqbmVRZw76gDuPk0Q7BDpTwSstotOUew==";
  const auto signature = signing::base64_decode(signed_by_rsa);
  REQUIRE(signature);
  const std::string text = "symbol=LTCBTC&side=BUY&timestamp=1499827319559";
  CHECK(signing::public_key_kind(rsa) == signing::PublicKeyKind::RSA);
  CHECK(signing::verify_text(rsa, text, *signature));
  CHECK_FALSE(signing::verify_text(rsa, text + "0", *signature));
  CHECK_FALSE(signing::verify_text(rsa, text, "short"));
  CHECK(signing::public_key_kind(p256_public) == signing::PublicKeyKind::NONE);
  CHECK(signing::public_key_kind("nothing") == signing::PublicKeyKind::NONE);
  CHECK_FALSE(signing::verify_text("nothing", text, *signature));
}

TEST_CASE("base64: round trips, and refuses what is not") {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    CHECK(*signing::base64_decode(signing::base64_encode(text)) == text);
    CHECK(*signing::base64_url_decode(signing::base64_url_encode(text)) == text);
  }
  CHECK(signing::base64_encode("foob") == "Zm9vYg==");
  CHECK(signing::base64_url_encode("\xff\xfe") == "__4");
  for (const auto* const text : {"Zm9", "Zm9v\n", "Z===", "====", "Zm9*", " Zm9vYg="}) {
    CAPTURE(text);
    CHECK(signing::base64_decode(text).error().code == Errc::INVALID_ARGUMENT);
  }
  CHECK(signing::base64_url_decode("Zm9vYg==").error().code == Errc::INVALID_ARGUMENT);
}

TEST_CASE("comparison: equal, of another length, of another case") {
  CHECK(signing::equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(signing::equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(signing::equal_in_constant_time("abc", "ab"));
  CHECK_FALSE(signing::equal_in_constant_time("abc", "ABC"));
  CHECK(signing::equal_hex_in_constant_time("0aF", "0Af"));
  CHECK_FALSE(signing::equal_hex_in_constant_time("0af", "0ae"));
}

} // namespace
