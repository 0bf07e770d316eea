#include "actors/venues/sim/feed.hpp"

#include "actors/venues/sim/noise.hpp"

#include <algorithm>

namespace troupe::venues::sim {

using trading::Side;
namespace matching = trading::matching;

/// What the market's own actions do to the book: levels to report, prints, others' fills.
class SimFeed::Events : public matching::NullSink {
public:
  Events(SimFeed& feed, FeedSink* sink, std::int64_t ts_ns)
    : feed_(feed), sink_(sink), ts_ns_(ts_ns) {}

  void accepted(const matching::NewOrder& order) {
    if (sink_ != nullptr) {
      sink_->on_order_accepted(order, {ts_ns_});
    }
  }
  void rested(const matching::NewOrder& order, matching::OrderRef ref, std::int64_t lots) {
    feed_.placed_.push_back({ref, order.tick, order.side});
    feed_.touched_.push_back({order.side, order.tick});
    if (sink_ != nullptr) {
      sink_->on_order_rested(order, ref, lots, {ts_ns_});
    }
  }
  void canceled(std::uint64_t, matching::OrderRef ref, std::int64_t lots, matching::CancelReason) {
    if (sink_ != nullptr) {
      sink_->on_order_canceled(ref, ref ? std::optional{feed_.book_.order(ref)} : std::nullopt,
                               lots, {ts_ns_});
    }
  }
  void filled(const matching::Fill& fill) {
    if (lots_ != 0 && fill.tick != tick_) {
      print();
    }
    tick_ = fill.tick;
    lots_ += fill.lots;
    aggressor_ = fill.aggressor;
    const auto maker_side = trading::opposite(fill.aggressor);
    if (feed_.touched_.empty() || feed_.touched_.back().tick != fill.tick
        || feed_.touched_.back().side != maker_side) {
      feed_.touched_.push_back({maker_side, fill.tick});
    }
    if (sink_ != nullptr) {
      sink_->on_order_matched(fill, {ts_ns_});
      if (fill.maker_owner != matching::anonymous) {
        sink_->on_fill(fill, {ts_ns_});
      }
    }
  }
  /// Ends the print in the making; to be called after the last order.
  void print() {
    if (lots_ == 0) {
      return;
    }
    const auto number = feed_.trades_++;
    if (sink_ != nullptr) {
      trading::Trade trade;
      trade.instrument = feed_.id_;
      trade.price = feed_.tick_ * tick_;
      trade.quantity = feed_.lot_ * lots_;
      trade.aggressor = aggressor_;
      trade.trade_id = (static_cast<std::uint64_t>(feed_.tape_.epoch) << 16U) + number;
      trade.ts_event = {ts_ns_};
      trade.ts_recv = trade.ts_event + feed_.latency_;
      sink_->on_trade(trade);
    }
    lots_ = 0;
  }

private:
  SimFeed& feed_;
  FeedSink* sink_;
  std::int64_t ts_ns_;
  std::int64_t tick_ = 0;
  std::int64_t lots_ = 0;
  Side aggressor_ = Side::BUY;
};

SimFeed::SimFeed(const SimMarket& market,
                 std::size_t venue,
                 std::size_t instrument,
                 core::Timestamp start)
  : market_(&market), id_{market.settings().instruments.at(instrument).symbol,
                          market.settings().venues.at(venue).name},
    tick_(market.settings().instruments[instrument].tick),
    lot_(market.settings().instruments[instrument].lot),
    latency_(market.settings().venues[venue].latency.chrono()), maker_(market, venue, instrument),
    flow_stream_(maker_.stream("flow")), now_(start) {
  start_epoch(epoch_of(start), nullptr);
  run(start, nullptr);
}

trading::BookSnapshot SimFeed::snapshot(std::size_t levels) const {
  trading::BookSnapshot out;
  out.instrument = id_;
  out.sequence = (static_cast<std::uint64_t>(tape_.epoch) << 20U) + changes_;
  out.ts_event = now_;
  const auto take = [&](const auto& ladder, std::vector<trading::Level>& to) {
    ladder.for_each([&](std::int64_t tick, const matching::PriceLevel& level) {
      if (to.size() == levels) {
        return false;
      }
      to.push_back({tick_ * tick, lot_ * level.lots});
      return true;
    });
  };
  take(book_.bids(), out.bids);
  take(book_.asks(), out.asks);
  return out;
}

void SimFeed::advance(core::Timestamp to, FeedSink& sink) {
  if (to > now_) {
    run(to, &sink);
  }
}

void SimFeed::run(core::Timestamp to, FeedSink* sink) {
  for (;;) {
    constexpr auto never = INT64_MAX;
    const auto quote = next_quote_ < tape_.quotes.size() ? tape_.quotes[next_quote_].ts_ns : never;
    const auto print = next_print_ < tape_.prints.size() ? tape_.prints[next_print_].ts_ns : never;
    const auto flow = next_flow_ < flow_count_ ? flow_ts_ns_ : never;
    const auto end = (tape_.epoch + 1) * epoch_ns;
    const auto next = std::min({quote, print, flow, end});
    if (next > to.ns) {
      break;
    }
    now_ = {next};
    // A print at the moment of a quote finds the new quote in force, as the tape has it.
    if (next == quote) {
      run_quote(tape_.quotes[next_quote_++], sink);
    } else if (next == print) {
      run_print(tape_.prints[next_print_++], sink);
    } else if (next == flow) {
      run_flow(next, sink);
    } else {
      start_epoch(tape_.epoch + 1, sink);
    }
  }
  now_ = std::max(now_, to);
}

std::int64_t SimFeed::draw_lots() {
  const double u = random_.uniform();
  return 1 + static_cast<std::int64_t>(maker_.typical_lots() * (0.5 + 6.0 * u * u));
}

/// Ticks behind the best: dense near it, out to some thirty spreads.
std::int64_t SimFeed::draw_distance() {
  const double spread = static_cast<double>(quote_.ask_tick - quote_.bid_tick);
  const double u = random_.uniform();
  return 1 + static_cast<std::int64_t>(u * u * 30.0 * spread);
}

void SimFeed::place(Side side, std::int64_t tick, std::int64_t lots, Events& events) {
  if (tick < 1) {
    return;
  }
  matching::NewOrder order;
  order.side = side;
  order.tick = tick;
  order.lots = lots;
  book_.submit(order, events);
}

void SimFeed::take_back(std::size_t index, Events& events) {
  const auto placed = placed_[index];
  if (book_.cancel(placed.ref, events) == matching::Refusal::NONE) {
    touched_.push_back({placed.side, placed.tick});
  }
  placed_[index] = placed_.back();
  placed_.pop_back();
}

void SimFeed::start_epoch(std::int64_t epoch, FeedSink* sink) {
  maker_.make(epoch, tape_);
  random_ = core::Random{noise::bits(flow_stream_, static_cast<std::uint64_t>(epoch))};
  const auto& settings = market_->settings();
  flow_count_ = static_cast<std::size_t>(settings.book_events_per_second * 60.0
                                         * traits(tape_.episode).activity);
  next_quote_ = 1;
  next_print_ = 0;
  next_flow_ = 0;
  changes_ = 0;
  trades_ = 0;
  quote_ = tape_.quotes[0];
  flow_ts_ns_ = quote_.ts_ns;
  {
    Events events{*this, sink, quote_.ts_ns};
    while (!placed_.empty()) {
      take_back(placed_.size() - 1, events);
    }
    const auto pairs = settings.book_orders / 2;
    for (std::uint32_t i = 0; i < pairs; ++i) {
      // The best two of each side first, the others behind them.
      place(Side::BUY, quote_.bid_tick - (i < 2 ? 0 : draw_distance()), draw_lots(), events);
      place(Side::SELL, quote_.ask_tick + (i < 2 ? 0 : draw_distance()), draw_lots(), events);
    }
    events.print();
  }
  touched_.clear();
  now_ = {quote_.ts_ns};
  if (sink != nullptr) {
    sink->on_snapshot(snapshot());
  }
}

void SimFeed::run_quote(const Quote& quote, FeedSink* sink) {
  if (quote.bid_tick == quote_.bid_tick && quote.ask_tick == quote_.ask_tick) {
    return;
  }
  quote_ = quote;
  {
    Events events{*this, sink, quote.ts_ns};
    for (std::size_t i = placed_.size(); i-- > 0;) {
      const auto& order = placed_[i];
      if (order.side == Side::BUY ? order.tick > quote.bid_tick : order.tick < quote.ask_tick) {
        take_back(i, events);
      }
    }
    if (book_.lots_at(Side::BUY, quote.bid_tick) == 0) {
      place(Side::BUY, quote.bid_tick, draw_lots(), events);
    }
    if (book_.lots_at(Side::SELL, quote.ask_tick) == 0) {
      place(Side::SELL, quote.ask_tick, draw_lots(), events);
    }
    events.print();
  }
  tell(quote.ts_ns, sink);
}

void SimFeed::run_print(const Print& print, FeedSink* sink) {
  const auto maker_side = trading::opposite(print.aggressor);
  {
    Events events{*this, sink, print.ts_ns};
    // Enough for the print and a rest, so that the best price stays where the tape quotes it.
    if (book_.lots_at(maker_side, print.tick) <= print.lots) {
      place(maker_side, print.tick, print.lots + draw_lots(), events);
    }
    events.print(); // whatever that traded with others' orders is a print of its own
    matching::NewOrder order;
    order.side = print.aggressor;
    order.tif = trading::TimeInForce::IOC;
    order.tick = print.tick;
    order.lots = print.lots;
    book_.submit(order, events);
    events.print();
  }
  tell(print.ts_ns, sink);
}

void SimFeed::run_flow(std::int64_t ts_ns, FeedSink* sink) {
  {
    Events events{*this, sink, ts_ns};
    const auto wanted = static_cast<double>(market_->settings().book_orders);
    const auto have = static_cast<double>(placed_.size());
    // Orders come and go about the wanted number.
    if (placed_.empty() || random_.uniform() * 2.0 * wanted >= have) {
      const auto side = random_.below(2) == 0 ? Side::BUY : Side::SELL;
      const auto distance = random_.below(4) == 0 ? 0 : draw_distance();
      place(side, side == Side::BUY ? quote_.bid_tick - distance : quote_.ask_tick + distance,
            draw_lots(), events);
    } else {
      const auto index = random_.below(placed_.size());
      const auto order = placed_[index];
      const bool best = order.tick == (order.side == Side::BUY ? quote_.bid_tick : quote_.ask_tick);
      if (!book_.resting(order.ref) || !best
          || book_.lots_at(order.side, order.tick) > book_.order(order.ref).lots) {
        take_back(index, events);
      }
    }
    events.print();
  }
  tell(ts_ns, sink);
  ++next_flow_;
  const double part = (static_cast<double>(next_flow_) + random_.uniform())
                      / static_cast<double>(std::max<std::size_t>(flow_count_, 1));
  flow_ts_ns_ =
    tape_.epoch * epoch_ns
    + std::min(epoch_ns - 1, static_cast<std::int64_t>(part * static_cast<double>(epoch_ns)));
}

void SimFeed::tell(std::int64_t ts_ns, FeedSink* sink) {
  if (touched_.empty()) {
    return;
  }
  ++changes_;
  if (sink != nullptr) {
    trading::BookDelta delta;
    delta.instrument = id_;
    delta.sequence = (static_cast<std::uint64_t>(tape_.epoch) << 20U) + changes_;
    delta.ts_event = {ts_ns};
    const auto order = [](const Touched& a, const Touched& b) {
      return a.side != b.side ? a.side < b.side : a.tick < b.tick;
    };
    std::sort(touched_.begin(), touched_.end(), order);
    const Touched* last = nullptr;
    for (const auto& item : touched_) {
      if (last == nullptr || order(*last, item)) {
        (item.side == Side::BUY ? delta.bids : delta.asks)
          .push_back({tick_ * item.tick, lot_ * book_.lots_at(item.side, item.tick)});
      }
      last = &item;
    }
    sink->on_delta(delta);
  }
  touched_.clear();
}

} // namespace troupe::venues::sim
