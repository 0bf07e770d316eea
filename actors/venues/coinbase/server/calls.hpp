#pragma once

#include "actors/venues/coinbase/server/api_error.hpp"
#include "actors/venues/coinbase/server/order_book.hpp"
#include "actors/venues/coinbase/server/render.hpp"
#include "net/http.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The calls of the venue's REST API.
namespace troupe::venues::coinbase::server {

/// What a call works with; all of it outlives the call, but for the request.
struct CallContext {
  engine::Exchange& exchange;
  engine::CandleSource& candles;
  const std::vector<OrderBook>& books;                ///< order by order, by market
  const std::map<std::string, std::uint64_t>& orders; ///< ids by their UUIDs
  const std::vector<std::int64_t>& month_lots;        ///< traded in 30 days, by market
  const net::Request& request;
  core::Timestamp time;    ///< the venue's clock
  std::size_t account = 0; ///< of private calls
  std::string parameter{}; ///< what stands for {id} in the path
};

struct Answer {
  std::string json;
  /// Cursors of the page: its newest and its oldest item.
  std::optional<std::uint64_t> before{};
  std::optional<std::uint64_t> after{};
  unsigned status = 200;
};
/// Called once, perhaps later.
using Reply = std::function<void(Answer)>;

enum class Bucket : std::uint8_t { PUBLIC, PRIVATE, FILLS };

struct Call {
  net::Method method = net::Method::GET;
  std::string_view path; ///< one segment may be {id}
  Bucket bucket = Bucket::PUBLIC;
  void (*run)(CallContext& context, const Reply& reply) = nullptr;
};

[[nodiscard]] std::span<const Call> calls();

// ---- market_calls.cpp
void server_time(CallContext& context, const Reply& reply);
void products(CallContext& context, const Reply& reply);
void product(CallContext& context, const Reply& reply);
void ticker(CallContext& context, const Reply& reply);
void stats(CallContext& context, const Reply& reply);
void volume_summary(CallContext& context, const Reply& reply);
void candles(CallContext& context, const Reply& reply);
void book(CallContext& context, const Reply& reply);
void trades(CallContext& context, const Reply& reply);
void spark_lines(CallContext& context, const Reply& reply);
void currencies(CallContext& context, const Reply& reply);
void currency(CallContext& context, const Reply& reply);
// ---- account_calls.cpp
void accounts(CallContext& context, const Reply& reply);
void account(CallContext& context, const Reply& reply);
void account_ledger(CallContext& context, const Reply& reply);
void account_holds(CallContext& context, const Reply& reply);
void fills(CallContext& context, const Reply& reply);
void fees(CallContext& context, const Reply& reply);
void profiles(CallContext& context, const Reply& reply);
void profile(CallContext& context, const Reply& reply);
void exchange_limits(CallContext& context, const Reply& reply);
void trailing_volume(CallContext& context, const Reply& reply);
void verify(CallContext& context, const Reply& reply);
void nothing_listed(CallContext& context, const Reply& reply);
// ---- order_calls.cpp
void place_order(CallContext& context, const Reply& reply);
void list_orders(CallContext& context, const Reply& reply);
void get_order(CallContext& context, const Reply& reply);
void cancel_order(CallContext& context, const Reply& reply);
void cancel_orders(CallContext& context, const Reply& reply);

/// The market of a product; throws 404.
[[nodiscard]] std::size_t market_of(const CallContext& context, std::string_view product);
/// The query parameter `limit`, at most 1000.
[[nodiscard]] std::size_t page_limit(const CallContext& context, std::size_t preset);
/// A cursor, `before` or `after`; throws 400 where it is no number.
[[nodiscard]] std::optional<std::uint64_t> cursor(const CallContext& context, const char* name);

/// The page of items that are newest first: those older than `after`, else newer than `before`.
template <class Item, class IdOf>
[[nodiscard]] std::vector<Item>
page_of(const CallContext& context, std::vector<Item> items, const IdOf& id_of, Answer& answer) {
  const auto after = cursor(context, "after");
  const auto before = cursor(context, "before");
  std::erase_if(items, [&](const Item& item) {
    return (after && id_of(item) >= *after) || (before && id_of(item) <= *before);
  });
  if (const auto limit = page_limit(context, 1'000); items.size() > limit) {
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(limit), items.end());
  }
  if (!items.empty()) {
    answer.before = id_of(items.front());
    answer.after = id_of(items.back());
  }
  return items;
}

} // namespace troupe::venues::coinbase::server
