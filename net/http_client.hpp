#pragma once

#include "core/duration.hpp"
#include "core/errc.hpp"
#include "net/http.hpp"
#include "net/io_thread.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::net {

/// How a client checks the server it talks to over TLS.
struct ClientTls {
  std::string ca_file;     ///< PEM; empty: the system's authorities
  std::string certificate; ///< PEM, shown to the server when it asks; empty: none
  std::string key;
};

/// Limits of a client.
struct ClientSettings {
  ClientTls tls;
  std::size_t header_bytes_max = 65'536;
  std::size_t body_bytes_max = 67'108'864;
  std::size_t idle_connections_max = 8; ///< kept open for reuse, over all servers
  core::Duration idle_timeout = std::chrono::seconds{30};
  std::size_t requests_in_flight_max = 256; ///< OVERLOADED beyond
};

struct ClientRequest {
  Method method = Method::GET;
  std::string url; ///< http:// or https://
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  core::Duration timeout = std::chrono::seconds{10}; ///< for all of it, name lookup included
};

struct ClientResponse {
  unsigned status = 0;
  Headers headers;
  std::string body;
};

/// A status of any kind is a value. Errors: INVALID_ARGUMENT (the URL), TIMEOUT (nothing is known
/// of the outcome), PROTOCOL_ERROR, BODY_TOO_LARGE, and UNAVAILABLE where the request was certainly
/// not processed (no connection, TLS refused); IO_ERROR when the connection broke after sending.
using HttpResult = core::Result<ClientResponse>;

/// Asynchronous HTTP/1.1 client that keeps connections for reuse. Thread-safe.
class HttpClient {
public:
  HttpClient(IoThread& thread, ClientSettings settings = {});
  ~HttpClient(); ///< drops what is under way; callbacks not yet called are not called any more
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// @param done  called once on the IoThread
  void request(ClientRequest request, std::function<void(HttpResult)> done);

private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Sends one request and waits for the reply: for command line tools and tests. Not to be called
/// from a thread that has other things to do.
[[nodiscard]] HttpResult http_request(const ClientRequest& request,
                                      const ClientSettings& settings = {});

} // namespace troupe::net
