#pragma once

#include "actors/regime/models/ensemble.hpp"

namespace troupe::regime {

/// How a live and a shadow set do on the same bars, counted as the bars come: no set is fitted on a
/// bar that it is judged by. Begins anew when the process does.
class Comparison {
public:
  /// Both have taken the bar. @pre live.ready(), shadow.ready()
  void count(const Moment& moment, const Ensemble& live, const Ensemble& shadow);

  [[nodiscard]] messages::RegimeModelComparison result() const;

private:
  struct Side {
    std::optional<trading::Regime> label;
    std::uint64_t switches = 0;
    std::uint64_t crisis = 0;
    std::map<std::string, std::pair<double, std::uint64_t>> scores; ///< sum and number, by model
    void count(const Ensemble& ensemble);
    [[nodiscard]] messages::RegimeModelScore score(std::uint64_t bars) const;
  };
  Side live_;
  Side shadow_;
  std::uint64_t bars_ = 0;
  std::uint64_t agreed_ = 0;
  std::optional<core::Timestamp> from_;
  std::optional<core::Timestamp> until_;
};

} // namespace troupe::regime
