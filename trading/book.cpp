#include "trading/book.hpp"

namespace troupe::trading {

void Level::append_json(std::string& out) const {
  out += "[\"";
  price.append_text(out);
  out += "\",\"";
  quantity.append_text(out);
  out += "\"]";
}

void Level::read_json(core::json::View in, core::json::Decoder& decoder) {
  if (!in.is_array() || in.size() != 2) {
    decoder.problem("[\"price\", \"quantity\"]", in.excerpt());
    return;
  }
  decoder.read_at(in, 0, price);
  decoder.read_at(in, 1, quantity);
}

} // namespace troupe::trading
