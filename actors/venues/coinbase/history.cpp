#include "actors/venues/coinbase/history.hpp"

#include "actors/venues/coinbase/feed_protocol.hpp"
#include "actors/venues/coinbase/rest.hpp"

#include <array>
#include <string_view>

namespace troupe::venues::coinbase {

namespace history_detail {

using trading::Interval;

constexpr std::size_t candles_max = 300;
constexpr std::size_t trades_max = 1'000;

/// The candles that both APIs have, by their length.
struct Granularity {
  std::chrono::seconds length;
  std::string_view name; ///< of Advanced Trade
};
constexpr std::array<Granularity, 6> granularities{{{std::chrono::seconds{60}, "ONE_MINUTE"},
                                                    {std::chrono::seconds{300}, "FIVE_MINUTE"},
                                                    {std::chrono::seconds{900}, "FIFTEEN_MINUTE"},
                                                    {std::chrono::seconds{3600}, "ONE_HOUR"},
                                                    {std::chrono::seconds{21600}, "SIX_HOUR"},
                                                    {std::chrono::seconds{86400}, "ONE_DAY"}}};

std::string seconds_of(core::Timestamp t) {
  return std::to_string(t.ns / 1'000'000'000);
}

/// What both have in common: which candles make up an interval.
class Candles : public HistoryProtocol {
public:
  std::optional<std::chrono::seconds> source_of(Interval interval) const override {
    std::optional<std::chrono::seconds> longest;
    for (const auto& one : granularities) {
      if (one.length <= interval.duration() && interval.duration() % one.length == one.length * 0) {
        longest = one.length;
      }
    }
    return longest;
  }
  std::size_t bars_max() const override { return candles_max; }
  messages::CallCost cost() const override { return {{public_requests, 1}}; }
};

class ExchangeHistory final : public Candles {
public:
  /// `end` is inclusive at the venue.
  std::string bars_target(const trading::Instrument& instrument,
                          std::chrono::seconds source,
                          const BarPage& page) const override {
    return "/products/" + instrument.venue_symbol
           + "/candles?granularity=" + std::to_string(source.count())
           + "&start=" + page.start.to_text() + "&end=" + (page.end - source).to_text();
  }
  core::Result<std::vector<trading::Bar>> read_bars(const std::string& body,
                                                    std::chrono::seconds source) const override {
    return read_candles(body, source);
  }
  std::string trades_target(const trading::Instrument& instrument,
                            const BarPage&,
                            std::optional<std::uint64_t> before_id) const override {
    // The venue calls older pages "after".
    return "/products/" + instrument.venue_symbol + "/trades?limit=" + std::to_string(trades_max)
           + (before_id ? "&after=" + std::to_string(*before_id) : std::string{});
  }
  core::Result<std::vector<TradePrint>> read_trades(const std::string& body) const override {
    return coinbase::read_trades(body);
  }
};

class AdvancedHistory final : public Candles {
public:
  std::string bars_target(const trading::Instrument& instrument,
                          std::chrono::seconds source,
                          const BarPage& page) const override {
    std::string_view name;
    for (const auto& one : granularities) {
      name = one.length == source ? one.name : name;
    }
    return std::string{path} + instrument.venue_symbol + "/candles?start=" + seconds_of(page.start)
           + "&end=" + seconds_of(page.end - source) + "&granularity=" + std::string{name};
  }
  core::Result<std::vector<trading::Bar>> read_bars(const std::string& body,
                                                    std::chrono::seconds source) const override {
    return read_advanced_candles(body, source);
  }
  std::string trades_target(const trading::Instrument& instrument,
                            const BarPage& page,
                            std::optional<std::uint64_t>) const override {
    return std::string{path} + instrument.venue_symbol
           + "/ticker?limit=" + std::to_string(trades_max) + "&start=" + seconds_of(page.start)
           + "&end=" + seconds_of(page.end + std::chrono::seconds{1});
  }
  core::Result<std::vector<TradePrint>> read_trades(const std::string& body) const override {
    return read_advanced_trades(body);
  }

private:
  static constexpr std::string_view path = "/api/v3/brokerage/market/products/";
};

} // namespace history_detail

std::shared_ptr<const HistoryProtocol> make_exchange_history() {
  return std::make_shared<const history_detail::ExchangeHistory>();
}

std::shared_ptr<const HistoryProtocol> make_advanced_history() {
  return std::make_shared<const history_detail::AdvancedHistory>();
}

} // namespace troupe::venues::coinbase
