#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace troupe::inspector {

/// Rates of actors between two looks at them: adds to each row of `after` in_per_s, out_per_s,
/// rejected_per_s and busy_percent (the handler that runs counts, so a stuck actor shows 100), and
/// what `top` shows: mailbox_text, max_ms, oldest_text, state_text. An actor that was not there
/// before, or has restarted since, counts from its start.
/// @param seconds  between the looks, above 0
[[nodiscard]] std::vector<nlohmann::json> with_rates(const std::vector<nlohmann::json>& before,
                                                     std::vector<nlohmann::json> after,
                                                     double seconds);

/// The key of a row that `--sort` means; empty for a word it does not know.
[[nodiscard]] std::string sort_key(const std::string& word);
/// The words, for messages.
constexpr const char* sort_words = "mailbox, rate, busy, restarts, p99, handled";

/// Sorts by the key, the greatest first.
void sort_rows(std::vector<nlohmann::json>& rows, const std::string& key);

} // namespace troupe::inspector
