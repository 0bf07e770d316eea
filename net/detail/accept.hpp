#pragma once

#include "net/detail/worker.hpp"

#include <memory>
#include <vector>

namespace troupe::net::detail {

/// Takes connections on the first worker's loop and hands them to the workers in turn. (One
/// listening socket rather than SO_REUSEPORT: with that, a second server on the same port would
/// start without an error and take half of the connections.)
class Acceptor : public std::enable_shared_from_this<Acceptor> {
public:
  Acceptor(std::shared_ptr<ServerShared> shared, std::vector<std::shared_ptr<Worker>> workers);

  /// Binds and listens. @returns where
  [[nodiscard]] core::Result<Bound> open();
  void start();
  /// From any thread.
  void close();

private:
  void accept();
  void accepted(TcpSocket socket);
  void refuse(TcpSocket& socket);
  void retry_later();

  std::shared_ptr<ServerShared> shared_;
  std::vector<std::shared_ptr<Worker>> workers_;
  TcpAcceptor acceptor_;
  SteadyTimer retry_;
  std::size_t next_ = 0;
};

} // namespace troupe::net::detail
