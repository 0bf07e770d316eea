#include "nodes/inspector/cluster_client.hpp"

#include "net/http_client.hpp"

#include <boost/describe/enum_from_string.hpp>
#include <nlohmann/json.hpp>

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

Answer unpack(const net::ClientResponse& response, const std::string& url) {
  const auto body = Json::parse(response.body, nullptr, false);
  if (body.is_discarded() || !body.is_object()) {
    return fail(core::Errc::PROTOCOL_ERROR, url + " did not answer with JSON (status "
                                              + std::to_string(response.status)
                                              + "): is it a Troupe node?");
  }
  if (const auto error = body.find("error"); error != body.end() && error->is_object()) {
    return fail(code_from(error->value("code", "INTERNAL")), error->value("message", ""));
  }
  if (!body.contains("data")) {
    return fail(core::Errc::PROTOCOL_ERROR, url + " answered without data: is it a Troupe node?");
  }
  return good(body["data"]);
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
                             const std::string& path) const {
  net::ClientRequest request;
  request.method = method == "POST" ? net::Method::POST : net::Method::GET;
  request.url = base + path;
  request.timeout = options_.timeout;
  if (!options_.token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + options_.token);
  }
  auto response = net::http_request(request);
  if (!response) {
    return fail(response.error().code, base + ": " + response.error().message);
  }
  return unpack(*response, base);
}

Answer ClusterClient::ask(const std::string& method, const std::string& path) const {
  return ask_at(options_.node, method, path);
}

core::Result<std::vector<NodeAnswer>> ClusterClient::ask_all(const std::string& path) const {
  auto nodes = ask("GET", "/inspect/nodes");
  if (!nodes) {
    return nodes.error();
  }
  std::vector<NodeAnswer> answers;
  for (const auto& node : *nodes) {
    const bool self = node.value("self", false);
    if (!self && (options_.only_this_node || node.value("state", "") == "DOWN")) {
      continue;
    }
    NodeAnswer answer;
    answer.node = node.value("name", "?");
    const auto api = node.value("api", "");
    auto data = self ? ask("GET", path) : ask_at(api, "GET", path);
    if (data) {
      answer.data = std::make_shared<const Json>(std::move(*data));
    } else {
      answer.error = data.error();
    }
    answers.insert(self ? answers.begin() : answers.end(), std::move(answer));
  }
  return answers;
}

Answer ClusterClient::ask_node(const std::string& name,
                               const std::string& method,
                               const std::string& path) const {
  auto nodes = ask("GET", "/inspect/nodes");
  if (!nodes) {
    return nodes;
  }
  std::string known;
  for (const auto& node : *nodes) {
    if (node.value("name", "") == name) {
      return node.value("self", false) ? ask(method, path)
                                       : ask_at(node.value("api", ""), method, path);
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
