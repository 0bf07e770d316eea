#include "topics.hpp"

#include "outputs.hpp"
#include "quant/indicators/adx.hpp"
#include "quant/indicators/atr.hpp"
#include "quant/indicators/bollinger.hpp"
#include "quant/indicators/choppiness.hpp"
#include "quant/indicators/rsi.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

namespace troupe::oracle {

namespace {

using nlohmann::json;

struct Columns {
  Eigen::VectorXd high;
  Eigen::VectorXd low;
  Eigen::VectorXd close;

  explicit Columns(const Inputs& inputs)
    : high(inputs.column("high")), low(inputs.column("low")), close(inputs.column("close")) {}
  [[nodiscard]] quant::BarSeries bars() const { return {high, low, close}; }
};

json adx_json(const quant::AdxSeries& out, Eigen::Index size) {
  return {{"plus_di", aligned(out.plus_di, size)},
          {"minus_di", aligned(out.minus_di, size)},
          {"dx", aligned(out.dx, size)},
          {"adx", aligned(out.adx, size)}};
}

/// The directional indices begin before the first average of them does.
quant::AdxSeries directions_alone(const Columns& columns, Eigen::Index period) {
  quant::Adx running{period};
  std::vector<double> plus, minus, dx;
  for (Eigen::Index t = 0; t < columns.close.size(); ++t) {
    const auto value = running.update(columns.high[t], columns.low[t], columns.close[t]);
    if (running.refused() > 0) {
      throw std::runtime_error("refused: bar " + std::to_string(t));
    }
    if (value) {
      plus.push_back(value->plus_di);
      minus.push_back(value->minus_di);
      dx.push_back(value->dx);
    }
  }
  const auto size = static_cast<Eigen::Index>(plus.size());
  const auto vector = [&](const std::vector<double>& values) {
    return Eigen::VectorXd{Eigen::Map<const Eigen::VectorXd>(values.data(), size)};
  };
  return {vector(plus), vector(minus), vector(dx), {}};
}

json evaluate_adx(const Inputs& inputs, std::string_view) {
  const Columns columns{inputs};
  const auto size = columns.close.size();
  const auto period = inputs.whole("n");
  auto out = quant::adx(columns.bars(), period);
  return adx_json(!out && out.reason() == quant::Reason::TOO_SHORT
                    ? directions_alone(columns, period)
                    : value_of(std::move(out)),
                  size);
}

/// True ranges are there before the first average of them is.
json evaluate_atr(const Inputs& inputs, std::string_view) {
  const Columns columns{inputs};
  const auto size = columns.close.size();
  const auto out = series_or_none(quant::atr(columns.bars(), inputs.whole("n")));
  const auto ranges =
    out.true_range.size() > 0 ? out : series_or_none(quant::atr(columns.bars(), 1));
  return {{"tr", aligned(ranges.true_range, size)}, {"atr", aligned(out.atr, size)}};
}

json evaluate_bollinger(const Inputs& inputs, std::string_view) {
  const auto close = inputs.column(inputs.text("column", "close"));
  const auto out = series_or_none(quant::bollinger(close, inputs.whole("n"), inputs.number("k")));
  json percent_b = aligned({}, close.size() - out.middle.size());
  for (const auto& value : out.percent_b) {
    percent_b.push_back(value ? json(*value) : json{});
  }
  return {{"lower", aligned(out.lower, close.size())},
          {"middle", aligned(out.middle, close.size())},
          {"upper", aligned(out.upper, close.size())},
          {"pct_b", std::move(percent_b)}};
}

json evaluate_choppiness(const Inputs& inputs, std::string_view conventions) {
  const Columns columns{inputs};
  const auto variant = inputs.text("variant", "raw_high_low");
  if (variant != "raw_high_low" && variant != "true_high_low") {
    throw std::runtime_error("inputs.variant: expected raw_high_low or true_high_low, found "
                             + variant);
  }
  const bool first_bar_counts = conventions.find("TR of the very first bar") != conventions.npos;
  const auto out = series_or_none(quant::choppiness(
    columns.bars(), inputs.whole("n"),
    variant == "raw_high_low" ? quant::ChoppinessRange::RAW : quant::ChoppinessRange::TRUE,
    first_bar_counts ? quant::FirstBar::HIGH_LOW : quant::FirstBar::SKIPPED));
  return {{"chop", aligned(out, columns.close.size())}};
}

json evaluate_rsi(const Inputs& inputs, std::string_view) {
  const auto close = inputs.column(inputs.text("column", "close"));
  const auto out = series_or_none(quant::rsi(close, inputs.whole("n")));
  return {{"rsi", aligned(out, close.size())}};
}

// clang-format off
constexpr auto topics = std::to_array<Topic>({
  {"adx",              evaluate_adx, nullptr},
  {"atr",              evaluate_atr, nullptr},
  {"bollinger",        evaluate_bollinger, nullptr},
  {"choppiness",       evaluate_choppiness, nullptr},
  {"copula_tail",      nullptr, judge_copula_tail},
  {"covariance",       nullptr, judge_covariance},
  {"dcc",              nullptr, judge_dcc},
  {"garch",            nullptr, judge_garch},
  {"hmm",              nullptr, judge_hmm},
  {"markov_switching", nullptr, judge_markov_switching},
  {"pca",              nullptr, judge_pca},
  {"portfolio",        nullptr, judge_portfolio},
  {"realised_vol",     nullptr, judge_realised_volatility},
  {"rsi",              evaluate_rsi, nullptr},
});
// clang-format on

} // namespace

const Topic* find_topic(std::string_view topic) {
  const auto found = std::find_if(topics.begin(), topics.end(),
                                  [&](const Topic& entry) { return entry.name == topic; });
  return found == topics.end() ? nullptr : &*found;
}

} // namespace troupe::oracle
