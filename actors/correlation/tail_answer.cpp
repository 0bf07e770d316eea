#include "actors/correlation/tail_answer.hpp"

#include "quant/dependence/t_copula.hpp"
#include "quant/dependence/tail.hpp"

#include <cmath>
#include <optional>
#include <utility>

namespace troupe::correlation {

namespace {

/// Of exceedance correlations, as in Longin and Solnik's first step.
constexpr double exceedance_threshold_sd = 1.0;

/// The correlation of joint exceedances; a note where there are too few.
std::optional<double> exceedance(const Panel& panel,
                                 Eigen::Index i,
                                 Eigen::Index j,
                                 quant::Tail tail,
                                 std::uint32_t& count,
                                 std::string& note) {
  const auto found = quant::exceedance_correlation(panel.returns.col(i), panel.returns.col(j),
                                                   exceedance_threshold_sd, tail);
  if (!found) {
    note += (note.empty() ? "" : "; ");
    note += tail == quant::Tail::LOWER ? "lower" : "upper";
    note += " exceedance correlation: " + std::string(quant::name(found.reason()));
    return std::nullopt;
  }
  count = static_cast<std::uint32_t>(found->observations);
  return found->correlation;
}

} // namespace

core::Result<messages::TailReply> answer_tail(const Basis& basis, double alpha) {
  const auto& selection = basis.selection;
  const auto most = basis.settings->tail_symbols_max;
  if (selection.symbols.size() > most) {
    return invalid("symbols", "at most " + std::to_string(most) + " instruments",
                   std::to_string(selection.symbols.size()));
  }
  const double returns_min = 1.0 / alpha; // one return in the tail
  if (selection.window < returns_min) {
    return invalid("window",
                   "at least " + number_text(std::ceil(returns_min))
                     + " returns, one in the tail of " + number_text(alpha),
                   std::to_string(selection.window));
  }
  auto taken = take_panel(basis, most);
  if (!taken) {
    return taken.error();
  }
  const auto* const panel = &taken->panel;
  if (panel->observations() <= panel->size() + 1) {
    return invalid("window",
                   "at least " + std::to_string(panel->size() + 2) + " returns for "
                     + std::to_string(panel->size()) + " instruments",
                   std::to_string(panel->observations()));
  }
  if (const auto moving = check_moving(*panel); !moving) {
    return moving.error();
  }
  const auto empirical = quant::empirical_tail_dependence(panel->returns, alpha);
  if (!empirical) {
    return kernel_error("the empirical tail dependence", empirical.reason());
  }
  const auto copula = quant::fit_t_copula(panel->returns);
  if (!copula) {
    return kernel_error("the Student-t copula", copula.reason());
  }
  messages::TailReply reply;
  reply.meta = meta_of(*panel, selection.method, basis.now);
  reply.meta.method = "student_t_copula";
  auto& out = reply.data;
  out.symbols = panel->instruments;
  out.alpha = alpha;
  out.exceedance_threshold = exceedance_threshold_sd;
  out.interval = selection.interval;
  out.window = selection.window;
  out.copula_nu = copula->copula.degrees_of_freedom;
  out.copula_log_likelihood = copula->log_likelihood;
  out.copula_at_bound = copula->at_bound;
  out.left_out = std::move(taken->left_out);
  for (Eigen::Index i = 0; i < panel->size(); ++i) {
    for (Eigen::Index j = i + 1; j < panel->size(); ++j) {
      auto& pair = out.pairs.emplace_back();
      pair.first = panel->instruments[static_cast<std::size_t>(i)];
      pair.second = panel->instruments[static_cast<std::size_t>(j)];
      pair.empirical_lower = empirical->lower(i, j);
      pair.empirical_upper = empirical->upper(i, j);
      pair.joint_lower = static_cast<std::uint32_t>(empirical->joint_lower(i, j));
      pair.joint_upper = static_cast<std::uint32_t>(empirical->joint_upper(i, j));
      pair.copula_rho = copula->copula.correlation(i, j);
      pair.copula_lambda = copula->tail_dependence(i, j);
      pair.exceedance_lower =
        exceedance(*panel, i, j, quant::Tail::LOWER, pair.exceedances_lower, pair.note);
      pair.exceedance_upper =
        exceedance(*panel, i, j, quant::Tail::UPPER, pair.exceedances_upper, pair.note);
    }
  }
  return reply;
}

} // namespace troupe::correlation
