#include "supervision/solver_pool.hpp"

#include "core/errc.hpp"
#include "supervision/registry.hpp"

#include <algorithm>
#include <utility>

namespace troupe::supervision {

using core::Errc;
using core::Error;

SolverPool::SolverPool(std::vector<std::string> paths,
                       std::size_t waiting_max,
                       std::chrono::nanoseconds work_max)
  : waiting_max_(waiting_max), work_max_(work_max) {
  for (auto& path : paths) {
    slots_.push_back({.path = std::move(path)});
  }
}

void SolverPool::submit(Actor* self, Work work, std::chrono::nanoseconds deadline, Done done) {
  const auto now = self->clock().now().time_since_epoch();
  waiting_.push_back({std::move(work), now + deadline, std::move(done)});
  tick(self);
  if (waiting_.size() > waiting_max_) {
    const auto refused = std::move(waiting_.back().done);
    waiting_.pop_back();
    refused(Error{Errc::OVERLOADED,
                  std::to_string(waiting_max_) + " requests wait for a solver already"});
  }
}

void SolverPool::tick(Actor* self) {
  const std::chrono::nanoseconds now = self->clock().now().time_since_epoch();
  std::vector<Done> late;
  while (!waiting_.empty() && waiting_.front().expires <= now) {
    late.push_back(std::move(waiting_.front().done));
    waiting_.pop_front();
  }
  for (std::size_t i = 0; i < slots_.size() && !waiting_.empty(); ++i) {
    auto& slot = slots_[i];
    const auto entry = self->runtime().registry.find(slot.path);
    const bool at_work = slot.busy && slot.epoch == entry.epoch && now - slot.since < work_max_;
    if (!entry.actor || at_work) {
      continue;
    }
    slot.busy = true;
    slot.since = now;
    slot.epoch = entry.epoch;
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    run(self, i, entry.actor, std::move(job));
  }
  for (const auto& done : late) {
    done(Error{Errc::TIMEOUT, "no solver was free in time"});
  }
}

void SolverPool::run(Actor* self, std::size_t index, const caf::actor& solver, Job job) {
  const std::chrono::nanoseconds now = self->clock().now().time_since_epoch();
  const auto epoch = slots_[index].epoch;
  const auto done = std::make_shared<const Done>(std::move(job.done));
  self->request(solver, std::min(job.expires - now, work_max_), std::move(job.work))
    .then(
      [this, self, index, epoch, done](const WorkDone& work) {
        if (slots_[index].epoch == epoch) {
          slots_[index].busy = false;
        }
        (*done)(work.outcome());
        tick(self);
      },
      [done](const caf::error& error) {
        // crashed, or still at it: busy until it is replaced or must have ended
        (*done)(core::from_caf(error));
      });
}

} // namespace troupe::supervision
