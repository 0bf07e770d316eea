#include "net/detail/reply_text.hpp"

#include <array>
#include <charconv>

namespace troupe::net::detail {

namespace {

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) == std::string_view::npos;
}

void append_decimal(std::string& out, std::size_t value) {
  std::array<char, 20> text{};
  const auto [end, ec] = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!name.empty() && is_one_line(name) && is_one_line(value)) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
}

void append_status(std::string& out, unsigned status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += "HTTP/1.1 ";
  append_decimal(out, status);
  out += ' ';
  out += reason_phrase(status);
  out += "\r\n";
}

} // namespace

void append_reply(std::string& out, const Response& response, const ReplyHead& head) {
  const auto content = response.content();
  const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  append_status(out, response.status);
  if (!bodiless) {
    append_field(out, "Content-Type", response.content_type);
    out += "Content-Length: ";
    append_decimal(out, content.size());
    out += "\r\n";
  }
  out += "X-Request-Id: ";
  out += head.request_id;
  out += "\r\nDate: ";
  out += head.date;
  out += "\r\n";
  for (const auto& [name, value] : response.headers) {
    append_field(out, name, value);
  }
  if (!head.keep_alive) {
    out += "Connection: close\r\n";
  } else if (head.is_http10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (!bodiless && !head.without_body) {
    out += content;
  }
}

} // namespace troupe::net::detail
