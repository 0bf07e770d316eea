#pragma once

#include "net/router.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net::test {

/// A reply as it came over the wire.
struct RawReply {
  unsigned status = 0;
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;
  [[nodiscard]] std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
};

/// A socket that sends any bytes: what a well-behaved client would not.
class RawClient {
public:
  /// @param receive_buffer_bytes  0: the system's
  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes);
  /// The next reply; status 0 when the connection ended (or five seconds passed).
  RawReply reply(bool to_head_request = false);
  /// The next `count` bytes, fewer at the end.
  std::string read(std::size_t count);
  /// Waits until something comes or the connection ends. @returns false when `ms` passed first
  bool has_input(int ms);
  /// Whether the server closed, nothing more having come.
  bool is_closed();
  void shutdown_send();

private:
  bool fill();
  int socket_ = -1;
  std::string buffer_;
};

/// "GET <target> HTTP/1.1" with Host and more header lines, each ended by CRLF.
std::string get(std::string_view target, std::string_view headers = "");

/// A client's masked frame.
std::string masked_frame(unsigned first_byte, std::string_view payload);
inline std::string text_frame(std::string_view payload) {
  return masked_frame(0x81, payload);
}

/// A server's frame, taken apart.
struct RawFrame {
  unsigned first_byte = 0;
  std::string payload;
  [[nodiscard]] unsigned close_code() const;
};
RawFrame read_frame(RawClient& client);

/// Sends the upgrade and reads its reply.
RawReply upgrade(RawClient& client, std::string_view target, std::string_view headers = "");

/// What a route answers with.
inline Response text(std::string body) {
  return {.content_type = "text/plain", .body = std::move(body)};
}

} // namespace troupe::net::test
