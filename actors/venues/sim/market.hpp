#pragma once

#include "actors/venues/sim/settings.hpp"

#include <array>
#include <cstdint>

namespace troupe::venues::sim {

/// Time is cut into epochs, at whose start books are made anew, and blocks of epochs, each of one
/// episode. Both count from 1970.
inline constexpr std::int64_t epoch_ns = 60'000'000'000;
inline constexpr int block_levels = 6; ///< 64 epochs: an hour and 4 minutes
inline constexpr std::int64_t block_epochs = std::int64_t{1} << block_levels;
inline constexpr int step_levels = 6; ///< 64 steps of 0.9375 s make an epoch
inline constexpr std::size_t epoch_steps = std::size_t{1} << step_levels;
inline constexpr std::int64_t step_ns = epoch_ns / static_cast<std::int64_t>(epoch_steps);

[[nodiscard]] constexpr std::int64_t epoch_of(core::Timestamp t) {
  return core::floor(t, std::chrono::nanoseconds{epoch_ns}).ns / epoch_ns;
}

/// How a market behaves in an episode; see the table in market.cpp.
struct EpisodeTraits {
  trading::Regime kind;
  double share;         ///< of all blocks
  double drift;         ///< over a block, in the block's ordinary standard deviation
  double residual;      ///< standard deviation of the block's move beside the drift
  double coarse;        ///< volatility over hours, relative to a random walk's
  double middle;        ///< over minutes to an hour
  double fine;          ///< within a minute
  double activity;      ///< trades and book events, relative to quiet times
  double spread_factor; ///< likewise
};
[[nodiscard]] const EpisodeTraits& traits(trading::Regime kind);

/// The market nobody trades against: prices as a function of (seed, UTC time), and nothing else.
///
/// The logarithm of an instrument's price starts each block at the sum of the past blocks' moves,
/// each forgotten at 0.4 % a block, so that prices wander plausibly for decades and a look at any
/// time costs the same. Inside a block it is filled in by midpoint displacement (Fournier, Fussell,
/// Carpenter 1982) down to steps of 0.94 s, with the roughness of the block's episode, from a noise
/// common to all instruments and one of its own.
class SimMarket {
public:
  /// Throws core::ErrorException where check(settings) fails.
  explicit SimMarket(SimSettings settings);

  [[nodiscard]] const SimSettings& settings() const { return settings_; }
  /// Position of a symbol or venue in the settings; @returns UNKNOWN_SYMBOL, NOT_FOUND
  [[nodiscard]] core::Result<std::size_t> instrument_index(std::string_view symbol) const;
  [[nodiscard]] core::Result<std::size_t> venue_index(std::string_view name) const;
  /// What each venue says of each instrument, venue by venue.
  [[nodiscard]] std::vector<trading::Instrument> instruments() const;

  /// The episode of the whole market.
  [[nodiscard]] trading::Regime episode(core::Timestamp t) const;
  /// The episode of one instrument: in a crisis the market's, else often so.
  [[nodiscard]] trading::Regime episode(std::size_t instrument, core::Timestamp t) const;
  /// The price all venues gather around; LatentPath is the quick way to walk along time
  [[nodiscard]] double latent(std::size_t instrument, core::Timestamp t) const;

  /// For LatentPath: log of price / settings price at the start of a block. Walks the moves of the
  /// blocks before it.
  [[nodiscard]] double block_start(std::size_t instrument, std::int64_t block) const;
  /// Displacement of the midpoint of segment `index` of 2^level in a block.
  [[nodiscard]] double displacement(std::size_t instrument,
                                    trading::Regime kind,
                                    std::int64_t block,
                                    int level,
                                    std::uint64_t index) const;
  [[nodiscard]] trading::Regime block_episode(std::int64_t block) const;
  [[nodiscard]] trading::Regime block_episode(std::size_t instrument, std::int64_t block) const;
  /// log of (a venue's middle / latent price) at the start of an epoch; linear in between.
  [[nodiscard]] double
  venue_offset(std::size_t venue, std::size_t instrument, std::int64_t epoch) const;

private:
  struct Streams {
    std::uint64_t episode, move, own;
    double own_share;                 ///< sqrt(1 - beta^2)
    double block_sigma;               ///< ordinary standard deviation of a block's move
    std::vector<std::uint64_t> venue; ///< noise of each venue
  };
  [[nodiscard]] double block_move(std::size_t instrument, std::int64_t block) const;

  SimSettings settings_;
  std::uint64_t market_stream_ = 0;
  std::uint64_t common_stream_ = 0;
  std::vector<Streams> streams_;
};

/// Latent prices of one instrument along time: remembers the block and epoch it is in.
/// @cost  a walk over past blocks per block of 64 epochs, in any order of time (bench_sim)
class LatentPath {
public:
  LatentPath(const SimMarket& market, std::size_t instrument)
    : market_(&market), instrument_(instrument) {}

  /// log of price / settings price at the start of each step of an epoch, and of the next one
  [[nodiscard]] const std::array<double, epoch_steps + 1>& epoch(std::int64_t epoch);
  /// The episode of the epoch last asked for.
  [[nodiscard]] trading::Regime episode() const { return kind_; }

private:
  void load_block(std::int64_t block);

  const SimMarket* market_;
  std::size_t instrument_;
  std::int64_t block_ = INT64_MIN;
  std::int64_t epoch_ = INT64_MIN;
  trading::Regime kind_ = trading::Regime::RANGING;
  std::array<double, static_cast<std::size_t>(block_epochs) + 1> block_values_{};
  std::array<double, epoch_steps + 1> epoch_values_{};
};

} // namespace troupe::venues::sim
