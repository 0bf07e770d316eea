#include "actors/venues/coinbase/server/calls.hpp"

#include <array>

namespace troupe::venues::coinbase::server {

namespace {

using net::Method;

// clang-format off
constexpr std::array table{
  //   method          path                          limit             handler
  Call{Method::GET,    "/time",                      Bucket::PUBLIC,   server_time},
  Call{Method::GET,    "/products",                  Bucket::PUBLIC,   products},
  Call{Method::GET,    "/products/spark-lines",      Bucket::PUBLIC,   spark_lines},
  Call{Method::GET,    "/products/volume-summary",   Bucket::PUBLIC,   volume_summary},
  Call{Method::GET,    "/products/{id}",             Bucket::PUBLIC,   product},
  Call{Method::GET,    "/products/{id}/ticker",      Bucket::PUBLIC,   ticker},
  Call{Method::GET,    "/products/{id}/stats",       Bucket::PUBLIC,   stats},
  Call{Method::GET,    "/products/{id}/candles",     Bucket::PUBLIC,   candles},
  Call{Method::GET,    "/products/{id}/book",        Bucket::PUBLIC,   book},
  Call{Method::GET,    "/products/{id}/trades",      Bucket::PUBLIC,   trades},
  Call{Method::GET,    "/currencies",                Bucket::PUBLIC,   currencies},
  Call{Method::GET,    "/currencies/{id}",           Bucket::PUBLIC,   currency},
  Call{Method::GET,    "/accounts",                  Bucket::PRIVATE,  accounts},
  Call{Method::GET,    "/accounts/{id}",             Bucket::PRIVATE,  account},
  Call{Method::GET,    "/accounts/{id}/ledger",      Bucket::PRIVATE,  account_ledger},
  Call{Method::GET,    "/accounts/{id}/holds",       Bucket::PRIVATE,  account_holds},
  Call{Method::GET,    "/accounts/{id}/transfers",   Bucket::PRIVATE,  nothing_listed},
  Call{Method::POST,   "/orders",                    Bucket::PRIVATE,  place_order},
  Call{Method::GET,    "/orders",                    Bucket::PRIVATE,  list_orders},
  Call{Method::DELETE, "/orders",                    Bucket::PRIVATE,  cancel_orders},
  Call{Method::GET,    "/orders/{id}",               Bucket::PRIVATE,  get_order},
  Call{Method::DELETE, "/orders/{id}",               Bucket::PRIVATE,  cancel_order},
  Call{Method::GET,    "/fills",                     Bucket::FILLS,    fills},
  Call{Method::GET,    "/fees",                      Bucket::PRIVATE,  fees},
  Call{Method::GET,    "/profiles",                  Bucket::PRIVATE,  profiles},
  Call{Method::GET,    "/profiles/{id}",             Bucket::PRIVATE,  profile},
  Call{Method::GET,    "/users/self/verify",         Bucket::PRIVATE,  verify},
  Call{Method::GET,    "/users/{id}/exchange-limits", Bucket::PRIVATE, exchange_limits},
  Call{Method::GET,    "/users/self/trailing-volume", Bucket::PRIVATE, trailing_volume},
  Call{Method::GET,    "/conversions",               Bucket::PRIVATE,  nothing_listed},
  Call{Method::GET,    "/address-book",              Bucket::PRIVATE,  nothing_listed},
  Call{Method::GET,    "/reports",                   Bucket::PRIVATE,  nothing_listed},
  Call{Method::GET,    "/transfers",                 Bucket::PRIVATE,  nothing_listed},
  Call{Method::GET,    "/payment-methods",           Bucket::PRIVATE,  nothing_listed},
  Call{Method::GET,    "/coinbase-accounts",         Bucket::PRIVATE,  nothing_listed},
};
// clang-format on

} // namespace

std::span<const Call> calls() {
  return table;
}

} // namespace troupe::venues::coinbase::server
