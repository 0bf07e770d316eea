#include "actors/venues/sim/market.hpp"

#include "actors/venues/sim/noise.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::venues::sim {

namespace {

using trading::Regime;

// Shares sum to 1. Trends move far on little noise; ranges come back; chop is rough and goes
// nowhere; a crisis is all of it, falls more often than not, and takes every instrument along.
// clang-format off
constexpr std::array<EpisodeTraits, 4> episode_table{{
  //                share drift resid. coarse middle fine activity spread
  {Regime::TRENDING, 0.30, 2.2, 0.30,  0.30,  0.40,  0.50, 1.3,    1.0},
  {Regime::RANGING,  0.35, 0.0, 0.15,  0.25,  0.55,  0.50, 0.8,    1.0},
  {Regime::CHOPPY,   0.30, 0.0, 0.30,  0.50,  1.40,  1.60, 1.1,    1.5},
  {Regime::CRISIS,   0.05, 3.0, 0.80,  2.50,  3.00,  3.00, 2.5,    4.0},
}};
// clang-format on

constexpr double forget = 0.996; ///< what is left of a block's move after one more block
constexpr std::int64_t memory_blocks = 1024; ///< forget^1024 is 1.7 %: the rest is left out
constexpr double follow_share = 0.5; ///< blocks in which an instrument has the market's episode
constexpr double crisis_beta = 0.97;
constexpr double crisis_fall_share = 0.7;
constexpr double common_direction_share = 0.75;
constexpr double seconds_per_year = 365.25 * 86'400.0;

Regime draw(double u, double total) {
  u *= total;
  for (const auto& row : episode_table) {
    if ((u -= row.share) < 0.0) {
      return row.kind;
    }
  }
  return Regime::RANGING;
}

std::int64_t block_of(core::Timestamp t) {
  const auto epoch = epoch_of(t);
  return epoch >> block_levels; // rounds down for times before 1970 too
}

std::uint64_t place(std::int64_t block, std::uint64_t offset) {
  return (static_cast<std::uint64_t>(block) << (block_levels + step_levels + 1)) + offset;
}

/// Half the square root of a segment's share of the block: the standard deviation of the midpoint
/// of a Brownian bridge over it.
constexpr std::array<double, block_levels + step_levels> bridge = [] {
  std::array<double, block_levels + step_levels> out{};
  double even = 0.5;
  for (std::size_t level = 0; level < out.size(); level += 2) {
    out[level] = even;
    out[level + 1] = even * 0.70710678118654752;
    even *= 0.5;
  }
  return out;
}();

double roughness(const EpisodeTraits& row, int level) {
  return level < 2 ? row.coarse : (level < block_levels ? row.middle : row.fine);
}

} // namespace

const EpisodeTraits& traits(Regime kind) {
  return episode_table.at(static_cast<std::size_t>(kind));
}

