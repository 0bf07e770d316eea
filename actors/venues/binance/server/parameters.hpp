#pragma once

#include "actors/venues/binance/server/api_error.hpp"
#include "core/decimal.hpp"
#include "core/time.hpp"
#include "net/http.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::venues::binance::server {

/// What a call was sent, from a query, a form or a WebSocket message.
class Parameters {
public:
  using Entry = std::pair<std::string, std::string>;

  void add(std::string name, std::string value) {
    entries_.emplace_back(std::move(name), std::move(value));
  }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

  [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
  /// nullopt where it was not sent.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// All below throw ApiError where a value is malformed, `need...` where it is missing too.
  [[nodiscard]] std::string_view need(const std::string& name) const;
  [[nodiscard]] std::optional<std::int64_t> integer(const std::string& name) const;
  [[nodiscard]] std::int64_t need_integer(const std::string& name) const;
  /// A moment in milliseconds or, where the number is too great for those, microseconds.
  [[nodiscard]] std::optional<core::Timestamp> time(const std::string& name) const;
  /// The end of that millisecond or microsecond: windows hold theirs.
  [[nodiscard]] std::optional<core::Timestamp> end_time(const std::string& name) const;
  /// Within [least, most], as limits are: above the most the most is taken.
  [[nodiscard]] std::size_t limit(std::int64_t preset, std::int64_t most) const;
  /// A positive decimal; -1111 where it has more than `places` fractional digits.
  template <class Value>
  [[nodiscard]] std::optional<Value> decimal(const std::string& name, int places) const {
    const auto text = find(name);
    if (!text || text->empty()) {
      return std::nullopt;
    }
    const auto raw = decimal_text(name, *text, places);
    auto value = Value::from_text(raw);
    if (!value) {
      throw illegal_parameter(name);
    }
    return *value;
  }
  [[nodiscard]] std::optional<bool> boolean(const std::string& name) const;
  /// ["A","B"] or a bare name. @returns empty where it was not sent
  [[nodiscard]] std::vector<std::string> list(const std::string& name) const;

private:
  static std::string decimal_text(const std::string& name, std::string_view text, int places);
  std::vector<Entry> entries_;
};

} // namespace troupe::venues::binance::server
