#include "net/server.hpp"

#include "net/detail/accept.hpp"
#include "net/detail/hash.hpp"
#include "net/tls.hpp"

#include <algorithm>

namespace troupe::net {

std::string Bound::host_port() const {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::string Bound::url() const {
  return (is_tls ? "https://" : "http://") + host_port();
}

struct Server::State {
  std::shared_ptr<detail::ServerShared> shared = std::make_shared<detail::ServerShared>();
  std::vector<std::shared_ptr<detail::Worker>> workers;
  std::shared_ptr<detail::Acceptor> acceptor;
  bool is_bound = false;
  bool is_started = false;
};

Server::Server(ServerSettings settings, Router router, ServerOptions options)
  : state_(std::make_unique<State>()) {
  state_->shared->settings = std::move(settings);
  state_->shared->router = std::move(router);
  state_->shared->options = std::move(options);
  state_->shared->limiter =
    std::make_unique<detail::RateLimiter>(state_->shared->settings.rate_limits);
}

Server::~Server() {
  stop(core::Duration{});
}

core::Result<Bound> Server::start() {
  auto bound = bind();
  if (bound) {
    run();
  }
  return bound;
}

core::Result<void> Server::serve(Router router) {
  if (!state_->is_bound || state_->is_started) {
    return core::Error{core::Errc::INTERNAL, "a server is bound, then serves, once"};
  }
  state_->shared->router = std::move(router);
  run();
  return {};
}

core::Result<Bound> Server::bind() {
  auto& shared = *state_->shared;
  if (state_->is_bound) {
    return core::Error{core::Errc::INTERNAL, "a server starts once"};
  }
  auto random = detail::random_bytes(4);
  if (!random) {
    return random.error();
  }
  shared.id_prefix = shared.options.node + "-" + detail::to_hex(*random) + "-";
  const auto& files = shared.settings.tls;
  if (!files.certificate.empty() || !files.key.empty()) {
    auto tls = make_server_tls(files);
    if (!tls) {
      return tls.error();
    }
    shared.tls = *tls;
  }
  std::vector<std::shared_ptr<detail::Worker>> workers;
  for (std::uint32_t i = 0; i < std::max(shared.settings.threads, 1U); ++i) {
    workers.push_back(std::make_shared<detail::Worker>(state_->shared));
  }
  const auto acceptor = std::make_shared<detail::Acceptor>(state_->shared, workers);
  auto bound = acceptor->open();
  if (!bound) {
    return bound.error();
  }
  shared.bound = *bound;
  state_->workers = std::move(workers);
  state_->acceptor = acceptor;
  state_->is_bound = true;
  return shared.bound;
}

void Server::run() {
  state_->is_started = true;
  state_->acceptor->start();
  for (const auto& worker : state_->workers) {
    worker->run_thread();
  }
}

void Server::stop(core::Duration deadline) {
  if (!state_->is_started || state_->shared->stopping.exchange(true)) {
    return;
  }
  state_->acceptor->close();
  const auto deadline_ns = core::monotonic_ns() + std::max<std::int64_t>(deadline.ns, 1);
  for (const auto& worker : state_->workers) {
    worker->stop(deadline_ns);
  }
  for (const auto& worker : state_->workers) {
    worker->join();
  }
  state_->acceptor.reset();
  state_->workers.clear();
  // Handlers may keep sessions, which keep their worker and so the routes to the handlers.
  state_->shared->router = Router{{}};
}

const ServerCounters& Server::counters() const noexcept {
  return state_->shared->counters;
}

} // namespace troupe::net
