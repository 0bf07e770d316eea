#pragma once

#include <boost/describe/enum.hpp>
#include <boost/system/result.hpp>
#include <caf/error.hpp>

#include <cstdint>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe::core {

/// Every way a request to Troupe can fail: the code that API callers see, spelled as they see it.
/// Values travel between nodes: append, never reorder.
enum class Errc : std::uint8_t {
  NONE = 0,
  MALFORMED_REQUEST,
  INVALID_ARGUMENT,
  UNAUTHENTICATED,
  FORBIDDEN,
  NOT_FOUND,
  UNKNOWN_SYMBOL,
  METHOD_NOT_ALLOWED,
  CONFLICT,
  BODY_TOO_LARGE,
  URI_TOO_LONG,
  HEADERS_TOO_LARGE,
  UNSUPPORTED_MEDIA_TYPE,
  DENIED,
  RATE_LIMITED,
  INTERNAL,
  UNAVAILABLE,
  OVERLOADED,
  CIRCUIT_OPEN,
  TIMEOUT,
  NODE_DOWN,
  ACTOR_DOWN,
  MOVED,
  NOT_READY,
  STALE_DATA,
  OUTCOME_UNKNOWN,
  VERSION_MISMATCH,
  CONFIG_INVALID,
  IO_ERROR,
  PROTOCOL_ERROR,
  REQUEST_TIMEOUT,
};

BOOST_DESCRIBE_ENUM(Errc,
                    NONE,
                    MALFORMED_REQUEST,
                    INVALID_ARGUMENT,
                    UNAUTHENTICATED,
                    FORBIDDEN,
                    NOT_FOUND,
                    UNKNOWN_SYMBOL,
                    METHOD_NOT_ALLOWED,
                    CONFLICT,
                    BODY_TOO_LARGE,
                    URI_TOO_LONG,
                    HEADERS_TOO_LARGE,
                    UNSUPPORTED_MEDIA_TYPE,
                    DENIED,
                    RATE_LIMITED,
                    INTERNAL,
                    UNAVAILABLE,
                    OVERLOADED,
                    CIRCUIT_OPEN,
                    TIMEOUT,
                    NODE_DOWN,
                    ACTOR_DOWN,
                    MOVED,
                    NOT_READY,
                    STALE_DATA,
                    OUTCOME_UNKNOWN,
                    VERSION_MISMATCH,
                    CONFIG_INVALID,
                    IO_ERROR,
                    PROTOCOL_ERROR,
                    REQUEST_TIMEOUT)

/// What an error code means to an HTTP caller.
struct ErrcTraits {
  unsigned http_status;
  bool retryable;       ///< the same request may succeed later, unchanged
  bool breaker_failure; ///< counts against the callee in a circuit breaker
};

[[nodiscard]] ErrcTraits traits(Errc code) noexcept;

/// The code as API callers see it, such as "UNKNOWN_SYMBOL".
[[nodiscard]] std::string_view name(Errc code) noexcept;

/// An error with its text: what was expected and what was found. Used outside mailboxes.
struct Error {
  Errc code = Errc::INTERNAL;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

/// "CODE: message".
[[nodiscard]] std::string to_string(const Error& error);
std::ostream& operator<<(std::ostream& out, const Error& error);

/// Thrown only where a Result is unwrapped without a look at it.
class ErrorException : public std::runtime_error {
public:
  explicit ErrorException(const Error& error);
  [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
  Error error_;
};

[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& at);

/// A value, or the reason why there is none.
template <class T>
using Result = boost::system::result<T, Error>;

/// The error as it travels in mailboxes: category "troupe", the text as context.
[[nodiscard]] caf::error to_caf(const Error& error);
[[nodiscard]] caf::error to_caf(Errc code, std::string message);

/// The way back. An error of CAF's own (a timeout, a dead receiver, an exception in a handler)
/// comes out as the Errc that callers should see for it.
[[nodiscard]] Error from_caf(const caf::error& error);

} // namespace troupe::core
