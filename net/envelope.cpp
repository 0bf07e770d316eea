#include "net/envelope.hpp"

#include "core/json.hpp"

namespace troupe::net {

Response
error_response(const core::Error& error, std::string_view request_id, const ErrorExtras& extras) {
  namespace json = core::json;
  const auto meaning = core::traits(error.code);
  Response out;
  out.status = extras.status != 0 ? extras.status : meaning.http_status;
  auto& body = out.body;
  body = R"({"error":{"code":)";
  json::append_string(body, core::name(error.code));
  body += R"(,"message":)";
  json::append_string(body, error.message);
  body += R"(,"details":)";
  body += extras.details;
  body += R"(,"request_id":)";
  json::append_string(body, request_id);
  body += R"(,"retryable":)";
  body += meaning.retryable ? "true" : "false";
  body += R"(,"retry_after_ms":)";
  if (extras.retry_after) {
    constexpr std::int64_t ns_per_s = 1'000'000'000;
    json::append_number(body, extras.retry_after->ns / 1'000'000);
    if (out.status == 429 || out.status == 503) {
      out.headers.emplace_back("Retry-After",
                               std::to_string((extras.retry_after->ns + ns_per_s - 1) / ns_per_s));
    }
  } else {
    body += "null";
  }
  body += "}}";
  return out;
}

Response data_response(std::string_view data,
                       std::string_view meta_members,
                       std::string_view request_id,
                       std::string_view node) {
  namespace json = core::json;
  Response out;
  auto& body = out.body;
  body.reserve(data.size() + meta_members.size() + request_id.size() + node.size() + 64);
  body = R"({"data":)";
  body += data;
  body += R"(,"meta":{)";
  if (!meta_members.empty()) {
    body += meta_members;
    body += ',';
  }
  body += R"("request_id":)";
  json::append_string(body, request_id);
  body += R"(,"node":)";
  json::append_string(body, node);
  body += "}}";
  return out;
}

} // namespace troupe::net
