#include "actors/venues/binance/server/symbols.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::venues::binance::server {

std::string symbol_of(const engine::Market& market) {
  return market.base() + std::string(quote_asset);
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::optional<std::size_t> find_symbol(const engine::Exchange& exchange, std::string_view symbol) {
  if (!symbol.ends_with(quote_asset)) {
    return std::nullopt;
  }
  symbol.remove_suffix(quote_asset.size());
  for (std::size_t i = 0; i < exchange.markets(); ++i) {
    if (exchange.market(i).base() == symbol) {
      return i;
    }
  }
  return std::nullopt;
}

Filters filters_of(const engine::Market& market) {
  const auto& item = market.instrument();
  constexpr std::int64_t ticks_max = 100'000'000;
  constexpr std::int64_t lots_max = 900'000'000;
  constexpr std::int64_t market_lots_max = 100'000'000;
  return {.price_min = item.tick,
          .price_max = item.tick * ticks_max,
          .quantity_min = item.lot,
          .quantity_max = item.lot * lots_max,
          .market_quantity_max = item.lot * market_lots_max,
          .notional_min = item.min_notional,
          .notional_max = trading::Money::from_integer(9'000'000)};
}

void write_filters(JsonWriter& json, const engine::Market& market) {
  const auto& item = market.instrument();
  const auto filters = filters_of(market);
  const auto tick = fixed(item.tick, digits);
  const auto lot = fixed(item.lot, digits);
  const auto open = [&](const char* type) -> JsonWriter& {
    return json.open('{')("filterType", type);
  };
  json.open('[');
  open("PRICE_FILTER")("minPrice", fixed(filters.price_min, digits))(
    "maxPrice", fixed(filters.price_max, digits))("tickSize", tick)
    .close('}');
  open("LOT_SIZE")("minQty", fixed(filters.quantity_min, digits))(
    "maxQty", fixed(filters.quantity_max, digits))("stepSize", lot)
    .close('}');
  open("ICEBERG_PARTS")("limit", iceberg_parts_max).close('}');
  open("MARKET_LOT_SIZE")("minQty", fixed(trading::Quantity{}, digits))(
    "maxQty", fixed(filters.market_quantity_max, digits))("stepSize",
                                                          fixed(trading::Quantity{}, digits))
    .close('}');
  open("TRAILING_DELTA")("minTrailingAboveDelta", trailing_bips_min)("maxTrailingAboveDelta",
                                                                     trailing_bips_max)(
    "minTrailingBelowDelta", trailing_bips_min)("maxTrailingBelowDelta", trailing_bips_max)
    .close('}');
  open("PERCENT_PRICE_BY_SIDE")("bidMultiplierUp", "5")("bidMultiplierDown", "0.2")(
    "askMultiplierUp", "5")("askMultiplierDown", "0.2")("avgPriceMins", 5)
    .close('}');
  open("NOTIONAL")("minNotional", fixed(filters.notional_min, digits))("applyMinToMarket", true)(
    "maxNotional", fixed(filters.notional_max, digits))("applyMaxToMarket", false)("avgPriceMins",
                                                                                   5)
    .close('}');
  open("MAX_NUM_ORDERS")("maxNumOrders", max_open_orders).close('}');
  open("MAX_NUM_ORDER_LISTS")("maxNumOrderLists", 20).close('}');
  open("MAX_NUM_ALGO_ORDERS")("maxNumAlgoOrders", max_algo_orders).close('}');
  open("MAX_NUM_ORDER_AMENDS")("maxNumOrderAmends", 10).close('}');
  json.close(']');
}

void write_symbol(JsonWriter& json, const engine::Market& market) {
  json.open('{')("symbol", symbol_of(market))("status", "TRADING")("baseAsset", market.base())(
    "baseAssetPrecision", digits)("quoteAsset", quote_asset)("quotePrecision", digits)(
    "quoteAssetPrecision", digits)("baseCommissionPrecision", digits)("quoteCommissionPrecision",
                                                                      digits);
  json.key("orderTypes")
    .raw(R"(["LIMIT","LIMIT_MAKER","MARKET","STOP_LOSS","STOP_LOSS_LIMIT","TAKE_PROFIT",)"
         R"("TAKE_PROFIT_LIMIT"])");
  json("icebergAllowed", true)("ocoAllowed", true)("otoAllowed", true)("opoAllowed", false)(
    "quoteOrderQtyMarketAllowed", true)("allowTrailingStop", true)("cancelReplaceAllowed", true)(
    "amendAllowed", true)("pegInstructionsAllowed", false)("isSpotTradingAllowed",
                                                           true)("isMarginTradingAllowed", false);
  json.key("filters");
  write_filters(json, market);
  json.key("permissions").raw("[]").key("permissionSets").raw(R"([["SPOT"]])");
  json("defaultSelfTradePreventionMode", "EXPIRE_MAKER");
  json.key("allowedSelfTradePreventionModes")
    .raw(R"(["NONE","EXPIRE_TAKER","EXPIRE_MAKER","EXPIRE_BOTH","DECREMENT"])")
    .close('}');
}

} // namespace troupe::venues::binance::server
