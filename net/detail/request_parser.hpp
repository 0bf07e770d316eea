#pragma once

#include "core/errc.hpp"
#include "net/http.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <optional>

namespace troupe::net::detail {

/// Why a request is refused before any handler sees it.
struct Refusal {
  core::Error error;
  unsigned status = 0;
};

/// Beast's parser, filling a Request that the connection reuses.
class RequestParser final : public boost::beast::http::basic_parser<true> {
public:
  RequestParser(Request& request, std::uint64_t fields_max)
    : request_(request), fields_max_(fields_max) {}

  /// The body is read but not kept.
  void discard_body() { keeps_body_ = false; }
  [[nodiscard]] bool is_http10() const { return version_ == 10; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  /// What was wrong, more precisely than the error code; NONE when that is all there is.
  [[nodiscard]] const std::optional<Refusal>& refusal() const { return refusal_; }

private:
  using ErrorCode = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void refuse(ErrorCode& ec, core::Errc code, std::string message, unsigned status = 0);
  void on_request_impl(
    boost::beast::http::verb verb, Text method, Text target, int version, ErrorCode& ec) override;
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void
  on_field_impl(boost::beast::http::field field, Text name, Text value, ErrorCode& ec) override;
  void on_header_impl(ErrorCode& ec) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(Text body, ErrorCode&) override { return keep(body); }
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, ErrorCode&) override {
    return keep(body);
  }
  void on_finish_impl(ErrorCode&) override {}
  std::size_t keep(Text body);

  Request& request_;
  std::uint64_t fields_max_;
  std::optional<Refusal> refusal_;
  std::size_t host_fields_ = 0;
  int version_ = 11;
  bool has_coding_ = false;
  bool has_length_ = false;
  bool header_done_ = false;
  bool keeps_body_ = true;
  bool expects_continue_ = false;
};

} // namespace troupe::net::detail
