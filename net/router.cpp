#include "net/router.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <stdexcept>

namespace troupe::net {

using core::Errc;
using core::Error;
using core::Result;

std::string_view Params::operator[](std::string_view name) const noexcept {
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const Entry& entry) { return entry.name == name; });
  return at == entries_.end() ? std::string_view{} : std::string_view{at->value};
}

namespace {

template <class T>
Result<T> whole_number(std::string_view name, std::string_view text) {
  T value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) {
    return Error{Errc::INVALID_ARGUMENT, "path parameter " + std::string(name)
                                           + ": expected a whole number"
                                           + (std::is_unsigned_v<T> ? ", not negative" : "")
                                           + ", found \"" + std::string(text) + "\""};
  }
  return value;
}

} // namespace

/// Not anonymous: Router::Tree holds a Node, and unity builds see that.
namespace router_tree {

enum class Kind : std::uint8_t { TEXT, INTEGER, UNSIGNED, TAIL };

struct Parameter {
  std::string name;
  Kind kind = Kind::TEXT;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

[[noreturn]] void refuse(const Route& route, const std::string& why) {
  throw std::invalid_argument("route " + std::string(to_string(route.method)) + " " + route.path
                              + ": " + why);
}

Parameter read_parameter(const Route& route, std::string_view text) {
  Parameter out;
  if (text.ends_with("...")) {
    out.kind = Kind::TAIL;
    text.remove_suffix(3);
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    const auto type = text.substr(colon + 1);
    if (type != "int" && type != "uint") {
      refuse(route, "expected the type int or uint, found " + std::string(type));
    }
    out.kind = type == "int" ? Kind::INTEGER : Kind::UNSIGNED;
    text = text.substr(0, colon);
  }
  if (text.empty() || text.find_first_of("{}:/.") != std::string_view::npos) {
    refuse(route, "expected a parameter name, found \"" + std::string(text) + "\"");
  }
  out.name = text;
  return out;
}

bool is_empty(const Handler& handler) {
  return std::visit([](const auto& one) { return !one; }, handler);
}

struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> child; ///< behind the parameter
  Parameter parameter;
  std::array<const Route*, 7> by_method{};
  const Route* websocket = nullptr;
  std::string allow;

  [[nodiscard]] bool ends_here() const { return !allow.empty(); }
};

void finish(Node& node) {
  const auto served = [&](Method method) {
    return node.by_method[static_cast<std::size_t>(method)] != nullptr;
  };
  bool any = node.websocket != nullptr;
  std::string allow;
  for (const auto method :
       {Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE}) {
    const bool implied = (method == Method::HEAD && served(Method::GET))
                         || (method == Method::GET && node.websocket != nullptr);
    if (served(method) || implied) {
      allow += std::string(to_string(method)) + ", ";
    }
    any = any || served(method);
  }
  if (any || served(Method::OPTIONS)) {
    node.allow = allow + "OPTIONS";
  }
  for (auto& [text, next] : node.literals) {
    finish(*next);
  }
  if (node.child) {
    finish(*node.child);
  }
}

Node* step(const Route& route, Node* node, std::string_view segment, bool is_last) {
  if (!segment.starts_with('{')) {
    auto& next = node->literals[std::string(segment)];
    next = next ? std::move(next) : std::make_unique<Node>();
    return next.get();
  }
  if (!segment.ends_with('}')) {
    refuse(route, "expected } at the end of " + std::string(segment));
  }
  auto parameter = read_parameter(route, segment.substr(1, segment.size() - 2));
  if (parameter.kind == Kind::TAIL && !is_last) {
    refuse(route, "{" + parameter.name + "...} must come last");
  }
  if (node->child && node->parameter != parameter) {
    refuse(route, "its parameter " + parameter.name + " stands where another route has "
                    + node->parameter.name);
  }
  node->parameter = std::move(parameter);
  if (!node->child) {
    node->child = std::make_unique<Node>();
  }
  return node->child.get();
}

void insert(Node& root, const Route& route) {
  if (!route.path.starts_with('/')) {
    refuse(route, "expected a path that starts with /");
  }
  if (is_empty(route.handler)) {
    refuse(route, "expected a handler");
  }
  Node* node = &root;
  const std::string_view path = route.path;
  for (std::size_t start = 1; path != "/" && start <= path.size();) {
    const auto end = std::min(path.find('/', start), path.size());
    node = step(route, node, path.substr(start, end - start), end == path.size());
    start = end + 1;
  }
  const bool is_websocket =
    std::holds_alternative<std::shared_ptr<WebSocketHandler>>(route.handler);
  auto& place =
    is_websocket ? node->websocket : node->by_method[static_cast<std::size_t>(route.method)];
  if (place != nullptr) {
    refuse(route, "it stands twice");
  }
  place = &route;
}

/// A walk through the tree; literal segments win over parameters.
class Walk {
public:
  explicit Walk(const std::vector<std::string>& segments) : segments_(segments) {}

