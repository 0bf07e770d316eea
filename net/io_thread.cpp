#include "net/io_thread.hpp"

#include "core/log.hpp"
#include "net/detail/asio.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <thread>

namespace troupe::net {

struct IoThread::State {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<detail::Executor> work{context.get_executor()};
  std::thread thread;
};

IoThread::IoThread() : state_(std::make_unique<State>()) {
  state_->thread = std::thread([state = state_.get()] {
    while (true) {
      try {
        state->context.run();
        return;
      } catch (const std::exception& e) { // a callback's failure is not the others'
        core::log::error("client callback threw", {{"what", e.what()}});
      }
    }
  });
}

IoThread::~IoThread() {
  state_->context.stop();
  state_->thread.join();
}

boost::asio::io_context& IoThread::context() noexcept {
  return state_->context;
}

void IoThread::post(std::function<void()> task) {
  boost::asio::post(state_->context, std::move(task));
}

} // namespace troupe::net
