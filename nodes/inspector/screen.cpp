#include "nodes/inspector/screen.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

namespace troupe::inspector {

namespace screen {

volatile std::sig_atomic_t stopped = 0;

void on_signal(int) {
  stopped = 1;
}

} // namespace screen

Screen::Screen() : terminal_(::isatty(STDOUT_FILENO) == 1) {}

std::string Screen::fitted(const std::string& text, std::size_t lines, std::size_t columns) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t line = 0; line < lines && at < text.size(); ++line) {
    const auto end = std::min(text.find('\n', at), text.size());
    out += line == 0 ? "" : "\n";
    out += text.substr(at, std::min(end - at, columns)) + "\x1b[K";
    at = end + 1;
  }
  return out;
}

void Screen::show(const std::string& text) const {
  winsize size{};
  if (terminal_ && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1) {
    std::cout << "\x1b[H" << fitted(text, size.ws_row - 1U, size.ws_col) << "\x1b[J" << std::flush;
  } else {
    std::cout << text << std::flush;
  }
}

void watch_signals() {
  std::signal(SIGINT, screen::on_signal);
  std::signal(SIGTERM, screen::on_signal);
}

bool sleep_for(double seconds) {
  constexpr double slice_s = 0.05;
  for (double left = seconds; left > 0 && screen::stopped == 0; left -= slice_s) {
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, slice_s)));
  }
  return screen::stopped == 0;
}

} // namespace troupe::inspector
