#include "actors/venues/common/rest_call.hpp"

#include "actors/venues/common/usage.hpp"
#include "actors/venues/common/wire.hpp"
#include "messages/message_types.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

namespace troupe::venues {

/// A reply of the network, on its way to the actor that asked.
struct RestReply {
  std::shared_ptr<const net::HttpResult> result;
};
struct MakeCall {};

} // namespace troupe::venues

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::RestReply)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::venues::MakeCall)

namespace troupe::venues {

namespace rest_call {

using core::Errc;
using core::Error;
using Done = std::function<void(core::Result<std::string>)>;

constexpr std::chrono::seconds permit_slack{2};
/// What a call of a bounded time keeps of it for the call itself.
constexpr std::chrono::seconds call_least{1};
constexpr std::chrono::seconds reply_slack{5};
constexpr std::size_t excerpt_max = 200;

/// Waits for one reply of the network, so that it comes as the answer to an ask does; the network's
/// thread holds nothing of the asking actor.
caf::behavior messenger(caf::event_based_actor* self) {
  auto promise = std::make_shared<caf::typed_response_promise<RestReply>>();
  return {
    [=](const MakeCall&) -> caf::result<RestReply> {
      *promise = self->make_response_promise<RestReply>();
      return *promise;
    },
    [=](const RestReply& reply) {
      promise->deliver(reply);
      self->quit();
    },
  };
}

core::Result<std::string> body_of(const net::HttpResult& result, const std::string& url) {
  if (!result) {
    return result.error();
  }
  constexpr unsigned ok = 200;
  if (result->status == ok) {
    return wire::padded(result->body);
  }
  const auto text =
    url + ": status " + std::to_string(result->status) + ", " + result->body.substr(0, excerpt_max);
  const auto status = result->status;
  const auto code = status == 429 || status == 418  ? Errc::RATE_LIMITED
                    : status >= 400 && status < 500 ? Errc::INVALID_ARGUMENT
                                                    : Errc::UNAVAILABLE;
  return Error{code, text};
}

void report(supervision::Actor* self, const RestPort& port, messages::ReportUsage usage) {
  if (const auto limiter = self->runtime().registry.find(port.limiter).actor) {
    self->send(limiter, std::move(usage));
  }
}

void call(supervision::Actor* self,
          const RestPort& port,
          const RestGet& get,
          std::chrono::nanoseconds timeout,
          const Done& done) {
  const auto& settings = *port.settings;
  const auto breaker = self->runtime().breakers.edge(settings.name + ">rest", {.needed = true});
  const auto permitted = breaker->allow();
  if (!permitted) {
    report(self, port, {.venue = settings.name, .cost = get.cost, .retry_after = {}, .notes = {}});
    done(permitted.error());
    return;
  }
  const auto started = self->clock().now();
  const net::ClientRequest request{.method = net::Method::GET,
                                   .url = settings.rest_url + get.target,
                                   .headers = {{"User-Agent", "troupe"}},
                                   .timeout = core::Duration{timeout}};
  // Not supervised: it lives for one call, and is gone with the last that knows it.
  const auto helper = self->home_system().spawn(messenger);
  self->request(helper, timeout + reply_slack, MakeCall{})
    .then(
      [=](const RestReply& reply) {
        const auto& result = *reply.result;
        auto body = body_of(result, request.url);
        breaker->report(body ? Errc::NONE : body.error().code, self->clock().now() - started);
        const auto now = self->runtime().clock.now();
        report(self, port,
               result ? read_usage(settings.name, get.cost, *result, port.ratelimit_name, now)
                      : messages::ReportUsage{
                        .venue = settings.name, .cost = get.cost, .retry_after = {}, .notes = {}});
        done(std::move(body));
      },
      [=](const caf::error& error) {
        breaker->report(Errc::TIMEOUT, self->clock().now() - started);
        done(core::from_caf(error));
      });
  port.network->http().request(request, [helper](net::HttpResult result) {
    caf::anon_send(helper, RestReply{std::make_shared<const net::HttpResult>(std::move(result))});
  });
}

} // namespace rest_call

std::string sibling(std::string_view path, std::string_view name) {
  return std::string{path.substr(0, path.rfind('/') + 1)} + std::string{name};
}

void rest_get(supervision::Actor* self,
              const RestPort& port,
              const RestGet& get,
              const std::function<void(core::Result<std::string>)>& done) {
  const auto limiter = self->runtime().registry.find(port.limiter).actor;
  if (!limiter) {
    done(core::Error{core::Errc::ACTOR_DOWN, port.limiter + " is down"});
    return;
  }
  const auto& settings = *port.settings;
  const std::chrono::nanoseconds none{0};
  const auto wait = get.within ? std::clamp<std::chrono::nanoseconds>(
                      *get.within - rest_call::call_least, none, settings.limits.wait_max.chrono())
                               : settings.limits.wait_max.chrono();
  const auto started = self->clock().now();
  self
    ->request(limiter, wait + rest_call::permit_slack,
              messages::AcquireBudget{.venue = settings.name,
                                      .caller = self->runtime().node + ":" + self->path(),
                                      .cost = get.cost,
                                      .what = messages::CallClass::MARKET_DATA,
                                      .wait = core::Duration{wait}})
    .then(
      [=](const messages::BudgetGranted&) {
        auto timeout = port.settings->request_timeout.chrono();
        if (get.within) {
          const auto left = *get.within - (self->clock().now() - started);
          timeout = std::clamp<std::chrono::nanoseconds>(left, rest_call::call_least / 2, timeout);
        }
        rest_call::call(self, port, get, timeout, done);
      },
      [=](const caf::error& error) { done(core::from_caf(error)); });
}

} // namespace troupe::venues
