#include "nodes/cluster/link_loop.hpp"

#include "core/log.hpp"
#include "supervision/after_handler.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/datagram_servant.hpp>
#include <caf/io/doorman.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/sec.hpp>

#include <array>
#include <cerrno>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace troupe::cluster {

namespace link_loop {

constexpr LinkLoop::Id wake_id = 0; ///< of the eventfd among the events
constexpr int events_max = 64;
constexpr int rounds_max = 8; ///< an actor's thread helps so often before it wakes the loop's
constexpr std::size_t turn_max = 30; ///< messages of an actor that runs where it was woken

int checked(int descriptor, const char* what) {
  if (descriptor < 0) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return descriptor;
}

} // namespace link_loop

thread_local LinkLoop::Pass* LinkLoop::pass = nullptr;

void LinkLoop::Unit::exec_later(caf::resumable* job) {
  system().scheduler().enqueue(job);
}

LinkLoop::LinkLoop(caf::actor_system* system)
  : multiplexer(system), unit_(*system),
    epoll_(link_loop::checked(::epoll_create1(EPOLL_CLOEXEC), "epoll")),
    wake_(link_loop::checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
    max_throughput_(caf::get_or(system->config(), "scheduler.max-throughput", std::size_t{300})) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET; // each write wakes one thread
  event.data.u64 = link_loop::wake_id;
  link_loop::checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event), "epoll_ctl");
}

LinkLoop::~LinkLoop() {
  for (auto* job : posted_) {
    caf::scheduler::abstract_coordinator::cleanup_and_release(job);
  }
  members_.clear();
  ::close(wake_);
  ::close(epoll_);
}

// ---- connections -------------------------------------------------------------------------------

LinkLoop::Id LinkLoop::add(caf::io::scribe_ptr keep, Member& member) {
  const auto id = ++last_id_;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
  event.data.u64 = id;
  members_.emplace(id, Entry{std::move(keep), &member, false});
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, member.descriptor(), &event) != 0) {
    core::log::error("link not watched", {{"reason", std::generic_category().message(errno)}});
  }
  return id;
}

void LinkLoop::remove(Id id) {
  const auto found = members_.find(id);
  if (found == members_.end()) {
    return;
  }
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, found->second.member->descriptor(), nullptr);
  if (pass != nullptr) { // it may be in the midst of a call
    pass->gone.push_back(std::move(found->second.keep));
  }
  members_.erase(found);
}

void LinkLoop::want_write(Id id) {
  if (const auto found = members_.find(id);
      found != members_.end() && !std::exchange(found->second.wants_write, true)) {
    unwritten_.push_back(id);
  }
}

void LinkLoop::watch(Id id, const Entry& entry, bool for_write) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
  if (for_write) {
    event.events |= EPOLLOUT;
  }
  event.data.u64 = id;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, entry.member->descriptor(), &event);
}

// ---- with the baton
// ------------------------------------------------------------------------------

void LinkLoop::handle(Pass& now, const epoll_event* events, int count) {
  for (int i = 0; i < count; ++i) {
    const auto id = events[i].data.u64;
    if (id == link_loop::wake_id) {
      std::uint64_t number = 0;
      [[maybe_unused]] const auto n = ::read(wake_, &number, sizeof number);
      continue;
    }
    const auto found = members_.find(id);
    if (found == members_.end()) {
      continue; // removed while this event waited for the baton
    }
    now.read.push_back(id);
    if ((events[i].events & EPOLLOUT) != 0) {
      want_write(id);
    }
    if ((events[i].events & ~std::uint32_t{EPOLLOUT}) != 0) {
      found->second.member->read_in();
    }
  }
}

void LinkLoop::run_posted() {
  std::vector<caf::resumable*> jobs;
  {
    const std::lock_guard hold{posted_mutex_};
    jobs.swap(posted_);
  }
  for (auto* job : jobs) {
    switch (job->resume(this, max_throughput_)) {
      case caf::resumable::resume_later: put(job); break;
      case caf::resumable::shutdown_execution_unit: break;
      case caf::resumable::awaiting_message:
      case caf::resumable::done: caf::intrusive_ptr_release(job); break;
    }
  }
}

void LinkLoop::write_all() {
  while (!unwritten_.empty()) { // the end of one link may make others write
    auto ids = std::exchange(unwritten_, {});
    for (const auto id : ids) {
      auto found = members_.find(id);
      if (found == members_.end()) {
        continue;
      }
      found->second.wants_write = false;
      const bool waits = found->second.member->write_out();
      found = members_.find(id); // it may have failed
      if (waits && found != members_.end()) {
        watch(id, found->second, true);
        std::erase(pass->read, id);
      }
    }
  }
}

/// What was read, or posted, is done; then everything that came of it is written.
void LinkLoop::do_posted(Pass& now) {
  run_posted();
  write_all();
  for (const auto id : now.read) {
    if (const auto found = members_.find(id); found != members_.end()) {
      watch(id, found->second, false);
    }
  }
  now.read.clear();
}

// ---- taking and giving the baton
// -----------------------------------------------------------------

bool LinkLoop::anything_posted() {
  const std::lock_guard hold{posted_mutex_};
  return !posted_.empty();
}

