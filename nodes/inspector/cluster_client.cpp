#include "nodes/inspector/cluster_client.hpp"

#include "core/clock.hpp"
#include "net/http_client.hpp"

#include <boost/describe/enum_from_string.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <thread>

namespace troupe::inspector {

using Json = nlohmann::json;

namespace {

/// Wraps what nlohmann would convert from anything.
using Answer = core::Result<Json>;

Answer fail(core::Errc code, std::string message) {
  return Answer{boost::system::in_place_error, core::Error{code, std::move(message)}};
}

Answer good(Json value) {
  return Answer{boost::system::in_place_value, std::move(value)};
}

core::Errc code_from(const std::string& name) {
  core::Errc code = core::Errc::INTERNAL;
  boost::describe::enum_from_string(name.c_str(), code);
  return code;
}

/// Health has no envelope: it is read by load balancers too.
bool is_bare(const std::string& path) {
  return path.starts_with("/health");
}

Answer unpack(const net::ClientResponse& response, const std::string& url, bool bare) {
  const auto body = Json::parse(response.body, nullptr, false);
  if (body.is_discarded() || !body.is_object()) {
    return fail(core::Errc::PROTOCOL_ERROR, url + " did not answer with JSON (status "
                                              + std::to_string(response.status)
                                              + "): is it a Troupe node?");
  }
  if (const auto error = body.find("error"); error != body.end() && error->is_object()) {
    return fail(code_from(error->value("code", "INTERNAL")), error->value("message", ""));
  }
  if (bare) {
    return good(body);
  }
  if (!body.contains("data")) {
    return fail(core::Errc::PROTOCOL_ERROR, url + " answered without data: is it a Troupe node?");
  }
  return good(body["data"]);
}

core::Duration sum(core::Duration a, core::Duration b) {
  return a.chrono() + b.chrono();
}

} // namespace

ClusterClient::ClusterClient(ClientOptions options) : options_(std::move(options)) {
  while (options_.node.ends_with('/')) {
    options_.node.pop_back();
  }
  if (options_.node.find("://") == std::string::npos) {
    options_.node = "http://" + options_.node;
  }
}

Answer ClusterClient::ask_at(const std::string& base,
                             const std::string& method,
                             const std::string& path,
                             core::Duration timeout) const {
  net::ClientRequest request;
  request.method = method == "POST" ? net::Method::POST : net::Method::GET;
  request.url = base + path;
  request.timeout = timeout;
  if (!options_.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + options_.token);
  }
  auto response = net::http_request(request);
  constexpr unsigned unauthorised = 401;
  if (response && response->status == unauthorised && request.method == net::Method::GET
      && !request.headers.empty()) {
    request.headers.clear(); // the token is another node's: reading may need none
    response = net::http_request(request);
  }
  if (!response) {
    return fail(response.error().code, base + ": " + response.error().message);
  }
  return unpack(*response, base, is_bare(path));
}

Answer ClusterClient::ask(const std::string& method,
                          const std::string& path,
                          core::Duration longer) const {
  return ask_at(options_.node, method, path, sum(options_.timeout, longer));
}

NodeAnswer ClusterClient::ask_member(const Json& member,
                                     const std::string& path,
                                     core::Duration longer) const {
  NodeAnswer answer;
  answer.node = member.value("name", "?");
  const bool self = member.value("self", false);
  const bool down = member.value("state", "") == "DOWN";
  const auto api = self ? options_.node : member.value("api", "");
  auto timeout = options_.timeout;
  if (down) {
    timeout = std::min(timeout, core::Duration{std::chrono::seconds{1}});
  }
  const core::SystemClock clock;
  answer.asked_ns = clock.now().ns;
  auto data = api.empty() ? fail(core::Errc::UNAVAILABLE, "it opens no API")
                          : ask_at(api, "GET", path, sum(timeout, longer));
  answer.answered_ns = clock.now().ns;
  const auto since = member.value("since", "?");
  if (data) {
    answer.data = std::make_shared<const Json>(std::move(*data));
    if (down) {
      answer.warning = "declared DOWN since " + since + ", but its API answers";
    }
  } else if (down) {
    answer.error = {core::Errc::NODE_DOWN,
                    "declared DOWN since " + since + "; " + core::to_string(data.error())};
  } else {
    answer.error = data.error();
  }
  return answer;
}

core::Result<std::vector<NodeAnswer>> ClusterClient::ask_all(const std::string& path,
                                                             core::Duration longer) const {
  auto nodes = ask("GET", "/inspect/nodes");
  if (!nodes) {
    return nodes.error();
  }
  std::vector<Json> members;
  for (const auto& member : *nodes) {
    const bool self = member.value("self", false);
    if (self) {
      members.insert(members.begin(), member);
    } else if (!options_.only_this_node) {
      members.push_back(member);
    }
  }
  if (members.empty() || !members.front().value("self", false)) {
    // A node without a view of the cluster still answers for itself.
    members.insert(members.begin(), Json{{"name", options_.node}, {"self", true}});
  }
  std::vector<NodeAnswer> answers(members.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < members.size(); ++i) {
    threads.emplace_back([&, i] { answers[i] = ask_member(members[i], path, longer); });
  }
  answers[0] = ask_member(members[0], path, longer);
  for (auto& thread : threads) {
    thread.join();
  }
  if (!answers[0].data && answers[0].error.code != core::Errc::NOT_FOUND) {
    return answers[0].error; // what it does not have, others may
  }
  return answers;
}

Answer ClusterClient::ask_node(const std::string& name,
                               const std::string& method,
                               const std::string& path,
                               core::Duration longer) const {
  if (name == options_.node) {
    return ask(method, path, longer); // what ask_all() calls one that does not know its own name
  }
  auto nodes = ask("GET", "/inspect/nodes");
  if (!nodes) {
    return nodes;
  }
  std::string known;
  for (const auto& node : *nodes) {
    if (node.value("name", "") == name) {
      return node.value("self", false)
               ? ask(method, path, longer)
               : ask_at(node.value("api", ""), method, path, sum(options_.timeout, longer));
    }
    known += (known.empty() ? "" : ", ") + node.value("name", "?");
  }
  return fail(core::Errc::NOT_FOUND, "no node named " + name + "; there are: " + known);
}

std::string query_value(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
        || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4U];
      out += hex[byte & 0xFU];
    }
  }
  return out;
}

} // namespace troupe::inspector
