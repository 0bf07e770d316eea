#include "actors/venues/common/bar_pages.hpp"

#include <doctest/doctest.h>

namespace {

using namespace troupe::venues;
using namespace troupe::trading;
using namespace std::chrono_literals;
using troupe::core::Timestamp;

Timestamp at(std::int64_t minutes) {
  return Timestamp{minutes * 60'000'000'000};
}

/// A venue that has a bar each `step`, but for every seventh.
std::vector<Bar> bars(Timestamp start, Timestamp end, std::chrono::nanoseconds step) {
  std::vector<Bar> out;
  for (auto t = start; t < end; t = t + step) {
    const auto n = t.ns / step.count();
    if (n % 7 != 0) {
      const auto price = Price::from_integer(n);
      out.push_back(
        {t, t + step, price, price, price, price, Quantity::from_integer(1), 1, false, {}});
    }
  }
  return out;
}

std::vector<Bar> run(BarPages& pages, std::chrono::nanoseconds step, Timestamp now, int& asked) {
  while (const auto page = pages.next()) {
    ++asked;
    REQUIRE(asked < 100);
    auto answer = bars(page->start, page->end, step);
    answer.push_back({page->end,
                      page->end + step,
                      {},
                      {},
                      {},
                      {},
                      Quantity::from_integer(1),
                      1,
                      false,
                      {}}); // outside of what was asked
    if (!answer.empty()) {
      answer.push_back(answer.front()); // a double
    }
    std::reverse(answer.begin(), answer.end());
    pages.take(std::move(answer), now);
  }
  return pages.result();
}

TEST_CASE("bar pages: the earliest of a range, by the venue's most, ascending and distinct") {
  int asked = 0;
  BarPages pages{intervals::m1, 1min, at(100), at(200), 50, 20};
  const auto found = run(pages, 1min, at(1000), asked);
  REQUIRE(found.size() == 50);
  CHECK(asked == 3);
  const auto expected = bars(at(100), at(200), 1min);
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].ts_open == expected[i].ts_open);
    CHECK(found[i].final);
  }
}

TEST_CASE("bar pages: the newest without a start, and none that is not finished") {
  int asked = 0;
  BarPages pages{intervals::m1, 1min, std::nullopt, at(200), 30, 20};
  const auto found = run(pages, 1min, at(190) + 30s, asked);
  REQUIRE(found.size() == 30);
  CHECK(found.back().ts_close <= at(190));
  CHECK(found.back().ts_open == at(188)); // 189 is one that nobody traded in
}

TEST_CASE("bar pages: longer bars are built of whole shorter ones") {
  int asked = 0;
  BarPages pages{intervals::h4, 1h, at(0), at(24 * 60), 100, 10};
  const auto found = run(pages, 1h, at(23 * 60), asked);
  CHECK(asked == 3);          // two of 4h in each page of 10
  REQUIRE(found.size() == 5); // the last one is not finished
  CHECK(found.front().ts_open == at(0));
  CHECK(found.front().open == Price::from_integer(1)); // hour 0 has no bar
  CHECK(found.front().close == Price::from_integer(3));
  CHECK(found.front().volume == Quantity::from_integer(3));
}

TEST_CASE("bar pages: an end of the venue's history is noticed") {
  BarPages pages{intervals::m1, 1min, std::nullopt, at(100'000), 500, 100};
  unsigned asked = 0;
  while (pages.next()) {
    ++asked;
    pages.take({}, at(100'000));
  }
  CHECK(asked == BarPages::empty_max);
  CHECK(pages.result().empty());
}

} // namespace
