#include "messages/message_types.hpp"
#include "nodes/api/route_table.hpp"

namespace troupe::api {

using namespace troupe::messages;

// clang-format off
RouteTable market_data_routes() {
  const std::string to = market_data_service;
  return {
    .requests = {
      with_board(with_last_good(get<GetTicker>("/data/ticker/{symbol}", to, "best prices and last trade"))),
      get<GetHistorical>              ("/data/historical/{symbol}", to, "bars, newest or of a range, paged"),
      with_last_good(get<GetOrderBook>("/data/orderbook/{symbol}",  to, "order book, best first")),
      with_last_good(get<ListInstruments>("/data/instruments",      to, "every instrument of every venue")),
    },
    .streams = {
      {"/data/stream", "channels ticker, trades, book, bars (with interval), status"},
    },
  };
}

RouteTable regime_routes() {
  const std::string to = regime_service;
  return {
    .requests = {
      with_last_good(get<GetRegime>("/regime/current/{symbol}", to, "current market regime of an instrument")),
    },
    .streams = {
      {"/regime/stream", "channel regime"},
    },
  };
}
// clang-format on

std::vector<RouteTable> all_routes() {
  return {market_data_routes(), regime_routes()};
}

} // namespace troupe::api
