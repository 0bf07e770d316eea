#include "nodes/inspector/support.hpp"

#include <algorithm>
#include <ostream>

namespace troupe::inspector {

namespace support {

Exit exit_code(core::Errc code) {
  switch (code) {
    case core::Errc::NOT_FOUND:
    case core::Errc::UNKNOWN_SYMBOL: return Exit::NOT_FOUND;
    case core::Errc::UNAVAILABLE:
    case core::Errc::NODE_DOWN: return Exit::NOT_RUNNING;
    case core::Errc::TIMEOUT: return Exit::TIMEOUT;
    case core::Errc::INVALID_ARGUMENT:
    case core::Errc::CONFIG_INVALID: return Exit::CONFIG;
    default: return Exit::ERROR;
  }
}

} // namespace support

Exit report(std::ostream& err, const core::Error& error) {
  err << "error: " << core::to_string(error) << '\n';
  if (error.code == core::Errc::UNAUTHENTICATED || error.code == core::Errc::FORBIDDEN) {
    err << "give the node's token: --token-file DATA_DIR/token\n";
  }
  return support::exit_code(error.code);
}

void warn_of_silent(const std::vector<NodeAnswer>& answers, std::ostream& err) {
  for (const auto& answer : answers) {
    if (!answer.data) {
      err << "warning: node " << answer.node
          << " does not answer: " << core::to_string(answer.error) << '\n';
    } else if (!answer.warning.empty()) {
      err << "warning: node " << answer.node << ": " << answer.warning << '\n';
    }
  }
}

std::vector<Json> rows_of(const std::vector<NodeAnswer>& answers) {
  std::vector<Json> rows;
  for (const auto& answer : answers) {
    if (!answer.data) {
      continue;
    }
    for (auto row : *answer.data) {
      row["node"] = answer.node;
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

Json unreachable(const std::vector<NodeAnswer>& answers) {
  Json out = Json::array();
  for (const auto& answer : answers) {
    if (!answer.data) {
      out.push_back({{"node", answer.node}, {"error", core::to_string(answer.error)}});
    }
  }
  return out;
}

Exit show_rows(const Context& context,
               const std::string& path,
               const std::string& key,
               const std::vector<Column>& columns) {
  const auto answers = context.client.ask_all(path);
  if (!answers) {
    return report(context.err, answers.error());
  }
  warn_of_silent(*answers, context.err);
  const auto rows = rows_of(*answers);
  context.out << (context.command.json
                    ? Json{{key, rows}, {"unreachable", unreachable(*answers)}}.dump(2) + "\n"
                    : table(columns, rows));
  return Exit::OK;
}

core::Result<std::vector<std::string>> holders(const Context& context) {
  const auto& command = context.command;
  if (!command.on.empty()) {
    return std::vector{command.on};
  }
  const auto answers = context.client.ask_all("/inspect/actors");
  if (!answers) {
    return answers.error();
  }
  warn_of_silent(*answers, context.err);
  std::vector<std::string> names;
  for (const auto& answer : *answers) {
    const bool has =
      answer.data && std::any_of(answer.data->begin(), answer.data->end(), [&](const Json& row) {
        return row.value("path", "") == command.target;
      });
    if (has) {
      names.push_back(answer.node);
    }
  }
  if (names.empty()) {
    return core::Error{core::Errc::NOT_FOUND, "no node has an actor at " + command.target};
  }
  return names;
}

} // namespace troupe::inspector
