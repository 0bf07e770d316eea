#pragma once

#include "actors/venues/sim/exchange/types.hpp"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace troupe::venues::sim::exchange {

struct Balance {
  Money total{};
  Money held{};
  [[nodiscard]] Money available() const { return total - held; }
};

/// Why an amount was booked.
enum class EntryKind : std::uint8_t { DEPOSIT, MATCH, FEE };

/// One booked amount; a balance is the sum of its asset's entries, exactly.
struct Entry {
  std::uint64_t id = 0;
  EntryKind kind = EntryKind::DEPOSIT;
  std::string asset{};
  Money amount{};  ///< signed
  Money balance{}; ///< of the asset, after it
  std::uint64_t order_id = 0;
  std::uint64_t trade_id = 0;
  std::size_t market = 0;
  Timestamp time{};
};

/// Balances of one account. Holds are set aside by open orders and are no entries.
class Ledger {
public:
  /// @param entries_max  kept; the oldest are folded into the balance before them
  explicit Ledger(std::size_t entries_max = 100'000) : entries_max_(entries_max) {}

  [[nodiscard]] const std::map<std::string, Balance>& balances() const { return balances_; }
  [[nodiscard]] Balance balance(const std::string& asset) const;
  [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }
  /// What the entries no longer kept came to.
  [[nodiscard]] Money folded(const std::string& asset) const;

  void book(Entry entry);
  /// @returns false, and holds nothing, where less is available
  [[nodiscard]] bool hold(const std::string& asset, Money amount);
  /// @pre at most what is held
  void release(const std::string& asset, Money amount);

  /// Assets whose balance changed since the last call.
  [[nodiscard]] std::vector<std::string> take_changed();

private:
  void touch(const std::string& asset);

  std::size_t entries_max_;
  std::map<std::string, Balance> balances_;
  std::map<std::string, Money> folded_;
  std::deque<Entry> entries_;
  std::vector<std::string> changed_;
  std::uint64_t next_id_ = 1;
};

} // namespace troupe::venues::sim::exchange
