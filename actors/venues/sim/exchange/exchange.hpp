#pragma once

#include "actors/venues/sim/exchange/ledger.hpp"
#include "actors/venues/sim/exchange/market.hpp"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe::venues::sim::exchange {

struct AccountSettings {
  std::string key; ///< of the API
  std::string secret;
  std::string passphrase;
  std::map<std::string, Money> balances; ///< at the start
  std::string public_key{};              ///< PEM; empty: the secret is for HMAC
};

enum class FeeAsset : std::uint8_t {
  RECEIVED, ///< what an order receives pays its fee: Binance
  QUOTE,    ///< added to what a buy costs, taken from what a sale brings: Coinbase
};

struct ExchangeSettings {
  SimSettings market;
  std::size_t venue = 0;
  std::string quote_asset = "USD"; ///< what the market's USD is called here
  FeeAsset fee_asset = FeeAsset::RECEIVED;
  int fee_digits = 8; ///< fees are rounded down to so many
  bool counts_fills = false;
  std::size_t open_orders_max = 200; ///< per account and market
  std::size_t closed_orders_max = 100'000;
  std::chrono::nanoseconds history = std::chrono::hours{24 * 400};
  std::vector<AccountSettings> accounts;
};

struct Placed {
  Refusal refusal = Refusal::NONE;
  std::uint64_t order_id = 0; ///< 0 where refused
};

struct CandleQuery {
  std::size_t market = 0;
  const CandleInterval* interval = nullptr;
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0; ///< exclusive
};

/// Who computes candles of the past where that takes long.
class CandleSource {
public:
  using Done = std::function<void(std::vector<Candle>)>;
  virtual ~CandleSource() = default;
  virtual void fetch(const CandleQuery& query, Done done) = 0;
};

/// Candles with the ones in which nothing traded: flat, at the last close.
[[nodiscard]] std::vector<Candle>
fill_gaps(std::vector<Candle> candles, const CandleInterval& interval, std::int64_t to_ns);

/// An exchange: markets, accounts and their orders. Everything happens at the time of the last
/// advance(). Deterministic: a function of settings, start and calls.
class Exchange final : public FillSink {
public:
  /// @pre settings of a market are sound, the venue is one of its
  Exchange(ExchangeSettings settings, Timestamp now, ExchangeListener& listener);
  ~Exchange() override;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Lets the markets go on to `now`; stops trigger and orders expire on the way.
  void advance(Timestamp now);
  [[nodiscard]] Timestamp now() const { return now_; }
  [[nodiscard]] const ExchangeSettings& settings() const { return settings_; }
  [[nodiscard]] const SimVenue& venue() const { return settings_.market.venues[settings_.venue]; }

  [[nodiscard]] std::size_t markets() const { return markets_.size(); }
  [[nodiscard]] Market& market(std::size_t index) { return *markets_[index]; }
  [[nodiscard]] const Market& market(std::size_t index) const { return *markets_[index]; }

  /// Candles [from_ns, to_ns) of a market, ascending, without gaps filled; the tape's history is
  /// asked of `source` where that takes long. `done` is called once, perhaps later.
  void candles(const CandleQuery& query, CandleSource& source, const CandleSource::Done& done);
  /// The candle in the making, from the tape and what has traded since.
  [[nodiscard]] std::optional<Candle> open_candle(std::size_t market,
                                                  const CandleInterval& interval);
  [[nodiscard]] TapeHistory& history() { return history_; }
  [[nodiscard]] const std::shared_ptr<const SimMarket>& sim() const { return sim_; }
  [[nodiscard]] Timestamp started() const { return started_; }
  /// As TapeHistory takes it.
  [[nodiscard]] std::uint64_t id_factor() const { return settings_.counts_fills ? 4 : 1; }

  /// @returns the account's number; nullopt for an unknown key
  [[nodiscard]] std::optional<std::size_t> account_of(std::string_view key) const;
  [[nodiscard]] const AccountSettings& account(std::size_t index) const {
    return settings_.accounts[index];
  }
  [[nodiscard]] const Ledger& ledger(std::size_t account) const {
    return accounts_[account].ledger;
  }

  [[nodiscard]] Placed place(const PlaceOrder& order);
  /// All of them or none. @returns the list's number as order_id
  [[nodiscard]] Placed place_list(const PlaceList& list);
  /// With an order of a list goes the list.
  /// @returns UNKNOWN_ORDER where it is not the account's or not open
  [[nodiscard]] Refusal cancel(std::size_t account, std::uint64_t order_id);
  [[nodiscard]] Refusal cancel_list(std::size_t account, std::uint64_t list_id);
  /// Takes quantity from an order, which keeps its place.
  /// @returns INVALID_QUANTITY where it is not less, or not more than what is filled
  [[nodiscard]] Refusal reduce(std::size_t account, std::uint64_t order_id, std::int64_t lots);

