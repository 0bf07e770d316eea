#include "quant/indicators/adx.hpp"
#include "quant/indicators/atr.hpp"
#include "quant/indicators/bollinger.hpp"
#include "quant/indicators/choppiness.hpp"
#include "quant/indicators/rsi.hpp"
#include "random_bars.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace troupe::quant;
using namespace troupe::quant::testing;
using Eigen::Index;
using Eigen::VectorXd;

namespace {

constexpr double no_price = std::numeric_limits<double>::quiet_NaN();

} // namespace

TEST_CASE("windows: sums and variances keep their digits, whatever the level") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(1, 60);
    const double level = *rc::gen::element(0.0, 1e-8, 1.0, 1e6, -1e12);
    const double spread = *rc::gen::element(1e-9, 1e-3, 1.0, 1e5);
    std::mt19937 generator{*seeds()};
    std::normal_distribution<double> normal;
    MomentWindow moments{n};
    SumWindow sums{n};
    std::vector<double> all;
    for (Index t = 0; t < 200; ++t) {
      const bool spike = generator() % 50 == 0;
      all.push_back(level + spread * normal(generator) * (spike ? 1e6 : 1.0));
      moments.push(all.back());
      sums.push(all.back());
      RC_ASSERT(moments.full() == (t + 1 >= n));
      const auto first = all.end() - std::min<Index>(t + 1, n);
      long double sum = 0.0;
      long double magnitude = 0.0;
      for (auto x = first; x != all.end(); ++x) {
        sum += *x;
        magnitude += std::abs(*x);
      }
      const auto rounding = static_cast<double>(magnitude) * 1e-15 * static_cast<double>(n);
      RC_ASSERT(std::abs(sums.sum() - static_cast<double>(sum)) <= rounding);
      RC_ASSERT(std::abs(moments.sum() - static_cast<double>(sum)) <= rounding);
      if (!moments.full()) {
        continue;
      }
      long double shifted = 0.0; // about one of them, so that the reference keeps its own digits
      for (auto x = first; x != all.end(); ++x) {
        shifted += static_cast<long double>(*x) - *first;
      }
      const long double mean = shifted / static_cast<long double>(n);
      long double squares = 0.0;
      for (auto x = first; x != all.end(); ++x) {
        const long double deviation = static_cast<long double>(*x) - *first - mean;
        squares += deviation * deviation;
      }
      const auto variance = static_cast<double>(squares / static_cast<long double>(n));
      const auto length = static_cast<double>(n);
      RC_ASSERT(std::abs(moments.variance() - variance)
                <= 2e-16 * length * (length + 10.0) * variance);
    }
  }));
}

