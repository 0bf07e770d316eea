#include "trading/instrument.hpp"
#include "trading/values.hpp"

#include <doctest/doctest.h>

using namespace troupe::trading;

TEST_CASE("values: 1e12 units and prices of 1e-10 both work, notional is exact") {
  const auto price = *Price::from_text("0.0000000001");
  const auto quantity = *Quantity::from_text("1000000000000.00000001");
  CHECK((price * quantity).to_text() == "100.000000000000000001");
  CHECK_THROWS((void)(*Price::from_text("1e12") * *Quantity::from_text("1e12")));
}

TEST_CASE("instrument: names") {
  CHECK(InstrumentId::from_text("BTC-USD")->venue.empty());
  CHECK(InstrumentId::from_text("BTC-USDT-PERP.SIM-A")->venue == "SIM-A");
  CHECK(InstrumentId::from_text("BTC-USD.COINBASE")->to_text() == "BTC-USD.COINBASE");
  for (const char* text : {"", "BTC", "btc-usd", "BTC--USD", "-BTC-USD", "BTC-USD.", ".X",
                           "BTC-USD.a", "BTC-USD.X.Y", "BTC/USD", "A-B-C-D-E-F"}) {
    CAPTURE(text);
    CHECK_FALSE(InstrumentId::from_text(text).has_value());
  }
}
