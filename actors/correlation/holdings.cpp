#include "actors/correlation/holdings.hpp"

#include "actors/correlation/selection.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <utility>

namespace troupe::correlation {

namespace {

constexpr double weight_max = 1'000.0;

std::string position_field(std::size_t index, const char* member) {
  return "positions[" + std::to_string(index) + "]" + member;
}

core::Result<void>
check_position(const messages::PortfolioPosition& position, std::size_t index, bool by_weight) {
  if (position.quantity.has_value() == position.weight.has_value()) {
    return invalid(position_field(index, ""), "exactly one of quantity and weight",
                   position.quantity ? "both" : "neither");
  }
  if (position.weight.has_value() != by_weight) {
    return invalid(position_field(index, ""),
                   std::string("a ") + (by_weight ? "weight" : "quantity")
                     + " as in the position before",
                   by_weight ? "a quantity" : "a weight");
  }
  if (by_weight) {
    const auto weight =
      read_between(position_field(index, ".weight"), *position.weight, -weight_max, weight_max);
    if (!weight) {
      return weight.error();
    }
  }
  return {};
}

bool is_one_of_symbols(const std::vector<trading::InstrumentId>& known, const std::string& symbol) {
  return std::any_of(known.begin(), known.end(),
                     [&](const trading::InstrumentId& id) { return id.symbol == symbol; });
}

} // namespace

core::Result<void> check_positions(const std::vector<messages::PortfolioPosition>& positions,
                                   std::size_t most) {
  if (positions.empty() || positions.size() > most) {
    return invalid("positions", "1 to " + std::to_string(most) + " positions",
                   std::to_string(positions.size()));
  }
  std::set<trading::InstrumentId> seen;
  double gross = 0.0;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const auto& position = positions[i];
    const auto checked = check_position(position, i, positions.front().weight.has_value());
    if (!checked) {
      return checked;
    }
    if (!seen.insert(position.instrument).second) {
      return invalid(position_field(i, ".instrument"), "each instrument once",
                     position.instrument.to_text() + " again");
    }
    gross += std::abs(position.weight ? *position.weight : position.quantity->to_double());
  }
  if (gross == 0.0) {
    return invalid("positions", "at least one that is not zero", "none");
  }
  return {};
}

core::Result<void> check_currency(const std::string& field, const std::string& text) {
  const bool good = text.size() >= 2 && text.size() <= 10
                    && std::all_of(text.begin(), text.end(), [](unsigned char c) {
                         return std::isupper(c) != 0 || std::isdigit(c) != 0;
                       });
  if (!good) {
    return invalid(field, "a currency of 2 to 10 upper-case letters and digits",
                   '"' + text.substr(0, 40) + '"');
  }
  return {};
}

core::Result<void> check_portfolio_id(const std::string& id) {
  const bool good =
    !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
    });
  if (!good) {
    return invalid("id", "1 to 64 letters, digits, dots, dashes or underscores",
                   '"' + id.substr(0, 80) + '"');
  }
  return {};
}

std::vector<trading::InstrumentId> Holdings::instruments() const {
  std::vector<trading::InstrumentId> out;
  for (const auto& position : portfolio.positions) {
    out.push_back(position.instrument);
  }
  return out;
}

std::vector<trading::InstrumentId> Holdings::prices_needed() const {
  auto out = instruments();
  for (const auto& [currency, conversion] : conversions) {
    out.push_back(conversion.instrument);
  }
  return out;
}

std::string quote_currency(const trading::InstrumentId& id) {
  const auto first = id.symbol.find('-');
  if (first == std::string::npos) {
    return {};
  }
  const auto second = id.symbol.find('-', first + 1);
  return id.symbol.substr(first + 1, second == std::string::npos ? second : second - first - 1);
}

messages::Portfolio equal_weights(const std::vector<trading::InstrumentId>& instruments) {
  messages::Portfolio portfolio;
  portfolio.id = messages::default_portfolio;
  portfolio.base_currency = "USD";
  for (const auto& id : instruments) {
    portfolio.positions.push_back(
      {.instrument = id, .quantity = {}, .weight = 1.0 / static_cast<double>(instruments.size())});
  }
  return portfolio;
}

