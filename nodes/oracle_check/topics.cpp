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

json evaluate_adx(const Inputs& inputs, std::string_view) {
  const Columns columns{inputs};
  const auto size = columns.close.size();
  const auto out = value_of(quant::adx(columns.bars(), inputs.whole("n")));
  return {{"plus_di", aligned(out.plus_di, size)},
          {"minus_di", aligned(out.minus_di, size)},
          {"dx", aligned(out.dx, size)},
          {"adx", aligned(out.adx, size)}};
}

json evaluate_atr(const Inputs& inputs, std::string_view) {
  const Columns columns{inputs};
  const auto size = columns.close.size();
  const auto out = value_of(quant::atr(columns.bars(), inputs.whole("n")));
  return {{"tr", aligned(out.true_range, size)}, {"atr", aligned(out.atr, size)}};
}

json evaluate_bollinger(const Inputs& inputs, std::string_view) {
  const auto close = inputs.column(inputs.text("column", "close"));
  const auto out = value_of(quant::bollinger(close, inputs.whole("n"), inputs.number("k")));
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
  const auto out = value_of(quant::choppiness(
    columns.bars(), inputs.whole("n"),
    variant == "raw_high_low" ? quant::ChoppinessRange::RAW : quant::ChoppinessRange::TRUE,
    first_bar_counts ? quant::FirstBar::HIGH_LOW : quant::FirstBar::SKIPPED));
  return {{"chop", aligned(out, columns.close.size())}};
}

json evaluate_rsi(const Inputs& inputs, std::string_view) {
  const auto close = inputs.column(inputs.text("column", "close"));
  const auto out = value_of(quant::rsi(close, inputs.whole("n")));
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
