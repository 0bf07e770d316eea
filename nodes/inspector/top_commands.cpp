#include "core/clock.hpp"
#include "nodes/inspector/rates.hpp"
#include "nodes/inspector/support.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>

namespace troupe::inspector {

namespace topping {

struct Look {
  std::vector<NodeAnswer> answers;
  std::vector<Json> rows;
  std::int64_t at_ns = 0;
};

core::Result<Look> look(const Context& context) {
  Look out;
  auto answers = context.client.ask_all("/inspect/actors");
  if (!answers) {
    return answers.error();
  }
  out.at_ns = core::monotonic_ns();
  out.rows = rows_of(*answers);
  out.answers = std::move(*answers);
  return out;
}

/// Two looks, `interval_s` apart; the second with the rates between them.
core::Result<Look> look_twice(const Context& context) {
  const auto first = look(context);
  if (!first) {
    return first;
  }
  context.sleep(context.command.interval_s);
  auto second = look(context);
  if (second) {
    const auto seconds =
      static_cast<double>(std::max<std::int64_t>(second->at_ns - first->at_ns, 1)) / 1e9;
    second->rows = with_rates(first->rows, std::move(second->rows), seconds);
  }
  return second;
}

std::string summary(const Look& look) {
  const auto up = std::count_if(look.answers.begin(), look.answers.end(),
                                [](const NodeAnswer& answer) { return answer.data != nullptr; });
  double in_per_s = 0;
  std::uint64_t waiting = 0;
  for (const auto& row : look.rows) {
    in_per_s += row.value("in_per_s", 0.0);
    waiting += row.value("mailbox", std::uint64_t{0});
  }
  const auto silent = static_cast<std::ptrdiff_t>(look.answers.size()) - up;
  return core::SystemClock{}.now().to_text().substr(0, 19) + "Z  nodes " + std::to_string(up)
         + (silent > 0 ? " (" + std::to_string(silent) + " not answering)" : "") + "  actors "
         + std::to_string(look.rows.size()) + "  messages/s "
         + std::to_string(static_cast<std::int64_t>(std::lround(in_per_s))) + "  waiting "
         + std::to_string(waiting) + '\n';
}

const std::vector<Column>& columns() {
  static const std::vector<Column> all{{"NODE", "node"},
                                       {"PATH", "path"},
                                       {"STATE", "state_text"},
                                       {"MAILBOX(cap)", "mailbox_text", true},
                                       {"IN/s", "in_per_s", true},
                                       {"OUT/s", "out_per_s", true},
                                       {"BUSY%", "busy_percent", true},
                                       {"P50us", "p50_us", true},
                                       {"P99us", "p99_us", true},
                                       {"MAXms", "max_ms", true},
                                       {"OLDEST", "oldest_text", true},
                                       {"REJECTED/s", "rejected_per_s", true},
                                       {"RESTARTS", "restarts", true},
                                       {"LAST_ERROR", "last_error"}};
  return all;
}

const std::vector<Column>& total_columns() {
  static const std::vector<Column> all{{"NODE", "node"},
                                       {"PATH", "path"},
                                       {"STATE", "state"},
                                       {"MAILBOX", "mailbox", true},
                                       {"CAP", "mailbox_cap", true},
                                       {"HANDLED", "handled", true},
                                       {"REJECTED", "rejected", true},
                                       {"BUSY s", "busy_s", true},
                                       {"P50us", "p50_us", true},
                                       {"P99us", "p99_us", true},
                                       {"MAXus", "max_us", true},
                                       {"RESTARTS", "restarts", true},
                                       {"LAST_ERROR", "last_error"}};
  return all;
}

Exit show(const Context& context, Look& look, const std::vector<Column>& columns, bool headed) {
  const auto& command = context.command;
  warn_of_silent(look.answers, context.err);
  sort_rows(look.rows, sort_key(command.sort));
  const auto head = headed ? summary(look) : std::string{};
  if (command.limit > 0 && look.rows.size() > command.limit) {
    look.rows.resize(command.limit);
  }
  if (command.json) {
    context.out << Json{{"actors", look.rows}, {"unreachable", unreachable(look.answers)}}.dump(2)
                << '\n';
  } else {
    context.out << head << table(columns, look.rows);
  }
  return Exit::OK;
}

Exit bad_sort(const Context& context) {
  return refuse(context.err, std::string("--sort: expected one of ") + sort_words + ", found "
                               + context.command.sort);
}

} // namespace topping

Exit ps(const Context& context) {
  const auto key = sort_key(context.command.sort);
  if (key.empty()) {
    return topping::bad_sort(context);
  }
  const bool of_rates = key == "in_per_s" || key == "busy_percent";
  auto look = of_rates ? topping::look_twice(context) : topping::look(context);
  if (!look) {
    return report(context.err, look.error());
  }
  return topping::show(context, *look, of_rates ? topping::columns() : topping::total_columns(),
                       false);
}

Exit top(const Context& context) {
  if (sort_key(context.command.sort).empty()) {
    return topping::bad_sort(context);
  }
  auto look = topping::look_twice(context);
  if (!look) {
    return report(context.err, look.error());
  }
  return topping::show(context, *look, topping::columns(), true);
}

} // namespace troupe::inspector
