#include "actors/venues/binance/history.hpp"

#include "actors/venues/binance/rest.hpp"

namespace troupe::venues::binance {

namespace history_detail {

constexpr std::size_t klines_max = 1'000;
constexpr std::uint64_t klines_weight = 2;
constexpr std::uint64_t trades_weight = 4; ///< of aggTrades

std::string ms_of(core::Timestamp t) {
  return std::to_string(t.ns / 1'000'000);
}

class History final : public HistoryProtocol {
public:
  /// The venue has every interval of ours, by the same name.
  std::optional<std::chrono::seconds> source_of(trading::Interval interval) const override {
    return std::chrono::duration_cast<std::chrono::seconds>(interval.duration());
  }
  std::size_t bars_max() const override { return klines_max; }
  std::string bars_target(const trading::Instrument& instrument,
                          std::chrono::seconds source,
                          const BarPage& page) const override {
    std::string_view name;
    for (const auto& entry : trading::Interval::all) {
      name = entry.duration == source ? entry.text : name;
    }
    return "/api/v3/klines?symbol=" + instrument.venue_symbol + "&interval=" + std::string{name}
           + "&startTime=" + ms_of(page.start)
           + "&endTime=" + ms_of(page.end - std::chrono::milliseconds{1})
           + "&limit=" + std::to_string(klines_max);
  }
  core::Result<std::vector<trading::Bar>> read_bars(const std::string& body,
                                                    std::chrono::seconds) const override {
    return read_klines(body);
  }
  std::string trades_target(const trading::Instrument& instrument,
                            const BarPage&,
                            std::optional<std::uint64_t> before_id) const override {
    const std::string limit = "&limit=" + std::to_string(klines_max);
    if (!before_id) {
      return "/api/v3/aggTrades?symbol=" + instrument.venue_symbol + limit;
    }
    const auto from = *before_id > klines_max ? *before_id - klines_max : 0;
    return "/api/v3/aggTrades?symbol=" + instrument.venue_symbol + "&fromId=" + std::to_string(from)
           + limit;
  }
  core::Result<std::vector<TradePrint>> read_trades(const std::string& body) const override {
    return binance::read_trades(body);
  }
  messages::CallCost cost() const override {
    return {{"REQUEST_WEIGHT", klines_weight}, {"RAW_REQUESTS", 1}};
  }
  messages::CallCost trades_cost() const override {
    return {{"REQUEST_WEIGHT", trades_weight}, {"RAW_REQUESTS", 1}};
  }
};

} // namespace history_detail

std::shared_ptr<const HistoryProtocol> make_history_protocol() {
  return std::make_shared<const history_detail::History>();
}

} // namespace troupe::venues::binance
