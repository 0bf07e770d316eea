#include "outputs.hpp"
#include "parameters.hpp"
#include "quant/markov/gaussian_mixture.hpp"
#include "quant/markov/hmm_fit.hpp"
#include "reading.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace troupe::oracle {

namespace hmm_topic {

using nlohmann::json;
using namespace reading; // NOLINT(google-build-using-namespace): of this program
using quant::CovarianceType;

constexpr double fit_tolerance = 1e-10;  // on the log-likelihood: finer than the oracles'
constexpr double variance_floor = 1e-12; // no priors

CovarianceType covariance_type_of(const Case& item) {
  const auto type = item.inputs.text("covariance_type", "full");
  if (type == "full") {
    return CovarianceType::FULL;
  }
  if (type == "diag") {
    return CovarianceType::DIAGONAL;
  }
  if (type == "spherical") {
    return CovarianceType::SPHERICAL;
  }
  if (type == "tied") {
    return CovarianceType::TIED;
  }
  throw std::runtime_error("inputs.covariance_type: expected full, diag, spherical or tied, found "
                           + type);
}

Eigen::MatrixXd matrix_of(const json& rows) {
  const auto d = static_cast<Eigen::Index>(rows.size());
  Eigen::MatrixXd out(d, d);
  for (Eigen::Index i = 0; i < d; ++i) {
    for (Eigen::Index j = 0; j < d; ++j) {
      out(i, j) =
        rows.at(static_cast<std::size_t>(i)).at(static_cast<std::size_t>(j)).get<double>();
    }
  }
  return out;
}

/// Covariances in the layout hmmlearn and scikit-learn have for each type.
std::vector<Eigen::MatrixXd> covariances_of(const json& covars,
                                            CovarianceType type,
                                            Eigen::Index states,
                                            Eigen::Index dimension) {
  std::vector<Eigen::MatrixXd> out;
  for (std::size_t k = 0; k < static_cast<std::size_t>(states); ++k) {
    if (type == CovarianceType::TIED) {
      out.push_back(matrix_of(covars));
    } else if (type == CovarianceType::FULL) {
      out.push_back(matrix_of(covars.at(k)));
    } else {
      const json& entry = covars.at(k);
      Eigen::VectorXd diagonal(dimension);
      for (Eigen::Index i = 0; i < dimension; ++i) {
        const auto at = type == CovarianceType::DIAGONAL ? static_cast<std::size_t>(i) : 0;
        diagonal[i] = entry.is_array() ? entry.at(at).get<double>() : entry.get<double>();
      }
      out.emplace_back(diagonal.asDiagonal());
    }
  }
  return out;
}

json covariances_json(const std::vector<Eigen::MatrixXd>& covariances,
                      CovarianceType type,
                      const json& like) {
  if (type == CovarianceType::TIED) {
    return rows_of(covariances.front());
  }
  json out = json::array();
  for (const auto& covariance : covariances) {
    if (type == CovarianceType::FULL) {
      out.push_back(rows_of(covariance));
    } else if (type == CovarianceType::DIAGONAL) {
      out.push_back(list_of(covariance.diagonal()));
    } else if (like.is_array() && !like.empty() && like.front().is_array()) {
      out.push_back(json::array({covariance(0, 0)}));
    } else {
      out.push_back(covariance(0, 0));
    }
  }
  return out;
}

quant::GaussianHmm model_of(const Case& item) {
  quant::GaussianHmm model;
  model.start = item.inputs.vector("startprob");
  model.transition = item.inputs.matrix("transmat");
  model.states.means = item.inputs.matrix("means");
  model.states.covariances = covariances_of(item.inputs.at("covars"), covariance_type_of(item),
                                            model.states.means.rows(), model.states.means.cols());
  return model;
}

void add_path(const quant::StatePath& path, Eigen::Index states, json& out) {
  json runs = json::array();
  std::vector<int> counts(static_cast<std::size_t>(states), 0);
  for (const int state : path.states) {
    if (runs.empty() || runs.back().at(0) != state) {
      runs.push_back({state, 0});
    }
    runs.back().at(1) = runs.back().at(1).get<int>() + 1;
    ++counts[static_cast<std::size_t>(state)];
  }
  out["viterbi_path"] = path.states;
  out["viterbi_path_rle"] = std::move(runs);
  out["viterbi_counts"] = counts;
  out["viterbi_loglik"] = path.log_likelihood;
}

/// Rows of the probabilities, those that `index` names where it is there.
json at_index(const quant::RowMatrix& probabilities, const json& expected, const char* index) {
  if (!expected.contains(index)) {
    return rows_of(probabilities);
  }
  json out = json::array();
  for (const auto& t : expected.at(index)) {
    out.push_back(row_at(probabilities, t));
  }
  return out;
}

json evaluated(const Case& item) {
  const auto model = model_of(item);
  const auto x = series_of(item);
  const auto inference = value_of(quant::infer(model, x));
  json out;
  out["loglik"] = inference.log_likelihood;
  if (item.expected.contains("posterior_index")) {
    out["posterior_index"] = item.expected.at("posterior_index");
  }
  out["posterior"] = at_index(inference.smoothed, item.expected, "posterior_index");
  out["filtered"] = at_index(inference.filtered, item.expected, "posterior_index");
  out["next_state_prob"] = list_of(inference.next);
  add_path(value_of(quant::most_probable_path(model, x)), model.start.size(), out);
  return out;
}

json parameters_json(const Case& item, const quant::GaussianHmm& model) {
  json out;
  out["startprob"] = list_of(model.start);
  out["transmat"] = rows_of(model.transition);
  out["means"] = rows_of(model.states.means);
  out["covars"] = covariances_json(model.states.covariances, covariance_type_of(item),
                                   item.expected.value("covars", json()));
  return out;
}

quant::HmmSettings settings_of(const Case& item) {
  quant::HmmSettings settings;
  settings.covariance = covariance_type_of(item);
  settings.tolerance = fit_tolerance;
  settings.variance_floor = variance_floor;
  settings.iterations_max = 20'000;
  return settings;
}

/// "five Baum-Welch iterations": in digits or as a word.
long iterations_of(const Case& item) {
  if (item.inputs.has("n_iter")) {
    return item.inputs.whole("n_iter");
  }
  constexpr std::array<std::string_view, 12> words{"one",  "two", "three",  "four",
                                                   "five", "six", "seven",  "eight",
                                                   "nine", "ten", "eleven", "twelve"};
  const auto stated = matched(text_of(item), "([0-9A-Za-z]+) (?:Baum-Welch|EM)\\b");
  if (!stated) {
    throw std::runtime_error("expected n_iter, or a number of Baum-Welch iterations in words");
  }
  const auto word = std::find(words.begin(), words.end(), *stated);
  return word != words.end() ? word - words.begin() + 1 : std::stol(*stated);
}

/// A stated number of Baum-Welch iterations.
json iterated(const Case& item) {
  const auto x = series_of(item);
  const long iterations = iterations_of(item);
  auto model = model_of(item);
  for (long i = 0; i < iterations; ++i) {
    model = value_of(quant::em_step(model, x, settings_of(item))).model;
  }
  json out = parameters_json(item, model);
  out["loglik_after"] = value_of(quant::infer(model, x)).log_likelihood;
  return out;
}

json fitted(const Case& item) {
  const auto fit =
    value_of(quant::fit_hmm_from(model_of(item), series_of(item), settings_of(item)));
  json out = parameters_json(item, fit.model);
  out["loglik"] = fit.log_likelihood;
  return out;
}

/// Emission probabilities given as such; forward and backward variables are not scaled.
json discrete(const Case& item) {
  const Eigen::VectorXd start = item.inputs.vector("startprob");
  const Eigen::MatrixXd transition = item.inputs.matrix("transmat");
  const quant::RowMatrix emissions = item.inputs.matrix("frame_likelihoods").array().log();
  quant::ForwardBackward all;
  json forward = json::array();
  json backward = json::array();
  Eigen::MatrixXd forward_rows(emissions.rows(), emissions.cols());
  for (Eigen::Index t = 0; t < emissions.rows(); ++t) {
    if (const auto reason = all.run(start, transition, emissions.topRows(t + 1))) {
      throw std::runtime_error("refused: " + std::string{quant::name(*reason)});
    }
    forward_rows.row(t) = all.filtered().row(t) * std::exp(all.log_likelihood());
    forward.push_back(list_of(forward_rows.row(t).transpose()));
  }
  // not as smoothed / forward, which is 0 / 0 where a state cannot be
  Eigen::VectorXd after = Eigen::VectorXd::Ones(start.size());
  std::vector<json> backward_rows;
  for (Eigen::Index t = emissions.rows() - 1; t >= 0; --t) {
    backward_rows.push_back(list_of(after));
    after = transition * (emissions.row(t).array().exp().transpose() * after.array()).matrix();
  }
  backward = json(std::vector<json>(backward_rows.rbegin(), backward_rows.rend()));
  json out;
  out["loglik"] = all.log_likelihood();
  out["forward"] = std::move(forward);
  out["backward"] = std::move(backward);
  out["posterior"] = rows_of(all.smoothed());
  add_path(value_of(quant::viterbi(start, transition, emissions)), start.size(), out);
  return out;
}

json mixture(const Case& item) {
  quant::MixtureSettings settings;
  settings.covariance = covariance_type_of(item);
  settings.variance_floor = variance_floor;
  settings.tolerance = 1e-12;
  const auto x = series_of(item);
  const auto fit = value_of(quant::fit_mixture(x, item.inputs.whole("k"), settings));
  auto states = fit.model.states;
  std::vector<Eigen::Index> order(static_cast<std::size_t>(states.states()));
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = static_cast<Eigen::Index>(i);
  }
  std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    return states.means(a, 0) < states.means(b, 0);
  });
  states = states.permuted(order);
  json weights = json::array();
  for (const auto component : order) {
    weights.push_back(fit.model.weights[component]);
  }
  json out;
  out["weights"] = std::move(weights);
  out["means"] = rows_of(states.means);
  out["covariances"] = covariances_json(states.covariances, settings.covariance,
                                        item.expected.value("covariances", json()));
  out["loglik"] = fit.log_likelihood;
  out["mean_loglik_per_obs"] = fit.log_likelihood / static_cast<double>(x.rows());
  out["aic"] = fit.aic;
  out["bic"] = fit.bic;
  return out;
}

