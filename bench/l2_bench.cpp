// Level updates by exact price and quantity, L2Book against std::map, in the same run.
//     bench_l2 [runs] [updates]

#include "core/random.hpp"
#include "report.hpp"
#include "trading/l2_book.hpp"

#include <cstdlib>
#include <map>

namespace {

using namespace troupe::trading;

struct Update {
  Side side;
  Level level;
};

/// Near a moving mid price, a third of them removals, as a venue's depth stream has them.
std::vector<Update> make_updates(std::size_t count) {
  troupe::core::Random random{13};
  std::vector<Update> updates;
  std::int64_t mid = 6'000'000;
  for (std::size_t i = 0; i < count; ++i) {
    mid += i % 16 == 0 ? static_cast<std::int64_t>(random.below(3)) - 1 : 0;
    const auto side = random.below(2) == 0 ? Side::BUY : Side::SELL;
    const auto away = 200 + static_cast<std::int64_t>(random.below(40) * random.below(40));
    const auto tick = side == Side::BUY ? mid - away : mid + away;
    const auto lots =
      random.below(3) == 0 ? 0 : 1 + static_cast<std::int64_t>(random.below(99'999));
    updates.push_back(
      {side, {Price::from_raw(tick * 100'000'000), Quantity::from_raw(lots * 1000)}});
  }
  return updates;
}

/// What a run leaves; the sum of the best prices after every update, so that no work can be left
/// out.
struct Result {
  double rate = 0; ///< million updates per second
  std::size_t levels = 0;
  std::uint64_t sum = 0;
};

Result by_map(const std::vector<Update>& updates) {
  std::map<Price, Quantity, std::greater<>> bids;
  std::map<Price, Quantity> asks;
  Result out;
  const auto start = troupe::bench::thread_cpu_ns();
  for (const auto& [side, level] : updates) {
    const auto apply = [&](auto& book) {
      level.quantity.is_zero() ? void(book.erase(level.price))
                               : void(book[level.price] = level.quantity);
      out.sum += book.empty() ? 0 : static_cast<std::uint64_t>(book.begin()->first.raw());
    };
    side == Side::BUY ? apply(bids) : apply(asks);
  }
  const auto spent = static_cast<double>(troupe::bench::thread_cpu_ns() - start);
  out.rate = static_cast<double>(updates.size()) * 1e3 / spent;
  out.levels = bids.size() + asks.size();
  return out;
}

Result by_book(const std::vector<Update>& updates) {
  L2Book book{{"BTC-USD", "SIM-A"}, *Price::from_text("0.01")};
  (void)book.apply(BookSnapshot{});
  Result out;
  const auto start = troupe::bench::thread_cpu_ns();
  for (const auto& [side, level] : updates) {
    if (!book.set(side, level.price, level.quantity) || !book.finish(1, {})) {
      return {};
    }
    const auto best = side == Side::BUY ? book.best_bid() : book.best_ask();
    out.sum += best ? static_cast<std::uint64_t>(best->price.raw()) : 0;
  }
  const auto spent = static_cast<double>(troupe::bench::thread_cpu_ns() - start);
  out.rate = static_cast<double>(updates.size()) * 1e3 / spent;
  out.levels = book.levels(Side::BUY) + book.levels(Side::SELL);
  return out;
}

} // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 7;
  const auto updates = make_updates(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000);
  std::vector<double> map_rate, book_rate, ratio;
  std::size_t levels = 0;
  for (int i = 0; i < runs; ++i) {
    const auto theirs = by_map(updates);
    const auto ours = by_book(updates);
    if (ours.levels != theirs.levels || ours.sum != theirs.sum) {
      std::puts("L2: the books disagree");
      return 1;
    }
    map_rate.push_back(theirs.rate);
    book_rate.push_back(ours.rate);
    ratio.push_back(ours.rate / theirs.rate);
    levels = ours.levels;
  }
  using troupe::bench::median;
  troupe::bench::print_row("L2 level updates", median(book_rate), "M/s", "std::map",
                           median(map_rate), median(ratio),
                           std::to_string(levels) + " levels at the end");
  return 0;
}