SimMarket::SimMarket(SimSettings settings) : settings_(std::move(settings)) {
  if (const auto done = check(settings_); !done) {
    throw core::ErrorException(done.error());
  }
  market_stream_ = noise::key(settings_.seed, "market/episode");
  common_stream_ = noise::key(settings_.seed, "market/noise");
  constexpr double block_seconds = static_cast<double>(block_epochs * (epoch_ns / 1'000'000'000));
  for (const auto& item : settings_.instruments) {
    // By name, so that an instrument more or less leaves the others as they are.
    Streams streams{noise::key(settings_.seed, item.symbol + "/episode"),
                    noise::key(settings_.seed, item.symbol + "/move"),
                    noise::key(settings_.seed, item.symbol + "/noise"),
                    std::sqrt(1.0 - item.beta * item.beta),
                    item.volatility_annual * std::sqrt(block_seconds / seconds_per_year),
                    {}};
    for (const auto& venue : settings_.venues) {
      streams.venue.push_back(noise::key(settings_.seed, item.symbol + "/venue/" + venue.name));
    }
    streams_.push_back(std::move(streams));
  }
}

core::Result<std::size_t> SimMarket::instrument_index(std::string_view symbol) const {
  for (std::size_t i = 0; i < settings_.instruments.size(); ++i) {
    if (settings_.instruments[i].symbol == symbol) {
      return i;
    }
  }
  return core::Error{core::Errc::UNKNOWN_SYMBOL,
                     "the simulated market has no " + std::string(symbol)};
}

core::Result<std::size_t> SimMarket::venue_index(std::string_view name) const {
  for (std::size_t i = 0; i < settings_.venues.size(); ++i) {
    if (settings_.venues[i].name == name) {
      return i;
    }
  }
  return core::Error{core::Errc::NOT_FOUND,
                     "the simulated market has no venue " + std::string(name)};
}

std::vector<trading::Instrument> SimMarket::instruments() const {
  std::vector<trading::Instrument> out;
  for (const auto& venue : settings_.venues) {
    for (const auto& item : settings_.instruments) {
      trading::Instrument row;
      row.instrument = {item.symbol, venue.name};
      row.venue = venue.name;
      row.venue_symbol = item.symbol;
      const auto dash = item.symbol.find('-');
      row.base = item.symbol.substr(0, dash);
      row.quote = item.symbol.substr(dash + 1);
      row.settlement = row.quote;
      row.tick = item.tick;
      row.lot = item.lot;
      row.min_notional = item.min_notional;
      row.multiplier = trading::Quantity::from_integer(1);
      row.maker_fee_bps = venue.maker_fee_bps;
      row.taker_fee_bps = venue.taker_fee_bps;
      out.push_back(std::move(row));
    }
  }
  return out;
}

Regime SimMarket::block_episode(std::int64_t block) const {
  return draw(noise::uniform(market_stream_, place(block, 0)), 1.0);
}

Regime SimMarket::block_episode(std::size_t instrument, std::int64_t block) const {
  const auto market = block_episode(block);
  const auto& stream = streams_[instrument].episode;
  if (market == Regime::CRISIS || noise::uniform(stream, place(block, 0)) < follow_share) {
    return market;
  }
  // Crisis is the last row and the market's alone: left out of the draw.
  return draw(noise::uniform(stream, place(block, 1)), 1.0 - traits(Regime::CRISIS).share);
}

Regime SimMarket::episode(core::Timestamp t) const {
  return block_episode(block_of(t));
}

Regime SimMarket::episode(std::size_t instrument, core::Timestamp t) const {
  return block_episode(instrument, block_of(t));
}

double SimMarket::block_move(std::size_t instrument, std::int64_t block) const {
  const auto& streams = streams_[instrument];
  const auto kind = block_episode(instrument, block);
  const auto& row = traits(kind);
  const bool crisis = kind == Regime::CRISIS;
  const double beta = crisis ? std::max(crisis_beta, settings_.instruments[instrument].beta)
                             : settings_.instruments[instrument].beta;
  const double own_share = crisis ? std::sqrt(1.0 - beta * beta) : streams.own_share;
  const double common = noise::normal(noise::bits(market_stream_, place(block, 2)));
  const double own = noise::normal(noise::bits(streams.move, place(block, 2)));
  double direction = noise::uniform(market_stream_, place(block, 3)) < 0.5 ? -1.0 : 1.0;
  if (crisis) {
    direction = noise::uniform(market_stream_, place(block, 4)) < crisis_fall_share ? -1.0 : 1.0;
  } else if (noise::uniform(streams.move, place(block, 4)) >= common_direction_share) {
    direction = noise::uniform(streams.move, place(block, 3)) < 0.5 ? -1.0 : 1.0;
  }
  return streams.block_sigma
         * (direction * row.drift + row.residual * (beta * common + own_share * own));
}

double SimMarket::block_start(std::size_t instrument, std::int64_t block) const {
  // Summed anew each time, oldest first: a running sum would depend on where it was started.
  double sum = 0.0;
  for (auto past = block - memory_blocks; past < block; ++past) {
    sum = sum * forget + block_move(instrument, past);
  }
  return sum;
}

double SimMarket::displacement(
  std::size_t instrument, Regime kind, std::int64_t block, int level, std::uint64_t index) const {
  const auto& streams = streams_[instrument];
  const auto at = place(block, (std::uint64_t{1} << static_cast<unsigned>(level)) + index);
  const double common = noise::normal(noise::bits(common_stream_, at));
  const double own = noise::normal(noise::bits(streams.own, at));
  const bool crisis = kind == Regime::CRISIS;
  const double beta = crisis ? crisis_beta : settings_.instruments[instrument].beta;
  const double own_share = crisis ? 0.24310491562286 : streams.own_share; // sqrt(1 - 0.97^2)
  return streams.block_sigma * bridge[static_cast<std::size_t>(level)]
         * roughness(traits(kind), level) * (beta * common + own_share * own);
}

double SimMarket::latent(std::size_t instrument, core::Timestamp t) const {
  const auto epoch = epoch_of(t);
  const auto block = epoch >> block_levels;
  const auto kind = block_episode(instrument, block);
  const auto offset = t.ns - block * block_epochs * epoch_ns;
  const auto step = static_cast<std::uint64_t>(offset / step_ns);
  double low = block_start(instrument, block);
  double high = block_start(instrument, block + 1);
  for (int level = 0; level < block_levels + step_levels; ++level) {
    const auto below = static_cast<unsigned>(block_levels + step_levels - level);
    const double middle =
      0.5 * (low + high) + displacement(instrument, kind, block, level, step >> below);
    (((step >> (below - 1)) & 1U) == 0 ? high : low) = middle;
  }
  const double part = static_cast<double>(offset % step_ns) / static_cast<double>(step_ns);
  return settings_.instruments[instrument].price * noise::exponential(low + (high - low) * part);
}

double
SimMarket::venue_offset(std::size_t venue, std::size_t instrument, std::int64_t epoch) const {
  const auto bits =
    noise::bits(streams_[instrument].venue[venue], static_cast<std::uint64_t>(epoch));
  return settings_.venues[venue].noise_bps * 1e-4 * std::clamp(noise::normal(bits), -2.0, 2.0);
}

namespace {

/// Fills values[0 .. 2^levels] between its ends by midpoint displacement.
template <std::size_t n, class Displacement>
void fill(std::array<double, n>& values, int levels, Displacement&& displacement) {
  for (int level = 0; level < levels; ++level) {
    const auto segment = (n - 1) >> static_cast<unsigned>(level);
    for (std::size_t i = 0; i * segment < n - 1; ++i) {
      const auto low = i * segment;
      values[low + segment / 2] =
        0.5 * (values[low] + values[low + segment]) + displacement(level, i);
    }
  }
}

} // namespace

void LatentPath::load_block(std::int64_t block) {
  kind_ = market_->block_episode(instrument_, block);
  block_values_.front() =
    block == block_ + 1 ? block_values_.back() : market_->block_start(instrument_, block);
  block_values_.back() = market_->block_start(instrument_, block + 1);
  fill(block_values_, block_levels, [&](int level, std::size_t i) {
    return market_->displacement(instrument_, kind_, block, level, i);
  });
  block_ = block;
}

const std::array<double, epoch_steps + 1>& LatentPath::epoch(std::int64_t epoch) {
  if (epoch == epoch_) {
    return epoch_values_;
  }
  const auto block = epoch >> block_levels;
  if (block != block_) {
    load_block(block);
  }
  const auto at = static_cast<std::size_t>(epoch - (block << block_levels));
  epoch_values_.front() = block_values_[at];
  epoch_values_.back() = block_values_[at + 1];
  fill(epoch_values_, step_levels, [&](int level, std::size_t i) {
    return market_->displacement(instrument_, kind_, block, block_levels + level,
                                 (at << static_cast<unsigned>(level)) + i);
  });
  epoch_ = epoch;
  return epoch_values_;
}

} // namespace troupe::venues::sim