/// Probabilities that were written with some digits only, so that they sum to 1.
Eigen::VectorXd summing_to_one(const Eigen::VectorXd& probabilities) {
  return probabilities / probabilities.sum();
}

/// The likelihood at the parameters that are expected; none where they are not all there.
std::optional<double> likelihood_at_oracle(const Case& item, bool is_mixture) {
  const json& expected = item.expected;
  const char* covariances = is_mixture ? "covariances" : "covars";
  for (const char* key : {"means", covariances, is_mixture ? "weights" : "transmat"}) {
    if (!expected.contains(key)) {
      return std::nullopt;
    }
  }
  const Inputs outputs{expected, {}};
  quant::GaussianStates states;
  states.means = outputs.matrix("means");
  states.covariances = covariances_of(expected.at(covariances), covariance_type_of(item),
                                      states.means.rows(), states.means.cols());
  const auto x = series_of(item);
  if (is_mixture) {
    const quant::GaussianMixture model{summing_to_one(outputs.vector("weights")),
                                       std::move(states)};
    return value_of(quant::infer(model, x)).log_likelihood;
  }
  const Eigen::Index k = states.states();
  quant::GaussianHmm model{{}, outputs.matrix("transmat"), std::move(states)};
  model.transition.array().colwise() /= model.transition.rowwise().sum().eval().array();
  if (expected.contains("startprob")) {
    model.start = summing_to_one(outputs.vector("startprob"));
    return value_of(quant::infer(model, x)).log_likelihood;
  }
  // the likelihood is linear in the first state's probabilities: a fit ends with one of them
  double best = -std::numeric_limits<double>::infinity();
  for (Eigen::Index i = 0; i < k; ++i) {
    model.start = Eigen::VectorXd::Unit(k, i);
    if (const auto inference = quant::infer(model, x)) {
      best = std::max(best, inference->log_likelihood);
    }
  }
  return best;
}

