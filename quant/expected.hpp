#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

namespace troupe::quant {

/// Why a numeric routine has no answer.
enum class Reason : std::uint8_t {
  BAD_PARAMETER, ///< a period, weight or level outside its stated bounds
  BAD_SHAPE,     ///< series of different lengths
  TOO_SHORT,     ///< fewer samples than the first value needs
  BAD_SAMPLE,    ///< not finite, too large, or a high below its low
  DEGENERATE,    ///< no variation, a singular matrix, or data of probability 0 under the model
  NOT_CONVERGED, ///< an iteration reached its limit without an answer that is worth having
  NOT_POSITIVE_DEFINITE, ///< a covariance or correlation with an eigenvalue at or below 0
};

[[nodiscard]] constexpr std::string_view name(Reason reason) {
  switch (reason) {
    case Reason::BAD_PARAMETER: return "BAD_PARAMETER";
    case Reason::BAD_SHAPE: return "BAD_SHAPE";
    case Reason::TOO_SHORT: return "TOO_SHORT";
    case Reason::BAD_SAMPLE: return "BAD_SAMPLE";
    case Reason::DEGENERATE: return "DEGENERATE";
    case Reason::NOT_POSITIVE_DEFINITE: return "NOT_POSITIVE_DEFINITE";
    case Reason::NOT_CONVERGED: return "NOT_CONVERGED";
  }
  return "UNKNOWN";
}

/// A value, or the reason why there is none.
template <class T>
class [[nodiscard]] Expected {
public:
  // NOLINTNEXTLINE(google-explicit-constructor): returned as either
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  Expected(Reason reason) : state_(std::in_place_index<1>, reason) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

  /// Throws std::bad_variant_access where there is no value.
  [[nodiscard]] T& operator*() { return std::get<0>(state_); }
  [[nodiscard]] const T& operator*() const { return std::get<0>(state_); }
  [[nodiscard]] T* operator->() { return &std::get<0>(state_); }
  [[nodiscard]] const T* operator->() const { return &std::get<0>(state_); }

  /// Throws std::bad_variant_access where there is a value.
  [[nodiscard]] Reason reason() const { return std::get<1>(state_); }

private:
  std::variant<T, Reason> state_;
};

} // namespace troupe::quant