  const Node* find(const Node& node, std::size_t depth) {
    if (depth == segments_.size()) {
      return node.ends_here() ? &node : nullptr;
    }
    if (const auto at = node.literals.find(segments_[depth]); at != node.literals.end()) {
      if (const auto* found = find(*at->second, depth + 1)) {
        return found;
      }
    }
    return node.child ? find_parameter(node, depth) : nullptr;
  }

  /// The parameters on the way, last first.
  void fill(Params& params) const {
    for (auto at = taken_.rbegin(); at != taken_.rend(); ++at) {
      params.add(at->first->name, at->second);
    }
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

private:
  const Node* find_parameter(const Node& node, std::size_t depth) {
    const bool is_tail = node.parameter.kind == Kind::TAIL;
    const auto* found = find(*node.child, is_tail ? segments_.size() : depth + 1);
    if (found == nullptr) {
      return nullptr;
    }
    std::string value = segments_[depth];
    for (std::size_t i = depth + 1; is_tail && i < segments_.size(); ++i) {
      value += '/' + segments_[i];
    }
    check(node.parameter, value);
    taken_.emplace_back(&node.parameter, std::move(value));
    return found;
  }

  void check(const Parameter& parameter, std::string_view value) {
    if (parameter.kind == Kind::INTEGER) {
      if (const auto number = whole_number<std::int64_t>(parameter.name, value); !number) {
        error_ = number.error();
      }
    } else if (parameter.kind == Kind::UNSIGNED) {
      if (const auto number = whole_number<std::uint64_t>(parameter.name, value); !number) {
        error_ = number.error();
      }
    }
  }

  const std::vector<std::string>& segments_;
  std::vector<std::pair<const Parameter*, std::string>> taken_;
  std::optional<Error> error_;
};

} // namespace router_tree

Result<std::int64_t> Params::integer(std::string_view name) const {
  return whole_number<std::int64_t>(name, (*this)[name]);
}

Result<std::uint64_t> Params::unsigned_integer(std::string_view name) const {
  return whole_number<std::uint64_t>(name, (*this)[name]);
}

void Params::add(std::string_view name, std::string_view value) {
  entries_.push_back({std::string(name), std::string(value)});
}

struct Router::Tree {
  std::vector<Route> routes;
  router_tree::Node root;
};

Router::Router() : Router(std::vector<Route>{}) {}

Router::Router(std::vector<Route> routes) : tree_(std::make_unique<Tree>()) {
  tree_->routes = std::move(routes);
  for (const auto& route : tree_->routes) {
    router_tree::insert(tree_->root, route);
  }
  router_tree::finish(tree_->root);
}

Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Result<Router::Match>
Router::find(Method method, const std::vector<std::string>& segments, Params& params) const {
  params.clear();
  router_tree::Walk walk{segments};
  const auto* node = walk.find(tree_->root, 0);
  if (node == nullptr) {
    return Match{};
  }
  if (walk.error()) {
    return *walk.error();
  }
  walk.fill(params);
  Match match{node->by_method[static_cast<std::size_t>(method)], node->websocket, true,
              node->allow};
  if (match.route == nullptr && method == Method::HEAD) {
    match.route = node->by_method[static_cast<std::size_t>(Method::GET)];
  }
  return match;
}

const std::vector<Route>& Router::routes() const noexcept {
  return tree_->routes;
}

} // namespace troupe::net
