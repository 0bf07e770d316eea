// Order matching against the textbook book (std::map of price levels, a list of orders each, a hash
// map of ids), on the same sequences in the same run.
//     bench_matching [runs] [operations]

#include "matching_workload.hpp"
#include "report.hpp"
#include "trading/matching.hpp"

#include <chrono>
#include <cstdlib>

namespace {

using namespace troupe::bench;
using namespace troupe::trading::matching;

struct OutcomeSink : NullSink {
  Outcome outcome;
  std::uint64_t acks = 0;
  void accepted(const NewOrder&) { ++acks; }
  void rested(const NewOrder&, OrderRef, std::int64_t) { ++acks; }
  void canceled(std::uint64_t, OrderRef, std::int64_t, CancelReason) { ++acks; }
  void filled(const Fill& fill) {
    outcome.trade(fill.maker_tag, fill.taker_tag, fill.tick, fill.lots);
  }
};

/// The matching book behind the caller's own dense ids, as an exchange would hold it.
class Ours {
public:
  explicit Ours(std::size_t ids) : refs_(ids) {}
  void submit(const Operation& op) {
    NewOrder order;
    order.tag = op.id;
    order.owner = 1 + static_cast<std::uint32_t>(op.id % 1000);
    order.self_trade = SelfTrade::ALLOW; // the textbook book has no owners
    order.side = op.side;
    order.tick = op.tick;
    order.lots = op.lots;
    refs_[op.id] = book_.submit(order, sink_).ref;
  }
  bool cancel(std::uint64_t id) { return book_.cancel(refs_[id], sink_) == Refusal::NONE; }
  [[nodiscard]] std::size_t size() const { return book_.size(); }
  [[nodiscard]] const Outcome& outcome() const { return sink_.outcome; }

private:
  OutcomeSink sink_;
  Book book_;
  std::vector<OrderRef> refs_;
};

template <class Engine>
void apply(Engine& engine, const Operation& op) {
  op.cancel ? void(engine.cancel(op.id)) : engine.submit(op);
}

/// @returns million operations per second
template <class Engine>
double rate(Engine& engine, const Workload& work) {
  for (const auto& op : work.prefill) {
    apply(engine, op);
  }
  const auto start = troupe::bench::thread_cpu_ns();
  for (const auto& op : work.operations) {
    apply(engine, op);
  }
  const auto spent = static_cast<double>(troupe::bench::thread_cpu_ns() - start);
  return static_cast<double>(work.operations.size()) * 1e3 / spent;
}

struct Latency {
  double p50_ns = 0;
  double p99_ns = 0;
};

/// Each operation timed by itself; the clock's own reading (about 20 ns) is part of every sample.
template <class Engine>
Latency latency(const Workload& work) {
  Engine engine{work.ids};
  for (const auto& op : work.prefill) {
    apply(engine, op);
  }
  std::vector<std::int64_t> spent_ns;
  spent_ns.reserve(work.operations.size());
  for (const auto& op : work.operations) {
    const auto start = std::chrono::steady_clock::now();
    apply(engine, op);
    spent_ns.push_back((std::chrono::steady_clock::now() - start).count());
  }
  const auto at = [&](std::size_t percent) {
    const auto nth =
      spent_ns.begin() + static_cast<std::ptrdiff_t>(spent_ns.size() * percent / 100);
    std::nth_element(spent_ns.begin(), nth, spent_ns.end());
    return static_cast<double>(*nth);
  };
  return {at(50), at(99)};
}

bool compare(const std::string& name, bool steady, std::size_t count, int runs) {
  const auto work = make(steady, count);
  std::vector<double> textbook, ours, ratio, p50, p99, textbook_p50, textbook_p99;
  std::uint64_t trades = 0;
  for (int i = 0; i < runs; ++i) {
    Textbook a{work.ids};
    Ours b{work.ids};
    textbook.push_back(rate(a, work));
    ours.push_back(rate(b, work));
    ratio.push_back(ours.back() / textbook.back());
    if (a.outcome() != b.outcome() || a.size() != b.size()) {
      std::printf("%s: the books disagree\n", name.c_str());
      return false;
    }
    trades = a.outcome().trades;
    const auto theirs = latency<Textbook>(work);
    const auto mine = latency<Ours>(work);
    p50.push_back(mine.p50_ns);
    p99.push_back(mine.p99_ns);
    textbook_p50.push_back(theirs.p50_ns);
    textbook_p99.push_back(theirs.p99_ns);
  }
  print_row(name, median(ours), "Mops/s", "std::map book", median(textbook), median(ratio),
            std::to_string(work.live) + " live at the end, " + std::to_string(trades) + " trades");
  print_row(name + ", p50", median(p50), "ns", "std::map book", median(textbook_p50),
            median(p50) / median(textbook_p50));
  print_row(name + ", p99", median(p99), "ns", "std::map book", median(textbook_p99),
            median(p99) / median(textbook_p99));
  return true;
}

} // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 7;
  const auto count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  const bool same = compare("order matching, steady", true, count, runs)
                    && compare("order matching, grow", false, count, runs);
  return same ? 0 : 1;
}
