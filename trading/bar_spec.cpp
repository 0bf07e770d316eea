#include "trading/bar_spec.hpp"

#include "trading/values.hpp"

#include <array>

namespace troupe::trading {

namespace {

struct KindName {
  std::string_view prefix;
  BarSpec::Kind kind;
  int digits; ///< of the threshold
};
constexpr std::array<KindName, 3> kind_names{{{"tick:", BarSpec::Kind::TICK, 0},
                                              {"volume:", BarSpec::Kind::VOLUME, Quantity::digits},
                                              {"value:", BarSpec::Kind::VALUE, Money::digits}}};

} // namespace

std::string BarSpec::expected() {
  return Interval::expected() + ", tick:N, volume:N, value:N (N above 0, at most 1000000000000)";
}

void BarSpec::append_text(std::string& out) const {
  if (is_time()) {
    interval_.append_text(out);
  } else {
    out += text_;
  }
}

std::string BarSpec::to_text() const {
  return is_time() ? interval_.to_text() : text_;
}

core::Result<BarSpec> BarSpec::from_text(std::string_view text) {
  if (const auto interval = Interval::from_text(text)) {
    return BarSpec{*interval};
  }
  for (const auto& name : kind_names) {
    if (!text.starts_with(name.prefix)) {
      continue;
    }
    const auto raw = core::decimal::parse(text.substr(name.prefix.size()), name.digits);
    if (!raw || *raw <= 0 || *raw > threshold_max * core::decimal::pow10(name.digits)) {
      break;
    }
    BarSpec spec;
    spec.kind_ = name.kind;
    spec.threshold_ = *raw;
    spec.text_ = name.prefix;
    core::decimal::append(spec.text_, *raw, name.digits);
    if (spec.text_ == text) {
      return spec;
    }
    break;
  }
  return core::Error{core::Errc::INVALID_ARGUMENT, "expected " + expected() + ", found \""
                                                     + std::string(text.substr(0, 64)) + "\""};
}

} // namespace troupe::trading
