#pragma once

#include "core/errc.hpp"
#include "trading/instrument.hpp"
#include "trading/interval.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::venues::replay {

/// The instrument a file name speaks of: BTCUSDT.csv.gz and binance_btcusdt_trades.csv are
/// BTC-USDT, BTC-USD_cdd.csv is BTC-USD, BTC-PERP.csv is BTC-PERP. Unqualified.
/// @returns INVALID_ARGUMENT where the name holds no instrument, or several
[[nodiscard]] core::Result<trading::InstrumentId> infer_instrument(const std::string& path);

/// The interval that the file's name or, failing that, its folder's name says: binance_spot_1h.
[[nodiscard]] std::optional<trading::Interval> interval_in_name(const std::string& path);

/// Settles the interval of a file of bars.
/// @param stated   by the settings, or by a name
/// @param spacing  usual distance between neighbouring bars; nothing where there is one bar
/// @returns        INVALID_ARGUMENT where the data contradicts what is stated (bars closer together
///                 than it, or off its multiples), or where nothing says it
[[nodiscard]] core::Result<trading::Interval>
settle_interval(std::optional<trading::Interval> stated,
                std::optional<std::chrono::nanoseconds> spacing);

} // namespace troupe::venues::replay
