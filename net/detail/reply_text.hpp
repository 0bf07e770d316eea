#pragma once

#include "net/http.hpp"

#include <string>
#include <string_view>

namespace troupe::net::detail {

/// What a reply's head says beside the response itself.
struct ReplyHead {
  std::string_view request_id;
  std::string_view date;
  bool is_http10 = false;
  bool keep_alive = true;
  bool without_body = false; ///< answers HEAD
};

/// Appends the whole reply as it goes over the wire. Fields of the handler's that would break the
/// head (a line break in them) are left out.
void append_reply(std::string& out, const Response& response, const ReplyHead& head);

} // namespace troupe::net::detail
