// clang-format off
#include <utility>
#include "net/detail/request_parser.hpp"
// clang-format on

namespace troupe::net::detail {

namespace http = boost::beast::http;
using core::Errc;

void RequestParser::refuse(ErrorCode& ec, Errc code, std::string message, unsigned status) {
  refusal_ = Refusal{{code, std::move(message)}, status};
  ec = http::error::bad_value;
}

void RequestParser::on_request_impl(
  http::verb, Text method, Text target, int version, ErrorCode& ec) {
  version_ = version;
  const auto known = method_from({method.data(), method.size()});
  if (!known) {
    refuse(ec, Errc::METHOD_NOT_ALLOWED,
           "expected GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS, found "
             + std::string(method.data(), std::min<std::size_t>(method.size(), 32)),
           501);
    return;
  }
  request_.method = *known;
  request_.target.assign(target.data(), target.size());
}

void RequestParser::on_field_impl(http::field field, Text name, Text value, ErrorCode& ec) {
  if (header_done_) {
    return; // a trailer: nothing here wants one
  }
  const std::string_view text{value.data(), value.size()};
  if (request_.headers.size() >= fields_max_) {
    refuse(ec, Errc::HEADERS_TOO_LARGE,
           "expected at most " + std::to_string(fields_max_) + " header fields");
    return;
  }
  request_.headers.add({name.data(), name.size()}, text);
  switch (field) {
    case http::field::host: ++host_fields_; break;
    case http::field::transfer_encoding:
      if (has_coding_ || version_ < 11) {
        refuse(ec, Errc::MALFORMED_REQUEST, "expected one Transfer-Encoding, in HTTP/1.1");
      } else if (!equals_ignoring_case(text, "chunked")) {
        refuse(ec, Errc::UNSUPPORTED_MEDIA_TYPE,
               "expected the transfer coding chunked, found another", 501);
      }
      has_coding_ = true;
      break;
    case http::field::content_length:
      // Beast takes the same length told twice, or as a list; what stands before us may not.
      if (has_length_ || text.find_first_not_of("0123456789") != std::string_view::npos) {
        refuse(ec, Errc::MALFORMED_REQUEST, "expected one Content-Length of digits");
      }
      has_length_ = true;
      break;
    case http::field::expect:
      if (!equals_ignoring_case(text, "100-continue")) {
        refuse(ec, Errc::MALFORMED_REQUEST, "expected 100-continue, found another expectation",
               417);
      }
      expects_continue_ = version_ >= 11;
      break;
    default: break;
  }
}

void RequestParser::on_header_impl(ErrorCode& ec) {
  header_done_ = true;
  if (host_fields_ > 1 || (host_fields_ == 0 && version_ >= 11)) {
    refuse(ec, Errc::MALFORMED_REQUEST,
           "expected one Host header, found " + std::to_string(host_fields_));
  }
}

std::size_t RequestParser::keep(Text body) {
  if (keeps_body_) {
    request_.body.append(body.data(), body.size());
  }
  return body.size();
}

} // namespace troupe::net::detail
