#include "nodes/api/stream_protocol.hpp"

#include <algorithm>

namespace troupe::api {

namespace {

using core::json::View;

/// The form of a request; every field but op may be absent.
struct RawRequest {
  std::string op;
  std::optional<std::string> channel;
  std::optional<std::vector<trading::InstrumentId>> symbols;
  std::optional<trading::BarSpec> interval;
  std::optional<core::json::Raw> id;
};
BOOST_DESCRIBE_STRUCT(RawRequest, (), (op, channel, symbols, interval, id))

core::Error invalid(std::string path, std::string expected, std::string found) {
  return {core::Errc::INVALID_ARGUMENT,
          core::json::Problem{std::move(path), std::move(expected), std::move(found)}.text()};
}

std::string names(const std::vector<Channel>& channels) {
  std::string text = "one of";
  for (const auto& channel : channels) {
    text += (channel.name == channels.front().name ? " " : ", ") + std::string(channel.name);
  }
  return text;
}

core::Result<StreamRequest> check(RawRequest raw, const std::vector<Channel>& channels) {
  StreamRequest request;
  request.id = raw.id ? raw.id->text : "null";
  if (request.id.size() > 256) {
    return invalid("id", "at most 256 bytes", std::to_string(request.id.size()));
  }
  if (raw.op == "ping") {
    return request;
  }
  if (raw.op != "subscribe" && raw.op != "unsubscribe") {
    return invalid("op", "one of subscribe, unsubscribe, ping", '"' + raw.op.substr(0, 80) + '"');
  }
  request.op = raw.op == "subscribe" ? StreamOp::SUBSCRIBE : StreamOp::UNSUBSCRIBE;
  request.channel = raw.channel.value_or("");
  const auto channel = std::ranges::find(channels, request.channel, &Channel::name);
  if (channel == channels.end()) {
    return invalid("channel", names(channels), '"' + request.channel.substr(0, 80) + '"');
  }
  const bool counted =
    raw.symbols && !raw.symbols->empty() && raw.symbols->size() <= stream_symbols_max;
  if (!counted && (raw.symbols || !channel->whole)) {
    return invalid("symbols", "1 to " + std::to_string(stream_symbols_max) + " instruments",
                   raw.symbols ? std::to_string(raw.symbols->size()) : "nothing");
  }
  if (raw.interval && channel->default_interval.empty()) {
    return invalid("interval", "none for this channel", raw.interval->to_text());
  }
  if (raw.interval && !raw.interval->is_time() && !channel->activity) {
    return invalid("interval", trading::Interval::expected(), raw.interval->to_text());
  }
  for (auto& symbol : raw.symbols.value_or(std::vector<trading::InstrumentId>{})) {
    if (std::ranges::find(request.symbols, symbol) == request.symbols.end()) {
      request.symbols.push_back(std::move(symbol)); // named twice it is one subscription
    }
  }
  if (!channel->default_interval.empty()) {
    request.interval =
      raw.interval ? *raw.interval : *trading::BarSpec::from_text(channel->default_interval);
  }
  return request;
}

} // namespace

std::vector<std::string> StreamRequest::symbol_texts() const {
  std::vector<std::string> texts;
  for (const auto& symbol : symbols) {
    texts.push_back(symbol.to_text());
  }
  if (texts.empty()) {
    texts.emplace_back(whole_symbol);
  }
  return texts;
}

core::Result<StreamRequest> parse_stream_request(std::string_view text,
                                                 const std::vector<Channel>& channels) {
  auto raw = core::json::decode<RawRequest>(text);
  if (!raw) {
    return raw.error();
  }
  return check(std::move(*raw), channels);
}

std::string stream_request_id(std::string_view text) {
  const auto document = core::json::Document::parse(text);
  if (document && document->view().is_object()) {
    if (const auto id = document->view().find("id"); id && id->dump().size() <= 256) {
      return id->dump();
    }
  }
  return "null";
}

std::string stream_ack(const StreamRequest& request) {
  if (request.op == StreamOp::PING) {
    return R"({"type":"pong","id":)" + request.id + "}";
  }
  std::string out = R"({"type":")";
  out += request.op == StreamOp::SUBSCRIBE ? "subscribed" : "unsubscribed";
  out += R"(","channel":")" + request.channel + R"(","symbols":)";
  core::json::append(out, request.symbol_texts());
  if (request.interval) {
    out += R"(,"interval":)";
    core::json::append(out, *request.interval);
  }
  return out + R"(,"id":)" + request.id + "}";
}

std::string stream_error(const core::Error& error, std::string_view id) {
  std::string out = R"({"type":"error","error":{"code":)";
  core::json::append_string(out, core::name(error.code));
  out += R"(,"message":)";
  core::json::append_string(out, error.message);
  out += R"(,"retryable":)";
  out += core::traits(error.code).retryable ? "true" : "false";
  out += R"(},"id":)";
  return (out += id) += "}";
}

std::string stream_heartbeat(core::Timestamp now) {
  return R"({"type":"heartbeat","as_of":")" + now.to_text() + "\"}";
}

std::string stream_event(const StreamEvent& event) {
  std::string out = R"({"channel":")";
  out += event.channel;
  out += R"(","symbol":")";
  out += event.symbol;
  out += R"(","seq":)";
  core::json::append_number(out, event.seq);
  out += event.snapshot ? R"(,"type":"snapshot","as_of":")" : R"(,"type":"delta","as_of":")";
  event.as_of.append_text(out);
  out += R"(","quality":)";
  core::json::append(out, event.quality);
  if (event.snapshot) {
    out += R"(,"age_ms":)";
    core::json::append_number(out, event.age_ms);
  }
  if (!event.event.empty()) {
    out += R"(,"event":")";
    out += event.event;
    out += '"';
  }
  out += R"(,"data":)";
  out += event.data;
  return out += '}';
}

std::string stream_quality(const StreamQuality& event) {
  std::string out = R"({"channel":")";
  out += event.channel;
  out += R"(","symbol":")";
  out += event.symbol;
  if (!event.interval.empty()) {
    out += R"(","interval":")";
    out += event.interval;
  }
  out += R"(","seq":)";
  core::json::append_number(out, event.seq);
  out += R"(,"type":"quality","as_of":")";
  event.as_of.append_text(out);
  out += R"(","quality":)";
  core::json::append(out, event.quality);
  out += R"(,"previous":)";
  core::json::append(out, event.previous);
  out += R"(,"age_ms":)";
  core::json::append_number(out, event.age_ms);
  return out += '}';
}

std::string stream_gap(std::string_view channel, std::uint64_t lost) {
  return R"({"type":"gap","channel":")" + std::string(channel) + R"(","lost":)"
         + std::to_string(lost) + "}";
}

} // namespace troupe::api
