#pragma once

#include "core/schema.hpp"
#include "messages/meta.hpp"
#include "net/router.hpp"
#include "nodes/api/binding.hpp"

#include <caf/message.hpp>

#include <functional>
#include <string>
#include <vector>

/// Route tables: path, request message, what it answers. Validation, JSON and OpenAPI follow from
/// the types.
namespace troupe::api {

/// A request ready to be asked of its service.
struct BoundRequest {
  std::string key; ///< what placement goes by; empty: any node that carries the service
  caf::message message;
};

/// A reply ready for the envelope.
struct EncodedReply {
  std::string data;
  messages::Meta meta;
};

/// The JSON Schemas of one operation.
struct OperationDoc {
  struct Parameter {
    std::string name;
    bool in_path = false;
    bool required = false;
    std::string schema;
  };
  std::vector<Parameter> parameters;
  std::string body_schema; ///< empty: none
  std::string data_schema;
};

/// One line of a route table: a request that a service answers.
struct ServiceRoute {
  net::Method method = net::Method::GET;
  std::string path;
  std::string service;
  std::string summary;
  std::string scope = "read";
  /// The last good reply may stand in, marked degraded, while the service does not answer.
  bool last_good = false;
  /// A live ticker on the node's own board answers it without the service being asked.
  bool from_board = false;
  std::function<core::Result<BoundRequest>(const Parameters&, const std::string& body)> bind;
  std::function<core::Result<EncodedReply>(const caf::message&)> encode;
  std::function<OperationDoc(core::SchemaRegistry&)> document;
};

/// A WebSocket route, for the documentation.
struct StreamRoute {
  std::string path;
  std::string summary;
};

/// What one service offers.
struct RouteTable {
  std::vector<ServiceRoute> requests;
  std::vector<StreamRoute> streams;
};

namespace detail {

template <class Request>
std::string placement_key(const Request& request) {
  if constexpr (requires { request.symbol.symbol; }) {
    return request.symbol.symbol;
  } else {
    return {};
  }
}

template <class Request>
OperationDoc document_parameters(const std::string& path, core::SchemaRegistry& schemas) {
  OperationDoc doc;
  boost::mp11::mp_for_each<core::DescribedMembers<Request>>([&](auto member) {
    using Field = std::remove_reference_t<decltype(std::declval<Request&>().*member.pointer)>;
    OperationDoc::Parameter parameter;
    parameter.name = member.name;
    parameter.in_path = path.find('{' + parameter.name + '}') != std::string::npos;
    parameter.required = !core::is_optional<Field>::value;
    if constexpr (core::is_optional<Field>::value) {
      parameter.schema = schemas.of<typename Field::value_type>();
    } else {
      parameter.schema = schemas.of<Field>();
    }
    doc.parameters.push_back(std::move(parameter));
  });
  return doc;
}

template <class Request>
core::Result<EncodedReply> encode_reply(const caf::message& message) {
  using Reply = typename Request::Reply;
  if (message.size() != 1 || !message.match_element<Reply>(0)) {
    return core::Error{core::Errc::INTERNAL, "the service answered with another type"};
  }
  const auto& reply = message.get_as<Reply>(0);
  return EncodedReply{core::json::encode(reply.data), reply.meta};
}

} // namespace detail

/// GET: the request's fields come from the path and the query.
template <class Request>
[[nodiscard]] ServiceRoute get(std::string path, std::string service, std::string summary) {
  ServiceRoute route;
  route.path = std::move(path);
  route.service = std::move(service);
  route.summary = std::move(summary);
  route.bind = [](const Parameters& parameters, const std::string&) -> core::Result<BoundRequest> {
    auto request = bind_parameters<Request>(parameters);
    if (!request) {
      return request.error();
    }
    auto key = detail::placement_key(*request);
    return BoundRequest{std::move(key), caf::make_message(std::move(*request))};
  };
  route.encode = detail::encode_reply<Request>;
  route.document = [path = route.path](core::SchemaRegistry& schemas) {
    auto doc = detail::document_parameters<Request>(path, schemas);
    doc.data_schema = schemas.of<decltype(std::declval<typename Request::Reply>().data)>();
    return doc;
  };
  return route;
}

/// Marks a route whose last good reply may stand in while its service does not answer.
[[nodiscard]] inline ServiceRoute with_last_good(ServiceRoute route) {
  route.last_good = true;
  return route;
}

/// Marks the route of tickers, which the instruments' actors publish to be read without asking.
[[nodiscard]] inline ServiceRoute with_board(ServiceRoute route) {
  route.from_board = true;
  return route;
}

[[nodiscard]] RouteTable market_data_routes();
[[nodiscard]] RouteTable regime_routes();

/// The tables of every service, in the order of the documentation.
[[nodiscard]] std::vector<RouteTable> all_routes();

} // namespace troupe::api
