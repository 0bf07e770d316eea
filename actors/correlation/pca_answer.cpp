#include "actors/correlation/portfolio_answers.hpp"

namespace troupe::correlation {

namespace {

messages::Pca pca_head(const PortfolioBasis& from, const PortfolioView& view) {
  const auto& selection = from.basis.selection;
  messages::Pca out;
  out.portfolio = from.holdings.portfolio.id;
  out.portfolio_version = from.holdings.portfolio.version;
  out.symbols = view.panel.instruments;
  out.weights = values_of(view.weights);
  out.method = selection.method;
  out.interval = selection.interval;
  out.window = selection.window;
  out.sign_convention = "the loading of largest magnitude is positive";
  return out;
}

void add_factors(messages::Pca& out,
                 const quant::PrincipalComponents& components,
                 const quant::FactorDecomposition& along,
                 double noise_edge) {
  double cumulative = 0.0;
  for (Eigen::Index k = 0; k < components.eigenvalues.size(); ++k) {
    auto& factor = out.factors.emplace_back();
    cumulative += components.explained_ratio(k);
    factor.eigenvalue = components.eigenvalues(k);
    factor.explained = components.explained_ratio(k);
    factor.cumulative = cumulative;
    factor.above_noise = factor.eigenvalue > noise_edge;
    factor.exposure = along.exposures(k);
    factor.risk_contribution = along.variance_shares(k);
    factor.loadings = values_of(components.components.col(k));
    out.factors_above_noise += factor.above_noise ? 1U : 0U;
  }
}

} // namespace

core::Result<messages::PcaReply> answer_pca(const PortfolioBasis& from, messages::PcaBasis of) {
  const auto view = view_of(from);
  if (!view) {
    return view.error();
  }
  const bool standardised = of == messages::PcaBasis::correlation;
  // a correlation's factors see positions scaled by their volatilities: y' R y = w' S w
  const Eigen::MatrixXd matrix =
    standardised ? view->estimate.correlation : view->estimate.covariance();
  const Eigen::VectorXd weights =
    standardised ? Eigen::VectorXd{view->weights.cwiseProduct(view->estimate.volatility)}
                 : view->weights;
  const auto components = quant::principal_components(matrix);
  if (!components) {
    return kernel_error("principal components", components.reason());
  }
  const auto along = decompose(*components, matrix, weights);
  if (!along) {
    return along.error();
  }
  const auto bets = quant::effective_rank(along->variance_shares);
  if (!bets) {
    return kernel_error("the effective number of bets", bets.reason());
  }
  const auto risk = risk_of(view->estimate, view->weights);
  if (!risk) {
    return risk.error();
  }
  const auto size = view->panel.size();
  const auto noise = quant::marchenko_pastur(
    size, view->panel.observations(), components->total_variance / static_cast<double>(size));
  if (!noise) {
    return kernel_error("the Marchenko-Pastur edge", noise.reason());
  }
  messages::PcaReply reply;
  reply.meta = meta_of(view->panel, from.basis.selection.method, from.basis.now);
  auto& out = reply.data;
  out = pca_head(from, *view);
  out.basis = of;
  out.marchenko_pastur_min = noise->lower;
  out.marchenko_pastur_max = noise->upper;
  add_factors(out, *components, *along, noise->upper);
  out.volatility_annual = risk->volatility * annual_factor(from.basis.selection.interval);
  out.risk_contributions = values_of(risk->contributions);
  out.diversification_ratio = risk->diversification_ratio;
  out.effective_bets = *bets; // of the factors shown here
  out.herfindahl = risk->herfindahl;
  out.left_out = from.left_out;
  return reply;
}

} // namespace troupe::correlation
