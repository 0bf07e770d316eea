#pragma once

#include "net/http_client.hpp"
#include "net/io_thread.hpp"

#include <memory>
#include <string>

namespace troupe::venues {

/// The network of one venue: a thread for its sockets and an HTTP client, made when the first of
/// its actors starts and shared by them. What comes on that thread is sent to the actors as
/// messages.
class VenueNetwork {
public:
  explicit VenueNetwork(net::ClientTls tls) : tls_(std::move(tls)) {}

  /// Before the first use; by the venue's supervisor, which starts its actors one after another.
  void open() {
    if (!thread_) {
      thread_ = std::make_unique<net::IoThread>();
      http_ = std::make_unique<net::HttpClient>(*thread_, net::ClientSettings{.tls = tls_});
    }
  }
  [[nodiscard]] net::IoThread& thread() { return *thread_; }
  [[nodiscard]] net::HttpClient& http() { return *http_; }
  [[nodiscard]] const net::ClientTls& tls() const { return tls_; }

private:
  net::ClientTls tls_;
  std::unique_ptr<net::IoThread> thread_; ///< outlives the client
  std::unique_ptr<net::HttpClient> http_;
};

} // namespace troupe::venues
