#include "messages/message_types.hpp"
#include "nodes/api/route_table.hpp"

namespace troupe::api {

using namespace troupe::messages;

// clang-format off
RouteTable market_data_routes() {
  const std::string to = market_data_service;
  const auto within = historical_within + std::chrono::seconds{1};
  return {
    .requests = {
      with_board(with_last_good(get<GetTicker>("/data/ticker/{symbol}", to, "best prices and last trade"))),
      with_turns(within, get<GetHistorical>("/data/historical/{symbol}", to, "bars, newest or of a range, paged")),
      with_last_good(get<GetOrderBook>("/data/orderbook/{symbol}",  to, "order book, best first")),
      with_last_good(get<ListInstruments>("/data/instruments",      to, "every instrument of every venue")),
      with_last_good(get<GetSla>      ("/data/sla",                 to, "how well feeds are delivered, against their targets")),
    },
    .streams = {
      {"/data/stream", "channels ticker, trades, book, bars (with interval), status (venue_status, book_resync, feed_sla, instrument_changed)"},
    },
  };
}

RouteTable regime_routes() {
  const std::string to = regime_service;
  // An order waits for the store. It moves what everybody's answers are made of: on the record.
  const auto order = [](ServiceRoute route) {
    return with_audit(with_scope("trade", with_deadline(std::chrono::seconds{10}, std::move(route))));
  };
  return {
    .requests = {
      with_last_good(get<GetRegime>("/regime/current/{symbol}", to, "current market regime of an instrument")),
      with_last_good(get<GetRegimeProbability>("/regime/probability/{symbol}", to, "probabilities of the regimes, by model and ensemble; transitions, durations, forecast")),
      post<ClassifyMany>             ("/regime/bulk",                      to, "regimes of many instruments"),
      get<GetRegimeModels>           ("/regime/models/{symbol}",           to, "fitted models of an instrument: live, shadow, previous; how live and shadow compare"),
      order(post<StartShadowModel>   ("/regime/models/{symbol}/shadow",    to, "has a shadow model fitted, which runs beside the live one")),
      order(post<PromoteShadowModel> ("/regime/models/{symbol}/promote",   to, "makes the shadow the live model")),
      order(post<RollbackModel>      ("/regime/models/{symbol}/rollback",  to, "makes an earlier model live again")),
      order(post<DiscardShadowModel> ("/regime/models/{symbol}/discard",   to, "ends the shadow model")),
    },
    .streams = {
      {"/regime/stream", "channel regime"},
    },
  };
}

RouteTable correlation_routes() {
  const std::string to = correlation_service;
  // Models are fitted while the caller waits.
  const auto computed = [](ServiceRoute route) {
    return with_deadline(std::chrono::seconds{60}, std::move(route));
  };
  return {
    .requests = {
      computed(get<GetCorrelationMatrix>("/correlation/matrix",             to, "correlation matrix of instruments, by method, interval and window")),
      computed(get<GetPca>              ("/correlation/pca/{portfolio}",    to, "principal components of a portfolio's instruments, and its risk along them")),
      computed(post<ComputePca>         ("/correlation/pca",                to, "likewise, of positions in the body")),
      computed(post<SizePositions>      ("/correlation/position-sizing",    to, "weights by risk, within constraints")),
      computed(get<GetStressTest>       ("/correlation/stress-test",        to, "a portfolio under stressed correlations")),
      computed(post<ComputeStressTest>  ("/correlation/stress-test",        to, "likewise, of positions or correlations in the body")),
      computed(get<ListStressScenarios> ("/correlation/scenarios",          to, "named windows of stress tests")),
      computed(get<GetTail>             ("/correlation/tail",               to, "tail dependence of pairs")),
      computed(get<ListPortfolios>      ("/portfolios",                     to, "stored portfolios")),
      computed(get<GetPortfolio>        ("/portfolios/{id}",                to, "a portfolio")),
      with_scope("trade", computed(put<PutPortfolio>("/portfolios/{id}",    to, "stores a portfolio"))),
      with_scope("trade", computed(remove<DeletePortfolio>("/portfolios/{id}", to, "takes a portfolio away"))),
    },
    .streams = {
      {"/correlation/stream", "channel correlation (with interval): an instrument's correlations with all others; without symbols the whole matrix"},
    },
  };
}
// clang-format on

std::vector<RouteTable> all_routes() {
  return {market_data_routes(), regime_routes(), correlation_routes()};
}

} // namespace troupe::api
