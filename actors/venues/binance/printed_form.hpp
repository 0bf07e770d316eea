#pragma once

#include "actors/venues/binance/frames.hpp"

/// Market events in the very form in which the venue prints them.
namespace troupe::venues::binance {

/// Reads a trade, an aggregate trade, a book ticker or a depth update, wrapped or not, whose fields
/// are those documented, in the venue's order and without white space. Every byte is looked at, so
/// that what it takes is a valid message; it needs neither an index of the tokens nor a second
/// look at them, which makes it twice as fast as the walk over them (docs/adr/0005).
/// @param text  one message, with room behind its end (wire::padded)
/// @returns     false for any other text, which is to be read by its tokens; `frame` may then hold
///              parts of it
[[nodiscard]] bool read_printed_form(const std::string& text, Frame& frame);

} // namespace troupe::venues::binance
