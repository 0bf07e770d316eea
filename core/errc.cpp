#include "core/errc.hpp"

#include <boost/describe/enum_to_string.hpp>
#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <ostream>

namespace troupe::core {

namespace {

constexpr caf::atom_value category = caf::atom("troupe");

} // namespace

ErrcTraits traits(Errc code) noexcept {
  // clang-format off
  switch (code) {
    //                                       status retry  breaker
    case Errc::NONE:                   return {200, false, false};
    case Errc::MALFORMED_REQUEST:      return {400, false, false};
    case Errc::INVALID_ARGUMENT:       return {400, false, false};
    case Errc::UNAUTHENTICATED:        return {401, false, false};
    case Errc::FORBIDDEN:              return {403, false, false};
    case Errc::NOT_FOUND:              return {404, false, false};
    case Errc::UNKNOWN_SYMBOL:         return {404, false, false};
    case Errc::METHOD_NOT_ALLOWED:     return {405, false, false};
    case Errc::REQUEST_TIMEOUT:        return {408, true,  false};
    case Errc::CONFLICT:               return {409, false, false};
    case Errc::BODY_TOO_LARGE:         return {413, false, false};
    case Errc::URI_TOO_LONG:           return {414, false, false};
    case Errc::UNSUPPORTED_MEDIA_TYPE: return {415, false, false};
    case Errc::DENIED:                 return {422, false, false};
    case Errc::RATE_LIMITED:           return {429, true,  false};
    case Errc::HEADERS_TOO_LARGE:      return {431, false, false};
    case Errc::INTERNAL:               return {500, false, true};
    case Errc::UNAVAILABLE:            return {503, true,  true};
    case Errc::OVERLOADED:             return {503, true,  true};
    case Errc::CIRCUIT_OPEN:           return {503, true,  false};
    case Errc::TIMEOUT:                return {503, true,  true};
    case Errc::NODE_DOWN:              return {503, true,  true};
    case Errc::ACTOR_DOWN:             return {503, true,  true};
    case Errc::MOVED:                  return {503, true,  false};
    case Errc::NOT_READY:              return {503, true,  false};
    case Errc::STALE_DATA:             return {503, true,  false};
    case Errc::OUTCOME_UNKNOWN:        return {504, false, true};
    case Errc::VERSION_MISMATCH:       return {503, false, false};
    case Errc::CONFIG_INVALID:         return {500, false, false};
    case Errc::IO_ERROR:               return {503, true,  true};
    case Errc::PROTOCOL_ERROR:         return {503, true,  true};
  }
  // clang-format on
  return {500, false, true};
}

std::string_view name(Errc code) noexcept {
  return boost::describe::enum_to_string(code, "INTERNAL");
}

std::string to_string(const Error& error) {
  std::string text{name(error.code)};
  return error.message.empty() ? text : text + ": " + error.message;
}

std::ostream& operator<<(std::ostream& out, const Error& error) {
  return out << to_string(error);
}

ErrorException::ErrorException(const Error& error)
  : std::runtime_error(to_string(error)), error_(error) {}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw ErrorException(error);
}

caf::error to_caf(const Error& error) {
  return to_caf(error.code, error.message);
}

caf::error to_caf(Errc code, std::string message) {
  return {static_cast<std::uint8_t>(code), category, caf::make_message(std::move(message))};
}

namespace {

std::string context_text(const caf::error& error) {
  const auto& context = error.context();
  if (context.size() == 1 && context.match_element<std::string>(0)) {
    return context.get_as<std::string>(0);
  }
  return context.empty() ? std::string{} : caf::to_string(context);
}

Errc meaning(caf::sec code) {
  switch (code) {
    case caf::sec::request_timeout: return Errc::TIMEOUT;
    case caf::sec::request_receiver_down: return Errc::ACTOR_DOWN;
    case caf::sec::no_route_to_receiving_node:
    case caf::sec::cannot_connect_to_node:
    case caf::sec::connection_timeout: return Errc::NODE_DOWN;
    default: return Errc::INTERNAL;
  }
}

} // namespace

Error from_caf(const caf::error& error) {
  if (!error) {
    return {Errc::NONE, {}};
  }
  if (error.category() == category) {
    return {static_cast<Errc>(error.code()), context_text(error)};
  }
  if (error.category() == caf::atom("system")) {
    const auto code = static_cast<caf::sec>(error.code());
    auto text = to_string(code);
    if (const auto context = context_text(error); !context.empty()) {
      text += ": " + context;
    }
    return {meaning(code), std::move(text)};
  }
  if (error.category() == caf::atom("exit")) {
    return {Errc::ACTOR_DOWN, to_string(static_cast<caf::exit_reason>(error.code()))};
  }
  return {Errc::INTERNAL, caf::to_string(error)};
}

} // namespace troupe::core