/// @pre the baton is held. Who posts something and finds the baton taken relies on this look.
void LinkLoop::give_back(Pass& now) {
  pass = nullptr;
  baton_.unlock();
  now.gone.clear();
  for (int round = 0; anything_posted(); ++round) {
    if (!baton_.try_lock()) {
      return; // whoever has it looks too
    }
    if (round == link_loop::rounds_max) {
      baton_.unlock();
      wake(); // this thread has other things to do
      return;
    }
    pass = &now;
    do_posted(now);
    pass = nullptr;
    baton_.unlock();
    now.gone.clear();
  }
}

void LinkLoop::help() noexcept {
  if (ended_.load() || !baton_.try_lock()) {
    return;
  }
  Pass now{this, {}, {}, {}};
  pass = &now;
  do_posted(now);
  give_back(now);
  for (auto* job : now.woken) {
    system().scheduler().enqueue(job);
  }
}

void LinkLoop::run_woken(Pass& now) {
  if (now.woken.empty()) {
    return;
  }
  const bool here = waiting_.load() > 0 && !ended_.load();
  for (std::size_t i = here ? 1 : 0; i < now.woken.size(); ++i) {
    system().scheduler().enqueue(now.woken[i]);
  }
  if (!here) {
    return;
  }
  auto* job = now.woken.front();
  switch (job->resume(&unit_, link_loop::turn_max)) {
    case caf::resumable::resume_later: system().scheduler().enqueue(job); break;
    case caf::resumable::shutdown_execution_unit: break;
    case caf::resumable::awaiting_message:
    case caf::resumable::done: caf::intrusive_ptr_release(job); break;
  }
}

bool LinkLoop::turn(int wait_ms) {
  std::array<epoll_event, link_loop::events_max> events{};
  ++waiting_;
  const int count = ::epoll_wait(epoll_, events.data(), link_loop::events_max, wait_ms);
  --waiting_;
  if (count <= 0) {
    return false;
  }
  Pass now{this, {}, {}, {}};
  baton_.lock();
  pass = &now;
  handle(now, events.data(), count);
  do_posted(now);
  give_back(now);
  run_woken(now);
  return true;
}

void LinkLoop::serve() {
  while (!ended_.load()) {
    turn(-1);
  }
  wake(); // the other thread
}

void LinkLoop::run() {
  std::thread second{[this] {
    pthread_setname_np(pthread_self(), "caf.links");
    serve();
  }};
  serve();
  second.join();
}

void LinkLoop::run_once() {
  turn(-1);
}

bool LinkLoop::try_run_once() {
  return turn(0);
}

void LinkLoop::wake() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_, &one, sizeof one);
}

// ---- what comes from elsewhere
// ---------------------------------------------------------------------

void LinkLoop::put(caf::resumable* job) {
  const std::lock_guard hold{posted_mutex_};
  posted_.push_back(job);
}

void LinkLoop::exec_later(caf::resumable* job) {
  const bool mine = pass != nullptr && pass->loop == this;
  const auto kind = job->subtype();
  if (kind != caf::resumable::io_actor && kind != caf::resumable::function_object) {
    if (mine) {
      pass->woken.push_back(job);
    } else {
      system().scheduler().enqueue(job);
    }
    return;
  }
  put(job);
  if (mine) {
    return; // it is looked at before the baton is given back
  }
  const auto work = [](void* of) noexcept { static_cast<LinkLoop*>(of)->help(); };
  if (!supervision::AfterHandler::defer(work, this)) {
    wake();
  }
}

caf::io::network::multiplexer::supervisor_ptr LinkLoop::make_supervisor() {
  class End final : public supervisor {
  public:
    explicit End(LinkLoop& its) : loop_(its) {}
    ~End() override {
      // In order: what was posted before, such as the end of the brokers, comes first.
      static_cast<multiplexer&>(loop_).post([loop = &loop_] { loop->ended_.store(true); });
    }

  private:
    LinkLoop& loop_;
  };
  return std::make_unique<End>(*this);
}

// ---- refused
// -----------------------------------------------------------------------------------------

caf::io::scribe_ptr LinkLoop::new_scribe(int) {
  return nullptr;
}

caf::expected<caf::io::scribe_ptr> LinkLoop::new_tcp_scribe(const std::string&, std::uint16_t) {
  return caf::sec::cannot_connect_to_node;
}

caf::io::doorman_ptr LinkLoop::new_doorman(int) {
  return nullptr;
}

caf::expected<caf::io::doorman_ptr> LinkLoop::new_tcp_doorman(std::uint16_t, const char*, bool) {
  return caf::sec::cannot_open_port;
}

caf::io::datagram_servant_ptr LinkLoop::new_datagram_servant(int) {
  return nullptr;
}

caf::io::datagram_servant_ptr
LinkLoop::new_datagram_servant_for_endpoint(int, const caf::io::network::ip_endpoint&) {
  return nullptr;
}

caf::expected<caf::io::datagram_servant_ptr> LinkLoop::new_remote_udp_endpoint(const std::string&,
                                                                               std::uint16_t) {
  return caf::sec::cannot_connect_to_node;
}

caf::expected<caf::io::datagram_servant_ptr>
LinkLoop::new_local_udp_endpoint(std::uint16_t, const char*, bool) {
  return caf::sec::cannot_open_port;
}

} // namespace troupe::cluster