TEST_CASE("indicators: over a series equal one bar at a time, whatever period and length") {
  const auto near = [](double a, double b) {
    return std::abs(a - b) <= 1e-12 * (1.0 + std::abs(b));
  };
  CHECK(rc::check([&] {
    const auto n = *rc::gen::inRange<Index>(1, 400);
    const auto chop_n = std::max<Index>(n, 2); // choppiness has no period of 1
    const auto edge = *rc::gen::inRange<Index>(0, 4) * block_bars + *rc::gen::inRange<Index>(0, 3);
    const auto size =
      2 * chop_n + *rc::gen::oneOf(rc::gen::inRange<Index>(0, 900), rc::gen::just(edge));
    const auto w = walk(size, *seeds());
    const bool raw = *rc::gen::arbitrary<bool>();
    const auto range = raw ? ChoppinessRange::RAW : ChoppinessRange::TRUE;
    const auto first_bar = *rc::gen::element(FirstBar::SKIPPED, FirstBar::HIGH_LOW);
    const auto directions = adx(w.bars(), n);
    const auto ranges = atr(w.bars(), n);
    const auto strength = rsi(w.close, n);
    const auto bands = bollinger(w.close, n, 2.5);
    const auto chop = choppiness(w.bars(), chop_n, range, first_bar);
    Adx adx_running{n};
    Atr atr_running{n};
    Rsi rsi_running{n};
    Bollinger bands_running{n, 2.5};
    Choppiness chop_running{chop_n, range, first_bar};
    const Index chop_first = size - chop->size();
    for (Index t = 0; t < size; ++t) {
      const auto a = adx_running.update(w.high[t], w.low[t], w.close[t]);
      RC_ASSERT(a.has_value() == (t >= n));
      if (a) {
        RC_ASSERT(near(directions->plus_di[t - n], a->plus_di));
        RC_ASSERT(near(directions->minus_di[t - n], a->minus_di));
        RC_ASSERT(near(directions->dx[t - n], a->dx));
        RC_ASSERT(a->adx.has_value() == (t >= 2 * n - 1));
        RC_ASSERT((!a->adx || near(directions->adx[t - 2 * n + 1], *a->adx)));
      }
      const auto b = atr_running.update(w.high[t], w.low[t], w.close[t]);
      RC_ASSERT(b.has_value() == (t >= 1));
      RC_ASSERT((!b || b->atr.has_value() == (t >= n)));
      RC_ASSERT((!b || ranges->true_range[t - 1] == b->true_range));
      RC_ASSERT((!b || !b->atr || near(ranges->atr[t - n], *b->atr)));
      const auto c = rsi_running.update(w.close[t]);
      RC_ASSERT(c.has_value() == (t >= n));
      RC_ASSERT((!c || near((*strength)[t - n], *c)));
      const auto d = bands_running.update(w.close[t]);
      RC_ASSERT(d.has_value() == (t >= n - 1));
      if (d) {
        const Index i = t - n + 1;
        const auto& share = bands->percent_b[static_cast<std::size_t>(i)];
        RC_ASSERT(near(bands->lower[i], d->lower));
        RC_ASSERT(near(bands->middle[i], d->middle));
        RC_ASSERT(near(bands->upper[i], d->upper));
        RC_ASSERT(share.has_value() == d->percent_b.has_value());
        RC_ASSERT((!share || near(*share, *d->percent_b)));
      }
      const auto e = chop_running.update(w.high[t], w.low[t], w.close[t]);
      RC_ASSERT(e.has_value() == (t >= chop_first));
      RC_ASSERT((!e || near((*chop)[t - chop_first], *e)));
    }
  }));
}

TEST_CASE("indicators: a bar that is refused is found wherever it stands") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(2, 40);
    const auto at = *rc::gen::inRange<Index>(0, 700);
    auto w = walk(700, *seeds());
    auto* const series = *rc::gen::element(&w.high, &w.low, &w.close);
    constexpr double infinite = std::numeric_limits<double>::infinity();
    (*series)[at] = *rc::gen::element(no_price, infinite, -infinite, 2e100, -2e100);
    RC_ASSERT(adx(w.bars(), n).reason() == Reason::BAD_SAMPLE);
    RC_ASSERT(atr(w.bars(), n).reason() == Reason::BAD_SAMPLE);
    RC_ASSERT(choppiness(w.bars(), n).reason() == Reason::BAD_SAMPLE);
    w.close[at] = no_price;
    RC_ASSERT(rsi(w.close, n).reason() == Reason::BAD_SAMPLE);
    RC_ASSERT(bollinger(w.close, n, 2.0).reason() == Reason::BAD_SAMPLE);
  }));
}

TEST_CASE("windows: extremes are those of the last samples") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<Index>(1, 30);
    const VectorXd x = walk(120, *seeds()).close;
    MaximumWindow highest{n};
    MinimumWindow lowest{n};
    for (Index t = 0; t < x.size(); ++t) {
      highest.push(x[t]);
      lowest.push(x[t]);
      const Index size = std::min(t + 1, n);
      RC_ASSERT(highest.value() == x.segment(t + 1 - size, size).maxCoeff());
      RC_ASSERT(lowest.value() == x.segment(t + 1 - size, size).minCoeff());
    }
  }));
}
