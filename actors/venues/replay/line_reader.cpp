#include "actors/venues/replay/line_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>
#include <zlib.h>

namespace troupe::venues::replay {

struct LineReader::State {
  State(std::string file_path, gzFile handle, std::uint64_t bytes)
    : path(std::move(file_path)), file(handle, gzclose), size(bytes), buffer(2 * line_bytes_max) {}

  std::string path;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file;
  std::uint64_t size;
  std::vector<char> buffer;
  std::size_t begin = 0; ///< of what is not yet returned
  std::size_t end = 0;
  bool at_end = false;
  std::uint64_t line = 0;

  [[nodiscard]] core::Error error(const std::string& text) const {
    return {core::Errc::IO_ERROR, path + ":" + std::to_string(line + 1) + ": " + text};
  }

  /// Makes room and reads on; @returns false where the file is damaged
  [[nodiscard]] bool fill() {
    std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(begin),
              buffer.begin() + static_cast<std::ptrdiff_t>(end), buffer.begin());
    end -= begin;
    begin = 0;
    const int n =
      gzread(file.get(), buffer.data() + end, static_cast<unsigned>(buffer.size() - end));
    int code = Z_OK;
    (void)gzerror(file.get(), &code);
    if (n < 0 || code == Z_BUF_ERROR || code == Z_DATA_ERROR) { // Z_BUF_ERROR: cut off
      return false;
    }
    at_end = n == 0;
    end += static_cast<std::size_t>(n);
    return true;
  }
};

LineReader::LineReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;

core::Result<LineReader> LineReader::open(const std::string& path) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(path, failure);
  gzFile file = failure ? nullptr : gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    return core::Error{core::Errc::IO_ERROR,
                       path + ": cannot open: " + (failure ? failure.message() : "no permission")};
  }
  return LineReader{std::make_unique<State>(path, file, size)};
}

core::Result<std::optional<std::string_view>> LineReader::next() {
  auto& s = *state_;
  std::size_t searched = s.begin;
  for (;;) {
    const auto from = s.buffer.begin() + static_cast<std::ptrdiff_t>(searched);
    const auto to = s.buffer.begin() + static_cast<std::ptrdiff_t>(s.end);
    const auto found = std::find(from, to, '\n');
    const bool complete = found != to;
    if (complete || (s.at_end && s.begin < s.end)) {
      const auto stop = static_cast<std::size_t>(found - s.buffer.begin());
      std::string_view text{s.buffer.data() + s.begin, stop - s.begin};
      if (text.size() > line_bytes_max) {
        break;
      }
      s.begin = complete ? stop + 1 : stop;
      ++s.line;
      return std::optional{text.ends_with('\r') ? text.substr(0, text.size() - 1) : text};
    }
    if (s.at_end) {
      return std::optional<std::string_view>{};
    }
    const auto kept = s.end - s.begin;
    if (kept > line_bytes_max) {
      break;
    }
    if (!s.fill()) {
      return s.error("expected readable data, found a damaged or cut off file");
    }
    searched = kept;
  }
  return s.error("expected a line of at most " + std::to_string(line_bytes_max)
                 + " bytes, found a longer one");
}

std::uint64_t LineReader::line() const {
  return state_->line;
}

std::uint64_t LineReader::bytes_read() const {
  const auto offset = gzoffset(state_->file.get());
  return offset < 0 ? 0 : std::min(static_cast<std::uint64_t>(offset), state_->size);
}

std::uint64_t LineReader::bytes_total() const {
  return state_->size;
}

} // namespace troupe::venues::replay
