#include "net/auth.hpp"
#include "net/envelope.hpp"
#include "net/server.hpp"
#include "net/websocket_client.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::net;
using namespace std::chrono_literals;

namespace {

/// A directory of this test's own that goes with it.
struct Directory {
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "troupe-net-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Directory() { std::filesystem::remove_all(path); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string path;
};

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// A certificate for `name` that signs itself, and its key.
TlsFiles make_certificate(const std::string& directory, const std::string& name) {
  const Key key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free};
  const Certificate certificate{X509_new(), X509_free};
  auto* x509 = certificate.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
  X509_set_pubkey(x509, key.get());
  auto* subject = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, subject);
  auto* extension =
    X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + name).c_str());
  X509_add_ext(x509, extension, -1);
  X509_EXTENSION_free(extension);
  REQUIRE(X509_sign(x509, key.get(), EVP_sha256()) != 0);
  const TlsFiles files{directory + "/" + name + ".pem", directory + "/" + name + ".key"};
  const File certificate_file{std::fopen(files.certificate.c_str(), "w"), std::fclose};
  REQUIRE(PEM_write_X509(certificate_file.get(), x509) == 1);
  const File key_file{std::fopen(files.key.c_str(), "w"), std::fclose};
  REQUIRE(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr)
          == 1);
  return files;
}

struct PlainEcho final : WebSocketHandler {
  void on_open(const SessionPtr&, const Request& request) override { CHECK(request.is_tls); }
  void on_message(const SessionPtr& session, std::string_view text) override {
    session->send(make_frame(text));
    session->send(make_frame("again"));
  }
  void on_close(const SessionPtr&, std::uint16_t) override {}
};

