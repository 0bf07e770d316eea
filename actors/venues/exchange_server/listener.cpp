#include "actors/venues/exchange_server/listener.hpp"

#include "actors/venues/exchange_server/exchange_actor.hpp"

#include <array>
#include <utility>

namespace troupe::venues::exchange_server {

namespace {

/// Sessions of one exchange.
class Sessions final : public net::WebSocketHandler {
public:
  explicit Sessions(supervision::ServiceRef exchange) : exchange_(std::move(exchange)) {}
  void on_open(const net::SessionPtr& session, const net::Request& request) override {
    if (!exchange_.send(SessionOpened{session, std::make_shared<const net::Request>(request)})) {
      session->close(net::CloseCode::TRY_AGAIN_LATER, "the exchange is starting");
    }
  }
  void on_message(const net::SessionPtr& session, std::string_view text) override {
    exchange_.send(SessionText{session, std::string(text)});
  }
  void on_close(const net::SessionPtr& session, std::uint16_t) override {
    exchange_.send(SessionClosed{session});
  }

private:
  supervision::ServiceRef exchange_;
};

} // namespace

Listener::Listener(net::ServerSettings settings, std::string path)
  : settings_(std::move(settings)), path_(std::move(path)) {}

Listener::~Listener() = default;

core::Result<net::Bound> Listener::bind() {
  server_ = std::make_unique<net::Server>(settings_, net::Router{});
  return server_->bind();
}

core::Result<void> Listener::serve(supervision::Runtime& runtime) {
  const supervision::ServiceRef exchange{runtime.registry, path_};
  const net::AsyncHandler forward = [exchange](const net::Request& request, const net::Params&,
                                               net::Responder respond) {
    if (!exchange.send(HttpCall{std::make_shared<const net::Request>(request), respond})) {
      net::Response busy;
      busy.status = 503;
      busy.body = R"({"code":-1008,"msg":"Server is currently overloaded with other requests. )"
                  R"(Please try again in a few minutes.","message":"ServiceUnavailable"})";
      respond(std::move(busy));
    }
  };
  const auto sessions = std::make_shared<Sessions>(exchange);
  std::vector<net::Route> routes;
  for (const auto* const path : {"/", "/{path...}"}) {
    for (const auto method : {net::Method::GET, net::Method::POST, net::Method::PUT,
                              net::Method::PATCH, net::Method::DELETE}) {
      routes.push_back(
        {.method = method, .path = path, .handler = forward, .scope = "none", .accepts = ""});
    }
    routes.push_back({.path = path,
                      .handler = std::shared_ptr<net::WebSocketHandler>{sessions},
                      .scope = "none",
                      .accepts = ""});
  }
  return server_->serve(net::Router{std::move(routes)});
}

void Listener::stop(core::Duration deadline) {
  if (server_) {
    server_->stop(deadline);
  }
}

} // namespace troupe::venues::exchange_server
