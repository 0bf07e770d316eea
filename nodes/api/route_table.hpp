#pragma once

#include "core/duration.hpp"
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

/// The messages of one operation, as schemas.
struct MessageSchemas {
  std::string request; ///< its name; the schema is in the registry
  std::string reply;   ///< name of the reply
  std::string data;    ///< schema of the reply's data
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
  /// Longest wait for the service; 0: api.ask_deadline.
  core::Duration deadline{};
  /// It may wait for its turn by design: only silence, not time, counts against the service.
  bool queued = false;
  /// Changes something that an operator answers for: written to the audit file before and after.
  bool audited = false;
  /// A live ticker on the node's own board answers it without the service being asked.
  bool from_board = false;
  std::function<core::Result<BoundRequest>(const Parameters&, const std::string& body)> bind;
  std::function<core::Result<EncodedReply>(const caf::message&)> encode;
  std::function<OperationDoc(core::SchemaRegistry&)> document;
  std::function<MessageSchemas(core::SchemaRegistry&)> message_schemas;
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
  if constexpr (requires { request.placement_key(); }) {
    return request.placement_key();
  } else if constexpr (requires { request.symbol.symbol; }) {
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

/// The fields in the path as parameters, all others as the schema of the body.
template <class Request>
OperationDoc document_body(const std::string& path, core::SchemaRegistry& schemas) {
  OperationDoc doc;
  std::string properties;
  std::string required;
  for (auto& parameter : document_parameters<Request>(path, schemas).parameters) {
    if (parameter.in_path) {
      doc.parameters.push_back(std::move(parameter));
      continue;
    }
    const auto quoted = '"' + parameter.name + '"';
    properties += (properties.empty() ? "" : ",") + quoted + ":" + parameter.schema;
    if (parameter.required) {
      required += (required.empty() ? "" : ",") + quoted;
    }
  }
  doc.body_schema = R"({"type":"object","properties":{)" + properties + R"(},"required":[)"
                    + required + R"(],"additionalProperties":false})";
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

namespace detail {

/// What routes of all methods share. @param fill  makes the request of parameters and body
template <class Request, class Fill>
ServiceRoute make_route(
  net::Method method, std::string path, std::string service, std::string summary, Fill fill) {
  ServiceRoute route;
  route.method = method;
  route.path = std::move(path);
  route.service = std::move(service);
  route.summary = std::move(summary);
  route.bind = [fill = std::move(fill)](const Parameters& parameters,
                                        const std::string& body) -> core::Result<BoundRequest> {
    core::Result<Request> request = fill(parameters, body);
    if (!request) {
      return request.error();
    }
    auto key = placement_key(*request);
    return BoundRequest{std::move(key), caf::make_message(std::move(*request))};
  };
  route.encode = encode_reply<Request>;
  route.message_schemas = [](core::SchemaRegistry& schemas) {
    using Reply = typename Request::Reply;
    (void)schemas.of<Request>();
    return MessageSchemas{std::string{core::type_name<Request>()},
                          std::string{core::type_name<Reply>()},
                          schemas.of<decltype(std::declval<Reply>().data)>()};
  };
  return route;
}

template <class Request>
ServiceRoute
with_body(net::Method method, std::string path, std::string service, std::string summary) {
  auto route = make_route<Request>(method, path, std::move(service), std::move(summary),
                                   [path](const Parameters& parameters, const std::string& body) {
                                     return bind_body<Request>(path, parameters, body);
                                   });
  route.document = [path](core::SchemaRegistry& schemas) {
    auto doc = document_body<Request>(path, schemas);
    doc.data_schema = schemas.of<decltype(std::declval<typename Request::Reply>().data)>();
    return doc;
  };
  return route;
}

} // namespace detail

namespace detail {

/// The request's fields come from the path and the query.
template <class Request>
ServiceRoute
without_body(net::Method method, std::string path, std::string service, std::string summary) {
  auto route = make_route<Request>(method, path, std::move(service), std::move(summary),
                                   [](const Parameters& parameters, const std::string&) {
                                     return bind_parameters<Request>(parameters);
                                   });
  route.document = [path = std::move(path)](core::SchemaRegistry& schemas) {
    auto doc = document_parameters<Request>(path, schemas);
    doc.data_schema = schemas.of<decltype(std::declval<typename Request::Reply>().data)>();
    return doc;
  };
  return route;
}

} // namespace detail

/// GET: the request's fields come from the path and the query.
template <class Request>
[[nodiscard]] ServiceRoute get(std::string path, std::string service, std::string summary) {
  return detail::without_body<Request>(net::Method::GET, std::move(path), std::move(service),
                                       std::move(summary));
}

/// DELETE: likewise.
template <class Request>
[[nodiscard]] ServiceRoute remove(std::string path, std::string service, std::string summary) {
  return detail::without_body<Request>(net::Method::DELETE, std::move(path), std::move(service),
                                       std::move(summary));
}

/// POST: the request's fields come from the path and a JSON body.
template <class Request>
[[nodiscard]] ServiceRoute post(std::string path, std::string service, std::string summary) {
  return detail::with_body<Request>(net::Method::POST, std::move(path), std::move(service),
                                    std::move(summary));
}

/// PUT: likewise.
template <class Request>
[[nodiscard]] ServiceRoute put(std::string path, std::string service, std::string summary) {
  return detail::with_body<Request>(net::Method::PUT, std::move(path), std::move(service),
                                    std::move(summary));
}

/// Marks a route whose last good reply may stand in while its service does not answer.
[[nodiscard]] inline ServiceRoute with_last_good(ServiceRoute route) {
  route.last_good = true;
  return route;
}

/// Marks a route that needs another scope than "read".
[[nodiscard]] inline ServiceRoute with_scope(std::string scope, ServiceRoute route) {
  route.scope = std::move(scope);
  return route;
}

/// Marks a route whose calls are audited: before the service is asked and when it has answered.
/// What cannot be audited is not done.
[[nodiscard]] inline ServiceRoute with_audit(ServiceRoute route) {
  route.audited = true;
  return route;
}

/// Marks a route whose service may take longer to answer than others.
[[nodiscard]] inline ServiceRoute with_deadline(core::Duration deadline, ServiceRoute route) {
  route.deadline = deadline;
  return route;
}

/// Marks a route whose calls may wait for their turn elsewhere before the service can answer.
[[nodiscard]] inline ServiceRoute with_turns(core::Duration deadline, ServiceRoute route) {
  route.deadline = deadline;
  route.queued = true;
  return route;
}

/// Marks the route of tickers, which the instruments' actors publish to be read without asking.
[[nodiscard]] inline ServiceRoute with_board(ServiceRoute route) {
  route.from_board = true;
  return route;
}

[[nodiscard]] RouteTable market_data_routes();
[[nodiscard]] RouteTable regime_routes();
[[nodiscard]] RouteTable correlation_routes();

/// The tables of every service, in the order of the documentation.
[[nodiscard]] std::vector<RouteTable> all_routes();

} // namespace troupe::api