/// Likelihoods, probabilities and parameters by their kind; paths are exact.
ToleranceOf tolerances_of(const json& tolerance) {
  return [&tolerance](const std::string& path) -> std::optional<Tolerance> {
    const bool likelihood = path.find("loglik") != path.npos;
    const bool sequence =
      path.rfind("viterbi_path", 0) == 0 || path == "viterbi_counts" || path == "posterior_index";
    const auto found = first_named(
      tolerance, {path, likelihood ? "loglik" : "params", likelihood ? "loglik" : "posterior"});
    return sequence ? Tolerance{} : found;
  };
}

} // namespace hmm_topic

Comparison judge_hmm(const Case& item) {
  using namespace hmm_topic;
  const json& expected = item.expected;
  const auto tolerances = tolerances_of(item.tolerance);
  if (item.inputs.has("frame_likelihoods")) {
    return compare_by(expected, discrete(item), tolerances);
  }
  if (expected.contains("loglik_after")) {
    return compare_by(expected, iterated(item), tolerances);
  }
  const bool is_mixture = item.inputs.has("k");
  if (!is_mixture && !expected.contains("transmat") && !expected.contains("means")) {
    return compare_by(expected, evaluated(item), tolerances);
  }
  const json found = is_mixture ? mixture(item) : fitted(item);
  auto out = compare_by(expected, found, tolerances);
  for (const char* key : {"loglik", "mean_loglik_per_obs"}) {
    if (expected.contains(key)) {
      judge_fit(
        {expected.at(key).get<double>(), found.at(key).get<double>(),
         [&]() -> std::optional<AtOracle> {
           const auto there = likelihood_at_oracle(item, is_mixture);
           if (!there) {
             return std::nullopt;
           }
           const auto size = static_cast<double>(series_of(item).rows());
           const double value = key == std::string_view{"loglik"} ? *there : *there / size;
           return compare_at_oracle({{key, expected.at(key)}}, {{key, value}}, tolerances, key);
         }},
        out);
    }
  }
  return out;
}

} // namespace troupe::oracle
