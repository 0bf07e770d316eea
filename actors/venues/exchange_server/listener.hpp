#pragma once

#include "net/server.hpp"
#include "supervision/runtime.hpp"

#include <memory>
#include <string>

namespace troupe::venues::exchange_server {

/// The port of one exchange: hands requests and WebSockets on to the exchange's actor, whichever
/// incarnation of it runs.
class Listener {
public:
  /// @param path  of the exchange's actor, in the supervision tree
  Listener(net::ServerSettings settings, std::string path);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Takes the address. @returns CONFIG_INVALID or IO_ERROR as net::Server::bind
  [[nodiscard]] core::Result<net::Bound> bind();
  /// Starts to answer. @param runtime  outlives stop()
  [[nodiscard]] core::Result<void> serve(supervision::Runtime& runtime);
  void stop(core::Duration deadline);

private:
  net::ServerSettings settings_;
  std::string path_;
  std::unique_ptr<net::Server> server_;
};

} // namespace troupe::venues::exchange_server
