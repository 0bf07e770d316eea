#include "net/responder.hpp"

#include <atomic>

namespace troupe::net {

struct Responder::State {
  State(std::shared_ptr<ReplySink> to, std::string id)
    : sink(std::move(to)), request_id(std::move(id)) {}
  ~State() {
    if (!answered.load(std::memory_order_acquire)) {
      sink->abandoned();
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::shared_ptr<ReplySink> sink;
  std::string request_id;
  std::atomic<bool> answered{false};
};

Responder::Responder(std::shared_ptr<ReplySink> sink, std::string request_id)
  : state_(std::make_shared<State>(std::move(sink), std::move(request_id))) {}

bool Responder::operator()(Response response) const {
  if (state_->answered.exchange(true, std::memory_order_acq_rel)) {
    return false;
  }
  state_->sink->deliver(std::move(response));
  return true;
}

bool Responder::answered() const noexcept {
  return state_->answered.load(std::memory_order_acquire);
}

const std::string& Responder::request_id() const noexcept {
  return state_->request_id;
}

} // namespace troupe::net