  /// The account's order; null where there is none.
  [[nodiscard]] const Order* order(std::size_t account, std::uint64_t id) const;
  /// The newest of that client id.
  [[nodiscard]] const Order* order_by_client(std::size_t account, std::string_view client_id) const;
  [[nodiscard]] const std::map<std::uint64_t, Order>& orders() const { return orders_; }
  /// Open ones, ascending by id.
  [[nodiscard]] std::vector<const Order*> open_orders(std::size_t account) const;
  /// The account's list; null where there is none.
  [[nodiscard]] const OrderList* list(std::size_t account, std::uint64_t id) const;
  [[nodiscard]] const OrderList* list_by_client(std::size_t account, std::string_view id) const;
  [[nodiscard]] const std::map<std::uint64_t, OrderList>& lists() const { return lists_; }
  [[nodiscard]] const std::deque<PreventedMatch>& prevented_matches(std::size_t account) const {
    return accounts_[account].prevented;
  }
  [[nodiscard]] const std::deque<Execution>& executions(std::size_t account) const {
    return accounts_[account].executions;
  }
  [[nodiscard]] std::int64_t maker_fee_ppm() const { return maker_fee_ppm_; }
  [[nodiscard]] std::int64_t taker_fee_ppm() const { return taker_fee_ppm_; }

private:
  struct Account {
    Ledger ledger;
    std::set<std::uint64_t> open;
    std::map<std::string, std::uint64_t, std::less<>> by_client;
    std::deque<Execution> executions;
    std::deque<PreventedMatch> prevented;
  };
  struct Happened;
  class Recorder;

  void on_account_fill(std::size_t market,
                       const matching::Fill& fill,
                       const PublicTrade& trade) override;
  [[nodiscard]] Refusal check(const PlaceOrder& order) const;
  [[nodiscard]] Refusal check_form(const PlaceOrder& order) const;
  [[nodiscard]] Refusal check_market(const PlaceOrder& order) const;
  [[nodiscard]] Refusal check_list(const PlaceList& list) const;
  [[nodiscard]] bool would_trigger(const PlaceOrder& order) const;
  [[nodiscard]] Refusal size_market_order(Order& order);
  [[nodiscard]] Refusal admit(Order& order, Money covered = {});
  Order& keep(Order order, OrderStatus status = OrderStatus::NEW);
  void start(Order& order);
  void after_change();
  [[nodiscard]] Order* own_front(const Order& order);
  void prevent(Order& taker, Order& maker, std::int64_t maker_lots, std::int64_t taker_lots);
  void withdraw(Order& order, OrderStatus status, OrderChange change);
  void refill_icebergs();
  void show_part(Order& order);
  void follow_trail(Order& order) const;
  void settle_lists();
  void settle_list(OrderList& list);
  void settle_pair(Order& one, Order& other);
  void activate(OrderList& list);
  [[nodiscard]] bool rising(const PlaceOrder& order) const;
  [[nodiscard]] Money cost_of_hold(const Order& order) const;
  [[nodiscard]] std::string pays_with(const Order& order) const;
  void execute(Order& order);
  void run(Order& order, std::int64_t lots, bool& again);
  void settle(Order& taker, const matching::Fill& fill);
  void fill_order(Order& order, const PublicTrade& trade, std::int64_t lots, bool maker);
  void decrement(Order& order);
  void finish(Order& order, OrderStatus status, OrderChange change);
  void book(Order& order, const Execution& execution);
  void trigger_stops(std::size_t market);
  void expire_orders();
  void flush_balances();
  void forget_old();
  [[nodiscard]] Money fee_of(Money amount, bool maker) const;

  ExchangeSettings settings_;
  std::shared_ptr<const SimMarket> sim_;
  ExchangeListener& listener_;
  Timestamp now_;
  Timestamp started_;
  TapeHistory history_;
  std::int64_t maker_fee_ppm_;
  std::int64_t taker_fee_ppm_;
  std::vector<Account> accounts_;
  std::map<std::uint64_t, Order> orders_;
  std::deque<std::uint64_t> closed_;
  std::vector<std::set<std::uint64_t>> stops_; ///< by market
  std::set<std::uint64_t> expiring_;
  std::set<std::uint64_t> refills_;   ///< icebergs between two parts
  std::set<std::uint64_t> due_lists_; ///< an order of theirs changed
  std::map<std::uint64_t, OrderList> lists_;
  std::uint64_t next_list_id_ = 1;
  std::uint64_t prevented_ = 0;
  std::uint64_t next_order_id_;
  std::vector<std::unique_ptr<Market>> markets_;
};

} // namespace troupe::venues::sim::exchange