Router guarded_routes() {
  return Router{{
    {Method::GET, "/big",
     [](const Request&, const Params&) { return Response{.body = std::string(300'000, 'x')}; }},
    {Method::POST, "/body",
     [](const Request& request, const Params&) { return Response{.body = request.body}; }},
    {Method::GET, "/ws", std::shared_ptr<WebSocketHandler>(std::make_shared<PlainEcho>())},
    {Method::GET, "/never",
     [](const Request&, const Params&, Responder responder) {
       static std::vector<Responder> kept;
       kept.push_back(std::move(responder));
     }},
  }};
}

Request with_token(std::string_view header) {
  Request out;
  if (!header.empty()) {
    out.headers.add("authorization", header);
  }
  return out;
}

} // namespace

TEST_CASE("tls: requests and WebSockets round trip with verification") {
  const Directory directory;
  const auto files = make_certificate(directory.path, "localhost");
  ServerSettings settings;
  settings.listen = "127.0.0.1:0";
  settings.tls = files;
  Server server{settings, guarded_routes()};
  const auto bound = server.start();
  REQUIRE(bound.has_value());
  const auto base = "https://localhost:" + std::to_string(bound->port);
  ClientSettings trusting;
  trusting.tls.ca_file = files.certificate;
  IoThread thread;
  HttpClient client{thread, trusting};
  const auto big = http_request({.url = base + "/big"}, trusting);
  REQUIRE(big.has_value());
  CHECK(big->body.size() == 300'000);
  CHECK(http_request({.method = Method::POST,
                      .url = base + "/body",
                      .headers = {{"Content-Type", "application/json"}},
                      .body = std::string(100'000, 'y')},
                     trusting)
          ->body
        == std::string(100'000, 'y'));
  CHECK(http_request({.url = base + "/big"}).error().code == core::Errc::UNAVAILABLE);
  auto socket =
    BlockingWebSocket::connect({.url = "wss" + base.substr(5) + "/ws", .tls = trusting.tls});
  REQUIRE(socket.has_value());
  REQUIRE(socket->send("over TLS").has_value());
  CHECK(*socket->receive(5s) == "over TLS");
  CHECK(*socket->receive(5s) == "again");
}

TEST_CASE("tls: another host's certificate is refused, missing files name themselves") {
  const Directory directory;
  const auto files = make_certificate(directory.path, "other.example");
  ServerSettings settings;
  settings.listen = "127.0.0.1:0";
  settings.tls = files;
  Server server{settings, guarded_routes()};
  const auto bound = server.start();
  REQUIRE(bound.has_value());
  ClientSettings trusting;
  trusting.tls.ca_file = files.certificate;
  const auto url = "https://localhost:" + std::to_string(bound->port) + "/big";
  CHECK(http_request({.url = url}, trusting).error().code == core::Errc::UNAVAILABLE);
  settings.tls.key = directory.path + "/none.key";
  Server broken{settings, guarded_routes()};
  const auto failed = broken.start();
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().code == core::Errc::CONFIG_INVALID);
  CHECK(failed.error().message.find("none.key") != std::string::npos);
}

TEST_CASE("http client: reuses its connection, times out, tells a dead server") {
  ServerSettings settings;
  settings.listen = "127.0.0.1:0";
  Server server{settings, guarded_routes()};
  const auto base = server.start()->url();
  IoThread thread;
  HttpClient client{thread};
  const auto ask = [&](ClientRequest request) {
    std::promise<HttpResult> promise;
    client.request(std::move(request), [&](HttpResult r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  };
  for (int i = 0; i < 5; ++i) {
    CHECK(ask({.url = base + "/big"})->body.size() == 300'000);
  }
  const auto head = ask({.method = Method::HEAD, .url = base + "/big"});
  REQUIRE(head.has_value());
  CHECK(head->body.empty());
  CHECK(*head->headers.find("content-length") == "300000");
  CHECK(ask({.url = base + "/nothing"})->status == 404);
  CHECK(server.counters().connections_accepted == 1);
  CHECK(ask({.url = base + "/never", .timeout = 30ms}).error().code == core::Errc::TIMEOUT);
  CHECK(ask({.url = "ftp://x/"}).error().code == core::Errc::INVALID_ARGUMENT);
  CHECK(ask({.url = base + "/big", .headers = {{"A", "b\r\nC: d"}}}).error().code
        == core::Errc::INVALID_ARGUMENT);
  server.stop(1ms);
  CHECK(ask({.url = base + "/big"}).error().code == core::Errc::UNAVAILABLE);
}

TEST_CASE("auth: the token file is made once, for its owner only") {
  const Directory directory;
  const auto token = load_or_create_token(directory.path);
  REQUIRE(token.has_value());
  CHECK(token->size() == 43); // 32 bytes in base64 without padding
  CHECK(token->find_first_of("+/=") == std::string::npos);
  struct stat info {};
  REQUIRE(::stat((directory.path + "/token").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600U);
  CHECK(*load_or_create_token(directory.path) == *token);
  REQUIRE(::chmod((directory.path + "/token").c_str(), 0644) == 0);
  CHECK(load_or_create_token(directory.path).error().code == core::Errc::FORBIDDEN);
  CHECK(load_or_create_token(directory.path + "/none").error().code == core::Errc::IO_ERROR);
}

TEST_CASE("auth: tokens give their scopes and no others") {
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  auto authority = *TokenAuthority::make({{"desk", sha256_hex("secret"), {"read", "trade"}}});
  authority.add("node", "own", {"read", "trade", "admin"});
  CHECK(*authority.authorise(with_token("Bearer secret"), "trade") == "desk");
  CHECK(*authority.authorise(with_token("bearer own"), "admin") == "node");
  CHECK(authority.authorise(with_token(""), "none").has_value());
  const auto code = [&](std::string_view header, std::string_view scope) {
    return authority.authorise(with_token(header), scope).error().code;
  };
  CHECK(code("Bearer secret", "admin") == core::Errc::FORBIDDEN);
  CHECK(code("Bearer wrong", "read") == core::Errc::UNAUTHENTICATED);
  CHECK(code("Basic secret", "read") == core::Errc::UNAUTHENTICATED);
  CHECK(code("Bearer ", "read") == core::Errc::UNAUTHENTICATED);
  CHECK(code("", "read") == core::Errc::UNAUTHENTICATED);
  authority.set_open_read(true);
  CHECK(authority.authorise(with_token(""), "read")->empty());
  CHECK(code("", "trade") == core::Errc::UNAUTHENTICATED);
  CHECK(code("Bearer wrong", "read") == core::Errc::UNAUTHENTICATED);
}

TEST_CASE("auth: configured tokens that cannot be are refused") {
  const auto hash = sha256_hex("x");
  for (const auto& tokens :
       std::vector<std::vector<TokenSettings>>{{{"a", "plain", {"read"}}},
                                               {{"a", hash, {"root"}}},
                                               {{"", hash, {"read"}}},
                                               {{"a", hash, {"read"}}, {"a", hash, {"read"}}}}) {
    CHECK(TokenAuthority::make(tokens).error().code == core::Errc::CONFIG_INVALID);
  }
}

TEST_CASE("envelope: data and errors have their stated shape") {
  CHECK(data_response("[1]", R"("n_obs":1)", "id", "n").body
        == R"({"data":[1],"meta":{"n_obs":1,"request_id":"id","node":"n"}})");
  CHECK(data_response("null", "", "id", "n").body
        == R"({"data":null,"meta":{"request_id":"id","node":"n"}})");
  const auto limited =
    error_response({core::Errc::RATE_LIMITED, "slow \"down\""}, "id", {.retry_after = 1'500ms});
  CHECK(limited.status == 429);
  CHECK(limited.body
        == R"({"error":{"code":"RATE_LIMITED","message":"slow \"down\"","details":null,)"
           R"("request_id":"id","retryable":true,"retry_after_ms":1500}})");
  REQUIRE(limited.headers.size() == 1);
  CHECK(limited.headers[0] == std::pair<std::string, std::string>{"Retry-After", "2"});
  CHECK(error_response({core::Errc::UNKNOWN_SYMBOL, "x"}, "id").headers.empty());
}

TEST_CASE("router: tables that contradict themselves are refused") {
  const SyncHandler handler = [](const Request&, const Params&) { return Response{}; };
  const auto table = [&](std::vector<std::string> paths) {
    std::vector<Route> out;
    for (auto& path : paths) {
      out.push_back({Method::GET, std::move(path), handler});
    }
    return out;
  };
  for (const auto& paths : std::vector<std::vector<std::string>>{{"a"},
                                                                 {"/a", "/a"},
                                                                 {"/{a}", "/{b}/c"},
                                                                 {"/{a...}/b"},
                                                                 {"/{a:float}"},
                                                                 {"/{}"},
                                                                 {"/{a"}}) {
    CHECK_THROWS_AS(Router{table(paths)}, std::invalid_argument);
  }
  CHECK_THROWS_AS(Router({{Method::GET, "/a"}}), std::invalid_argument);
  const Router router{table({"/a/{x}/c", "/a/b/d", "/{all...}"})};
  Params params;
  CHECK(router.find(Method::GET, {"a", "b", "c"}, params)->route == &router.routes()[0]);
  CHECK(params["x"] == "b");
  CHECK(router.find(Method::GET, {"a", "b", "e"}, params)->route == &router.routes()[2]);
  CHECK(params["all"] == "a/b/e");
}
