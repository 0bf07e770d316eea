#include "actors/venues/common/venue.hpp"

namespace troupe::venues {

VenueHeader read_header(core::json::View settings, core::json::Decoder& decoder) {
  VenueHeader header;
  const auto text = [&](const char* key) {
    const auto value = settings.is_object() ? settings.find(key) : std::nullopt;
    const auto string = value ? value->string() : std::nullopt;
    if (!string || string->empty()) {
      decoder.problem(std::string("a string under \"") + key + "\"",
                      value ? value->excerpt() : "nothing");
    }
    return std::string(string.value_or(""));
  };
  header.name = text("name");
  header.kind = text("kind");
  return header;
}

} // namespace troupe::venues
