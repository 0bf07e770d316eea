#include "nodes/api/ticker_shortcut.hpp"

#include "core/json.hpp"

namespace troupe::api {

TickerShortcut::TickerShortcut(std::shared_ptr<const messages::TickerBoard> board,
                               const core::Clock& clock,
                               std::string_view node)
  : board_(std::move(board)), clock_(clock) {
  end_ = R"(,"node":)";
  core::json::append_string(end_, node);
  end_ += "}}";
}

bool TickerShortcut::answer(const net::Request& request,
                            const net::Params& params,
                            net::Response& out) const {
  if (!request.query.empty()) {
    return false; // the service says what is wrong with it
  }
  const auto snapshot = board_->find(params["symbol"]);
  if (!snapshot) {
    return false;
  }
  const auto now = clock_.now();
  if (!snapshot->is_live(now)) {
    return false;
  }
  const auto& text = snapshot->text();
  auto& body = out.body;
  body = R"({"data":)";
  body += text.data;
  body += R"(,"meta":{)";
  body += text.meta;
  body += R"(,"age_ms":)";
  core::json::append_number(body, snapshot->age_ms(now));
  body += R"(,"request_id":)";
  core::json::append_string(body, request.request_id);
  body += end_;
  return true;
}

std::optional<EncodedReply> TickerShortcut::last_good(std::string_view symbol,
                                                      core::Duration ttl) const {
  const auto snapshot = board_->last(symbol);
  if (!snapshot) {
    return std::nullopt;
  }
  const auto age_ms = snapshot->age_ms(clock_.now());
  constexpr std::int64_t ns_per_ms = 1'000'000;
  if (age_ms > ttl.ns / ns_per_ms) {
    return std::nullopt;
  }
  EncodedReply reply{snapshot->text().data, snapshot->reply().meta};
  reply.meta.quality = trading::worse(reply.meta.quality, trading::Quality::degraded);
  reply.meta.source = "cache";
  reply.meta.age_ms = age_ms;
  return reply;
}

} // namespace troupe::api
