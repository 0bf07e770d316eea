#include "reading.hpp"

#include <regex>

namespace troupe::oracle::reading {

using nlohmann::json;

std::string text_of(const Case& item) {
  return std::string{item.conventions} + ' ' + std::string{item.how_produced};
}

bool mentions(std::string_view text, std::string_view word) {
  return text.find(word) != std::string_view::npos;
}

std::optional<std::string> matched(const std::string& text, const std::string& pattern) {
  std::smatch match;
  if (!std::regex_search(text, match, std::regex{pattern})) {
    return std::nullopt;
  }
  return match[1].str();
}

std::string leaf_of(const std::string& path) {
  const auto dot = path.rfind('.');
  return dot == std::string::npos ? path : path.substr(dot + 1);
}

std::string top_of(const std::string& path) {
  return path.substr(0, path.find_first_of(".["));
}

std::optional<Tolerance> first_named(const json& tolerance,
                                     std::initializer_list<std::string> names) {
  for (const auto& name : names) {
    if (const auto found = named_tolerance(tolerance, name)) {
      return found;
    }
  }
  return read_tolerance(tolerance);
}

quant::GarchModel garch_model_of(const Case& item) {
  const auto text = text_of(item);
  const json coef = item.expected.value("coef", json::object());
  quant::GarchModel model;
  model.asymmetric = coef.contains("gamma") || coef.contains("gamma1") || item.inputs.has("gamma")
                     || mentions(text, "GJR") || mentions(text, "gjr");
  const bool student = coef.contains("shape") || coef.contains("nu") || mentions(text, "t_nu")
                       || mentions(text, "Student") || mentions(text, "'std'");
  model.innovation = student ? quant::Innovation::STUDENT_T : quant::Innovation::GAUSSIAN;
  if (matched(text, "(h_1 *= *mean)")) {
    model.presample = quant::Presample::SAMPLE;
  }
  return model;
}

std::optional<double> persistence_limit_of(const Case& item) {
  const auto limit =
    matched(std::string{item.conventions}, "alpha *\\+ *beta *<=? *([0-9.]+[0-9])");
  if (limit) {
    return std::stod(*limit);
  }
  return matched(std::string{item.conventions}, "(alpha *\\+ *beta *< *1)") ? std::optional{1.0}
                                                                            : std::nullopt;
}

std::optional<quant::GarchParameters> garch_parameters_of(const json& named,
                                                          const quant::GarchModel& model) {
  bool whole = true;
  const auto any = [&](std::initializer_list<const char*> names) {
    for (const char* name : names) {
      if (const auto it = named.find(name); it != named.end() && it->is_number()) {
        return it->get<double>();
      }
    }
    whole = false;
    return 0.0;
  };
  quant::GarchParameters p;
  p.mean = any({"mu"});
  p.omega = any({"omega"});
  p.alpha = any({"alpha", "alpha1"});
  p.beta = any({"beta", "beta1"});
  p.gamma = model.asymmetric ? any({"gamma", "gamma1"}) : 0.0;
  if (model.innovation == quant::Innovation::STUDENT_T) {
    p.degrees_of_freedom = any({"shape", "nu"});
  }
  return whole ? std::optional{p} : std::nullopt;
}

json named_parameters(const Eigen::VectorXd& values, const quant::GarchModel& model) {
  Eigen::Index i = 0;
  json out;
  out["mu"] = values[i++];
  out["omega"] = values[i++];
  out["alpha"] = out["alpha1"] = values[i++];
  if (model.asymmetric) {
    out["gamma"] = out["gamma1"] = values[i++];
  }
  out["beta"] = out["beta1"] = values[i++];
  if (model.innovation == quant::Innovation::STUDENT_T) {
    out["shape"] = out["nu"] = values[i];
  }
  return out;
}

} // namespace troupe::oracle::reading