core::Result<Holdings> hold(messages::Portfolio portfolio,
                            const std::vector<trading::InstrumentId>& known) {
  Holdings holdings{.portfolio = std::move(portfolio), .conversions = {}, .inputs = {}};
  holdings.everything =
    holdings.portfolio.id == messages::default_portfolio && holdings.portfolio.version == 0;
  const auto& base = holdings.portfolio.base_currency;
  for (std::size_t i = 0; i < holdings.portfolio.positions.size(); ++i) {
    const auto& position = holdings.portfolio.positions[i];
    const auto quote = quote_currency(position.instrument);
    if (position.weight || quote == base || holdings.conversions.count(quote) > 0) {
      continue;
    }
    if (is_one_of_symbols(known, quote + '-' + base)) {
      holdings.conversions[quote] = {{quote + '-' + base, {}}, false};
    } else if (is_one_of_symbols(known, base + '-' + quote)) {
      holdings.conversions[quote] = {{base + '-' + quote, {}}, true};
    } else {
      return invalid(position_field(i, ".instrument"),
                     "an instrument quoted in the base currency " + base + ", or market data of "
                       + quote + '-' + base + " to convert it",
                     position.instrument.to_text());
    }
  }
  return holdings;
}

core::Result<void> check_known(const messages::PutPortfolio& request, const Market& market) {
  using core::Errc;
  if (market.symbols.empty()) {
    return core::Error{Errc::NOT_READY, "no instrument was heard of yet, which the positions are "
                                        "checked against"};
  }
  const auto known = [&](const trading::InstrumentId& id) {
    const auto& among = id.qualified() ? market.listed : market.symbols;
    return std::find(among.begin(), among.end(), id) != among.end();
  };
  const auto unknown = [](const std::string& field, const trading::InstrumentId& id) {
    return core::Error{Errc::UNKNOWN_SYMBOL,
                       field + ": no market data of " + id.to_text() + " was heard of"};
  };
  for (std::size_t i = 0; i < request.positions.size(); ++i) {
    if (!known(request.positions[i].instrument)) {
      return unknown(position_field(i, ".instrument"), request.positions[i].instrument);
    }
  }
  if (request.benchmark && !known(*request.benchmark)) {
    return unknown("benchmark", *request.benchmark);
  }
  const auto deals_in = [&](const trading::InstrumentId& id) {
    return quote_currency(id) == *request.base_currency
           || id.symbol.substr(0, id.symbol.find('-')) == *request.base_currency;
  };
  if (request.base_currency
      && std::none_of(market.symbols.begin(), market.symbols.end(), deals_in)) {
    return invalid("base_currency", "a currency that an instrument is quoted in or is of",
                   *request.base_currency);
  }
  messages::Portfolio portfolio;
  portfolio.base_currency = request.base_currency.value_or("USD");
  portfolio.positions = request.positions;
  const auto held = hold(std::move(portfolio), market.symbols);
  return held ? core::Result<void>{} : core::Result<void>{held.error()};
}

core::Result<Weights> weights_of(const Holdings& holdings,
                                 const Eigen::VectorXd& prices,
                                 const std::vector<double>& conversions) {
  std::map<std::string, double> rates;
  std::size_t next = 0;
  for (const auto& [currency, conversion] : holdings.conversions) {
    const double price = conversions.at(next++);
    rates[currency] = conversion.inverted ? 1.0 / price : price;
  }
  const auto& positions = holdings.portfolio.positions;
  Eigen::VectorXd weights(static_cast<Eigen::Index>(positions.size()));
  double gross = 0.0;
  for (Eigen::Index i = 0; i < weights.size(); ++i) {
    const auto& position = positions[static_cast<std::size_t>(i)];
    if (position.weight) {
      weights(i) = *position.weight;
      continue;
    }
    const auto rate = rates.find(quote_currency(position.instrument));
    weights(i) =
      position.quantity->to_double() * prices(i) * (rate == rates.end() ? 1.0 : rate->second);
    gross += std::abs(weights(i));
  }
  if (!positions.empty() && positions.front().quantity && gross > 0.0) {
    weights /= gross;
  }
  if (weights.size() == 0 || weights.cwiseAbs().maxCoeff() == 0.0) {
    return invalid("positions", "at least one that is not zero", "none");
  }
  return Weights{std::move(weights)};
}

} // namespace troupe::correlation
