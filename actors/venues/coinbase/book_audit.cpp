#include "actors/venues/coinbase/book_audit.hpp"

#include <algorithm>
#include <utility>

namespace troupe::venues::coinbase {

using core::Timestamp;

namespace audit_detail {

using trading::Level;
using trading::Price;
using Levels = std::vector<Level>;

/// The best price at which the two differ, though no update named it.
template <class Better>
std::optional<Price>
first_difference(const Levels& ours, Levels theirs, std::vector<Price>& touched, Better better) {
  std::sort(touched.begin(), touched.end());
  std::sort(theirs.begin(), theirs.end(),
            [&](const Level& a, const Level& b) { return better(a.price, b.price); });
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < ours.size() || j < theirs.size()) {
    const bool only_ours =
      j == theirs.size() || (i < ours.size() && better(ours[i].price, theirs[j].price));
    const bool only_theirs =
      !only_ours && (i == ours.size() || better(theirs[j].price, ours[i].price));
    const auto price = only_theirs ? theirs[j].price : ours[i].price;
    const bool same = !only_ours && !only_theirs && ours[i].quantity == theirs[j].quantity;
    if (!same && !std::binary_search(touched.begin(), touched.end(), price)) {
      return price;
    }
    i += only_theirs ? 0 : 1;
    j += only_ours ? 0 : 1;
  }
  return std::nullopt;
}

void note(std::vector<Price>& touched, const Levels& levels) {
  for (const auto& level : levels) {
    touched.push_back(level.price);
  }
}

} // namespace audit_detail

bool BookAudit::is_due(Timestamp now, Timestamp venue_time, std::chrono::nanoseconds every) {
  if (next_ == Timestamp{}) {
    next_ = now + every;
  }
  if (phase_ == Phase::IDLE && now >= next_) {
    next_ = now + every;
    since_ = venue_time;
    bids_.clear();
    asks_.clear();
    phase_ = Phase::NOTING;
  }
  if (phase_ == Phase::NOTING && venue_time - since_ >= margin) {
    phase_ = Phase::ASKED;
    return true;
  }
  return false;
}

void BookAudit::touch(const std::vector<trading::Level>& bids,
                      const std::vector<trading::Level>& asks) {
  if (phase_ != Phase::IDLE) {
    audit_detail::note(bids_, bids);
    audit_detail::note(asks_, asks);
  }
}

void BookAudit::answered(std::optional<RestBook> theirs, Timestamp venue_time) {
  if (phase_ != Phase::ASKED) {
    return;
  }
  const bool timed = theirs && theirs->time > Timestamp{};
  if (!theirs || (timed && theirs->time < since_)) {
    phase_ = Phase::IDLE;
    return;
  }
  theirs_ = *std::move(theirs);
  // Where the answer tells no time, it is of a moment before it came.
  until_ = (timed ? theirs_.time : venue_time + margin) + margin;
  phase_ = Phase::ANSWERED;
}

std::optional<std::string> BookAudit::conclude(const trading::L2Book& ours, Timestamp venue_time) {
  if (phase_ != Phase::ANSWERED || venue_time < until_) {
    return std::nullopt;
  }
  phase_ = Phase::IDLE;
  const auto book = ours.depth(SIZE_MAX);
  const auto theirs = std::exchange(theirs_, {});
  auto at = audit_detail::first_difference(book.bids, theirs.bids, bids_, std::greater<>{});
  if (!at) {
    at = audit_detail::first_difference(book.asks, theirs.asks, asks_, std::less<>{});
  }
  if (!at) {
    ++agreed_;
    return std::nullopt;
  }
  return "the venue's own book differs at " + at->to_text();
}

void BookAudit::abandon() {
  phase_ = Phase::IDLE;
}

} // namespace troupe::venues::coinbase
