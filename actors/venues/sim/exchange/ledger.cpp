#include "actors/venues/sim/exchange/ledger.hpp"

#include <algorithm>
#include <utility>

namespace troupe::venues::sim::exchange {

Balance Ledger::balance(const std::string& asset) const {
  const auto at = balances_.find(asset);
  return at == balances_.end() ? Balance{} : at->second;
}

Money Ledger::folded(const std::string& asset) const {
  const auto at = folded_.find(asset);
  return at == folded_.end() ? Money{} : at->second;
}

void Ledger::touch(const std::string& asset) {
  if (std::find(changed_.begin(), changed_.end(), asset) == changed_.end()) {
    changed_.push_back(asset);
  }
}

void Ledger::book(Entry entry) {
  auto& balance = balances_[entry.asset];
  balance.total += entry.amount;
  entry.id = next_id_++;
  entry.balance = balance.total;
  touch(entry.asset);
  entries_.push_back(std::move(entry));
  if (entries_.size() > entries_max_) {
    folded_[entries_.front().asset] += entries_.front().amount;
    entries_.pop_front();
  }
}

bool Ledger::hold(const std::string& asset, Money amount) {
  if (amount.sign() <= 0) {
    return true;
  }
  const auto at = balances_.find(asset);
  if (at == balances_.end() || at->second.available() < amount) {
    return false;
  }
  at->second.held += amount;
  touch(asset);
  return true;
}

void Ledger::release(const std::string& asset, Money amount) {
  if (amount.sign() > 0) {
    balances_[asset].held -= amount;
    touch(asset);
  }
}

std::vector<std::string> Ledger::take_changed() {
  return std::exchange(changed_, {});
}

} // namespace troupe::venues::sim::exchange
