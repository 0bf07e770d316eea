// Many WebSocket clients in one thread: has the server send and counts what arrives.
//     bench_ws_clients PORT CLIENTS TEXTS        prints deliveries per second and seconds
// The server sends TEXTS texts of 120 bytes (frames of 122) to every client when one says "go
// TEXTS".

#include "core/clock.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr long frame_bytes = 122;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

/// A socket after the upgrade, not blocking.
int connect_client(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("connect");
  }
  const std::string ask = "GET /data/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (::send(fd, ask.data(), ask.size(), 0) != static_cast<ssize_t>(ask.size())) {
    fail("send");
  }
  std::string reply;
  char byte = 0;
  while (!reply.ends_with("\r\n\r\n")) {
    if (::recv(fd, &byte, 1, 0) != 1) {
      fail("upgrade");
    }
    reply += byte;
  }
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

std::string masked_text(const std::string& text) {
  constexpr std::array<unsigned char, 4> mask{1, 2, 3, 4};
  std::string out{static_cast<char>(0x81), static_cast<char>(0x80U | text.size())};
  for (const auto byte : mask) {
    out += static_cast<char>(byte);
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += static_cast<char>(static_cast<unsigned char>(text[i]) ^ mask[i % 4]);
  }
  return out;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::puts("bench_ws_clients PORT CLIENTS TEXTS");
    return 2;
  }
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const long clients = std::atol(argv[2]);
  const long texts = std::atol(argv[3]);
  const int poll = ::epoll_create1(0);
  std::vector<int> sockets;
  for (long i = 0; i < clients; ++i) {
    sockets.push_back(connect_client(port));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = sockets.back();
    ::epoll_ctl(poll, EPOLL_CTL_ADD, sockets.back(), &event);
  }
  const auto go = masked_text("go " + std::to_string(texts));
  const auto start = troupe::core::monotonic_ns();
  if (::send(sockets.front(), go.data(), go.size(), 0) != static_cast<ssize_t>(go.size())) {
    fail("send");
  }
  std::vector<char> buffer(1U << 18U);
  std::array<epoll_event, 512> events{};
  for (long left = clients * texts * frame_bytes; left > 0;) {
    const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 20'000);
    if (ready <= 0) {
      std::fprintf(stderr, "nothing more came; %ld bytes missing\n", left);
      return 1;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(ready); ++i) {
      const auto got = ::recv(events[i].data.fd, buffer.data(), buffer.size(), 0);
      if (got == 0) {
        std::fputs("the server closed\n", stderr);
        return 1;
      }
      left -= got > 0 ? got : 0;
    }
  }
  const auto spent_s = static_cast<double>(troupe::core::monotonic_ns() - start) / 1e9;
  std::printf("%.0f %.3f\n", static_cast<double>(clients * texts) / spent_s, spent_s);
  return 0;
}
