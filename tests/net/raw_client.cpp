#include "raw_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace troupe::net::test {

RawClient::RawClient(std::uint16_t port, int receive_buffer_bytes)
  : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes != 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                 sizeof receive_buffer_bytes);
  }
  const timeval patience{5, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect");
  }
}

RawClient::~RawClient() {
  ::close(socket_);
}

void RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return; // the server closed: what it said is read by the caller
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool RawClient::fill() {
  std::array<char, 16'384> bytes{};
  const auto size = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (size <= 0) {
    return false;
  }
  buffer_.append(bytes.data(), static_cast<std::size_t>(size));
  return true;
}

std::string RawClient::read(std::size_t count) {
  while (buffer_.size() < count && fill()) {
  }
  auto out = buffer_.substr(0, count);
  buffer_.erase(0, out.size());
  return out;
}

bool RawClient::has_input(int ms) {
  pollfd wanted{socket_, POLLIN, 0};
  return !buffer_.empty() || ::poll(&wanted, 1, ms) != 0;
}

bool RawClient::is_closed() {
  std::array<char, 1> byte{};
  return buffer_.empty() && ::recv(socket_, byte.data(), 1, 0) == 0;
}

void RawClient::shutdown_send() {
  ::shutdown(socket_, SHUT_WR);
}

RawReply RawClient::reply(bool to_head_request) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) {
      return {};
    }
  }
  auto head = read(end + 4);
  RawReply out;
  out.status = static_cast<unsigned>(std::stoul(head.substr(9, 3)));
  auto at = head.find("\r\n") + 2;
  while (at < end) {
    const auto line_end = head.find("\r\n", at);
    const auto line = head.substr(at, line_end - at);
    const auto colon = line.find(": ");
    auto name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    out.headers[name] = line.substr(colon + 2);
    at = line_end + 2;
  }
  const auto length = out.header("content-length");
  if (!length.empty() && !to_head_request) {
    out.body = read(std::stoul(length));
  }
  return out;
}

std::string get(std::string_view target, std::string_view headers) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers)
         + "\r\n";
}

std::string masked_frame(unsigned first_byte, std::string_view payload) {
  std::string out;
  out += static_cast<char>(first_byte);
  if (payload.size() < 126) {
    out += static_cast<char>(0x80U | payload.size());
  } else if (payload.size() < 0x1'0000) {
    out += static_cast<char>(0x80U | 126U);
    out += static_cast<char>(payload.size() >> 8U);
    out += static_cast<char>(payload.size() & 0xFFU);
  } else {
    throw std::logic_error("longer frames are not needed");
  }
  constexpr std::array<unsigned char, 4> mask{0x12, 0x34, 0x56, 0x78};
  out.append(reinterpret_cast<const char*>(mask.data()), mask.size());
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]);
  }
  return out;
}

unsigned RawFrame::close_code() const {
  return payload.size() < 2 ? 0
                            : static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8U
                                | static_cast<unsigned char>(payload[1]);
}

RawFrame read_frame(RawClient& client) {
  const auto head = client.read(2);
  if (head.size() < 2) {
    return {};
  }
  std::size_t size = static_cast<unsigned char>(head[1]);
  if (size >= 126) {
    std::size_t extended = 0;
    for (const char c : client.read(size == 126 ? 2 : 8)) {
      extended = extended << 8U | static_cast<unsigned char>(c);
    }
    size = extended;
  }
  return {static_cast<unsigned char>(head[0]), client.read(size)};
}

RawReply upgrade(RawClient& client, std::string_view target, std::string_view headers) {
  client.send(get(target, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                            + std::string(headers)));
  return client.reply();
}

} // namespace troupe::net::test
