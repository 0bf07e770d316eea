#pragma once

#include "quant/markov/chain.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::quant {

/// How the recursions keep their numbers in range.
enum class ForwardBackwardScale : std::uint8_t {
  AUTO, ///< SCALED where that loses nothing, else LOGARITHMS
  LOGARITHMS,
};

/// Forward-backward recursions over any emission densities. Keeps its memory between runs.
/// Works with probabilities scaled to sum 1 at each time where every transition is above 1e-100, so
/// that no state's probability can vanish for good; else, and where the start leaves nothing of the
/// first observation, with logarithms. Both give the same numbers to rounding.
/// @cost    O(T K^2), 4 T K doubles
/// @source  Rabiner, Proc. IEEE 77 (1989), section V.A; Durbin et al., Biological Sequence Analysis
///          (1998), section 3.6 for logarithms
class ForwardBackward {
public:
  /// @param start          P(first state), shape (K)
  /// @param transition     shape (K, K), rows sum to 1
  /// @param log_emissions  ln p(observation t | state), shape (T, K), T >= 1; -infinity says
  /// impossible
  /// @returns  none where all went well; BAD_PARAMETER, BAD_SHAPE, BAD_SAMPLE (NaN or +infinity),
  ///           DEGENERATE where the observations have probability 0. Results of a run that failed
  ///           mean nothing.
  [[nodiscard]] std::optional<Reason> run(const Eigen::Ref<const Eigen::VectorXd>& start,
                                          const Eigen::Ref<const Eigen::MatrixXd>& transition,
                                          const RowMatrix& log_emissions,
                                          ForwardBackwardScale scale = ForwardBackwardScale::AUTO);

  [[nodiscard]] double log_likelihood() const { return log_likelihood_; }
  /// P(state t | observations up to t), shape (T, K).
  [[nodiscard]] const RowMatrix& filtered() const { return filtered_; }
  /// P(state t | all observations), shape (T, K).
  [[nodiscard]] const RowMatrix& smoothed() const { return smoothed_; }
  /// Expected number of each transition, sum over t of P(i at t, j at t+1 | all), shape (K, K).
  [[nodiscard]] const Eigen::MatrixXd& transitions() const { return transitions_; }

private:
  template <int States>
  bool scaled(const RowMatrix& log_emissions);
  bool logarithms(const RowMatrix& log_emissions);

  std::vector<double> start_;
  std::vector<double> transition_; ///< row by row
  double log_likelihood_ = 0.0;
  RowMatrix filtered_;
  RowMatrix smoothed_;
  RowMatrix emissions_; ///< over the largest of their time; in logarithms: the forward variables
  Eigen::VectorXd scales_;
  Eigen::MatrixXd transitions_;
};

/// The most probable sequence of states.
struct StatePath {
  std::vector<int> states;     ///< shape (T)
  double log_likelihood = 0.0; ///< ln p(path, observations)
};

/// @param log_emissions  as ForwardBackward::run()
/// @returns  of equally probable states the one with the lower index; errors as run()
/// @cost     O(T K^2), T K bytes beside the path
/// @source   Viterbi, IEEE Trans. Information Theory 13 (1967)
Expected<StatePath> viterbi(const Eigen::Ref<const Eigen::VectorXd>& start,
                            const Eigen::Ref<const Eigen::MatrixXd>& transition,
                            const RowMatrix& log_emissions);

} // namespace troupe::quant
