#include "net/auth.hpp"

#include "net/detail/hash.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::net {

namespace {

using core::Errc;
using core::Error;
using core::Result;

constexpr std::size_t token_bytes_max = 1'024;

/// A file descriptor that closes itself.
class Descriptor {
public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

private:
  int number_;
};

Error file_error(const std::string& path, const char* doing) {
  return {Errc::IO_ERROR,
          std::string("cannot ") + doing + " " + path + ": " + std::strerror(errno)};
}

Result<std::string> read_token(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.is_open()) {
    return file_error(path, "open");
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) {
    return file_error(path, "look at");
  }
  if ((info.st_mode & 077U) != 0) {
    return Error{Errc::FORBIDDEN, path + ": expected mode 0600, found one that others may use"};
  }
  std::array<char, token_bytes_max> text{};
  const auto size = ::read(file.get(), text.data(), text.size());
  if (size < 0) {
    return file_error(path, "read");
  }
  std::string token(text.data(), static_cast<std::size_t>(size));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) {
    token.pop_back();
  }
  if (token.size() < 16) {
    return Error{Errc::IO_ERROR, path + ": expected a token of 16 characters or more"};
  }
  return token;
}

/// Writes beside the place and links it in, so that a token is there whole or not at all and the
/// first of two nodes that start together wins.
Result<void> write_token(const std::string& path, const std::string& token) {
  const auto temporary = path + "." + std::to_string(::getpid());
  ::unlink(temporary.c_str());
  const Descriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!file.is_open()) {
    return file_error(temporary, "create");
  }
  const auto text = token + "\n";
  const bool written =
    ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())
    && ::fsync(file.get()) == 0;
  const bool placed = written && (::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const auto error = file_error(path, "write");
  ::unlink(temporary.c_str());
  if (!placed) {
    return error;
  }
  return {};
}

bool is_scope(std::string_view text) {
  return text == "read" || text == "trade" || text == "admin";
}

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The token of "Authorization: Bearer TOKEN".
std::optional<std::string_view> bearer_token(const Request& request) {
  constexpr std::string_view scheme = "Bearer ";
  const auto header = request.header("Authorization");
  if (!header || header->size() <= scheme.size()
      || !equals_ignoring_case(header->substr(0, scheme.size()), scheme)) {
    return std::nullopt;
  }
  return header->substr(scheme.size());
}

} // namespace

std::string sha256_hex(std::string_view text) {
  return detail::to_hex(detail::sha256(text));
}

Result<std::string> load_or_create_token(const std::string& data_dir) {
  const auto path = data_dir + "/token";
  if (::access(path.c_str(), F_OK) != 0) {
    auto random = detail::random_bytes(32);
    if (!random) {
      return random.error();
    }
    if (const auto done = write_token(path, detail::base64_url(*random)); !done) {
      return done.error();
    }
  }
  return read_token(path);
}

Result<TokenAuthority> TokenAuthority::make(const std::vector<TokenSettings>& tokens) {
  TokenAuthority out;
  for (const auto& token : tokens) {
    const auto refuse = [&](const std::string& why) {
      return Error{Errc::CONFIG_INVALID, "token \"" + token.name + "\": " + why};
    };
    const bool doubled = std::any_of(out.tokens_.begin(), out.tokens_.end(),
                                     [&](const Token& other) { return other.name == token.name; });
    if (token.name.empty() || doubled) {
      return refuse("expected a name of its own");
    }
    if (!is_sha256_hex(token.sha256)) {
      return refuse("expected a SHA-256 as 64 lower-case hex digits");
    }
    for (const auto& scope : token.scopes) {
      if (!is_scope(scope)) {
        return refuse("expected the scopes read, trade or admin, found \"" + scope + "\"");
      }
    }
    out.tokens_.push_back({token.name, token.sha256, token.scopes});
  }
  return out;
}

void TokenAuthority::add(std::string name,
                         std::string_view token,
                         std::vector<std::string> scopes) {
  tokens_.push_back({std::move(name), sha256_hex(token), std::move(scopes)});
}

Result<std::string> TokenAuthority::authorise(const Request& request,
                                              std::string_view scope) const {
  if (scope == "none") {
    return std::string{};
  }
  const auto given = bearer_token(request);
  if (!given) {
    if (scope == "read" && open_read_) {
      return std::string{};
    }
    return Error{Errc::UNAUTHENTICATED,
                 "expected a bearer token with scope " + std::string(scope) + ", found none"};
  }
  // All tokens are looked at, each in constant time: the time tells nothing about any of them.
  const auto hash = sha256_hex(*given);
  const Token* holder = nullptr;
  for (const auto& token : tokens_) {
    if (CRYPTO_memcmp(hash.data(), token.sha256.data(), hash.size()) == 0) {
      holder = &token;
    }
  }
  if (holder == nullptr) {
    return Error{Errc::UNAUTHENTICATED, "expected a known bearer token, found another"};
  }
  if (std::find(holder->scopes.begin(), holder->scopes.end(), scope) == holder->scopes.end()) {
    return Error{Errc::FORBIDDEN,
                 "token " + holder->name + " lacks the scope " + std::string(scope)};
  }
  return holder->name;
}

} // namespace troupe::net
