#pragma once

#include "core/errc.hpp"
#include "net/http.hpp"
#include "net/responder.hpp"
#include "net/websocket.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe::net {

/// Values of a route's path parameters.
class Params {
public:
  /// @returns the value, empty when the route has no such parameter
  [[nodiscard]] std::string_view operator[](std::string_view name) const noexcept;
  [[nodiscard]] core::Result<std::int64_t> integer(std::string_view name) const;
  [[nodiscard]] core::Result<std::uint64_t> unsigned_integer(std::string_view name) const;
  void add(std::string_view name, std::string_view value);
  void clear() noexcept { entries_.clear(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
  struct Entry {
    std::string name;
    std::string value;
  };
  std::vector<Entry> entries_;
};

/// Answers at once, on a server thread: must not block.
using SyncHandler = std::function<Response(const Request&, const Params&)>;
/// Answers later, from any thread, through the responder.
using AsyncHandler = std::function<void(const Request&, const Params&, Responder)>;
/// Tried before the handler, on a server thread: must not block. Writes the body of `out`, a JSON
/// reply of 200 that the connection uses again. @returns whether that is the answer; else the
/// handler is called
using Shortcut = std::function<bool(const Request&, const Params&, Response& out)>;
using Handler = std::variant<SyncHandler, AsyncHandler, std::shared_ptr<WebSocketHandler>>;

/// One line of a route table.
struct Route {
  /// GET also answers HEAD; for a WebSocket handler GET, and a plain GET route may share its path.
  Method method = Method::GET;
  /// "/data/ticker/{symbol}": segments are literal or one parameter: {name} any text,
  /// {name:int}, {name:uint} whole numbers; a last {name...} takes all that is left, slashes too.
  std::string path{};
  Handler handler{};
  Shortcut shortcut{}; ///< may be empty; not for WebSockets
  /// What the caller must be allowed: "none", "read", "trade", "admin".
  std::string scope = "read";
  /// The media type a body must have, "" for any; 415 otherwise.
  std::string accepts = "application/json";
  /// Largest body; 0: the server's limit.
  std::size_t body_bytes_max = 0;
};

/// Finds the route of a request. Immutable once built, shared by all server threads.
class Router {
public:
  Router();
  /// @throws std::invalid_argument for a malformed path, a route that stands twice, or an empty
  ///         handler: errors of the program, found when it starts
  explicit Router(std::vector<Route> routes);
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  struct Match {
    const Route* route = nullptr;     ///< the plain HTTP route, if any
    const Route* websocket = nullptr; ///< the WebSocket route of the path, if any
    bool path_known = false;          ///< some method is served there
    std::string_view allow;           ///< the Allow header's value, when the path is known
  };
  /// @param params  receives the path parameters
  /// @returns INVALID_ARGUMENT when a typed parameter does not read as its type
  [[nodiscard]] core::Result<Match>
  find(Method method, const std::vector<std::string>& segments, Params& params) const;

  [[nodiscard]] const std::vector<Route>& routes() const noexcept;

private:
  struct Tree;
  std::unique_ptr<Tree> tree_;
};

} // namespace troupe::net
