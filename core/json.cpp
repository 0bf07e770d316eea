#include "core/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace troupe::core::json {

namespace {

template <class T>
void append_chars(std::string& out, T value) {
  std::array<char, 32> text{};
  const auto [end, ec] = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end);
}

constexpr bool needs_escape(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: {
      constexpr std::string_view hex = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += hex[byte >> 4U];
      out += hex[byte & 0xFU];
    }
  }
}

/// Refuses what nlohmann would take in silence: a key that stands twice, endless nesting.
class Guard {
public:
  explicit Guard(int max_depth) : max_depth_(max_depth) {}
  bool operator()(int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (depth > max_depth_) {
      throw std::length_error("nested deeper than " + std::to_string(max_depth_) + " levels");
    }
    if (event == Event::object_start) {
      keys_.emplace_back();
    } else if (event == Event::object_end) {
      keys_.pop_back();
    } else if (event == Event::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second) {
        throw std::length_error("key \"" + key + "\" stands twice in one object");
      }
    }
    return true;
  }

private:
  int max_depth_;
  std::vector<std::set<std::string>> keys_;
};

/// "parse error at line 1, column 5: ..." out of nlohmann's text, without its error id.
std::string parse_problem(const char* what) {
  const std::string_view text = what;
  const auto end = text.find("] ");
  return std::string(end == std::string_view::npos ? text : text.substr(end + 2));
}

} // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto stop = std::find_if(text.begin(), text.end(), needs_escape);
    const auto plain = static_cast<std::size_t>(stop - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) {
      append_escaped(out, text.front());
      text.remove_prefix(1);
    }
  }
  out += '"';
}

void append_number(std::string& out, double value) {
  std::isfinite(value) ? append_chars(out, value) : void(out += "null");
}
void append_number(std::string& out, std::int64_t value) {
  append_chars(out, value);
}
void append_number(std::string& out, std::uint64_t value) {
  append_chars(out, value);
}

Result<Raw> Raw::from_text(std::string_view text) {
  auto document = Document::parse(text);
  if (!document) {
    return document.error();
  }
  return Raw{std::string(text)};
}

bool View::is_null() const {
  return value_->is_null();
}
bool View::is_object() const {
  return value_->is_object();
}
bool View::is_array() const {
  return value_->is_array();
}
std::size_t View::size() const {
  return value_->size();
}
View View::at(std::size_t index) const {
  return View{(*value_)[index]};
}

std::optional<View> View::find(std::string_view key) const {
  const auto at = value_->find(key);
  return at == value_->end() ? std::nullopt : std::optional{View{*at}};
}

std::vector<std::string> View::keys() const {
  std::vector<std::string> out;
  for (const auto& [key, item] : value_->items()) {
    out.push_back(key);
  }
  return out;
}

std::optional<std::string_view> View::string() const {
  if (!value_->is_string()) {
    return std::nullopt;
  }
  return value_->get_ref<const std::string&>();
}

std::optional<bool> View::boolean() const {
  return value_->is_boolean() ? std::optional{value_->get<bool>()} : std::nullopt;
}

std::optional<double> View::number() const {
  return value_->is_number() ? std::optional{value_->get<double>()} : std::nullopt;
}

std::optional<std::int64_t> View::integer() const {
  if (value_->is_number_unsigned() && !std::in_range<std::int64_t>(value_->get<std::uint64_t>())) {
    return std::nullopt;
  }
  return value_->is_number_integer() ? std::optional{value_->get<std::int64_t>()} : std::nullopt;
}

std::optional<std::uint64_t> View::unsigned_integer() const {
  return value_->is_number_unsigned() ? std::optional{value_->get<std::uint64_t>()} : std::nullopt;
}

std::string View::excerpt() const {
  auto text = dump();
  constexpr std::size_t most = 80;
  if (text.size() > most) {
    text.resize(most);
    text += "...";
  }
  return text;
}

std::string View::dump() const {
  return value_->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Document::Document(nlohmann::json value)
  : value_(std::make_shared<const nlohmann::json>(std::move(value))) {}

Result<Document> Document::parse(std::string_view text, int max_depth) {
  try {
    return Document{nlohmann::json::parse(text.begin(), text.end(), Guard{max_depth})};
  } catch (const nlohmann::json::exception& e) {
    return Error{Errc::MALFORMED_REQUEST, "expected JSON: " + parse_problem(e.what())};
  } catch (const std::length_error& e) {
    return Error{Errc::MALFORMED_REQUEST, std::string("JSON refused: ") + e.what()};
  }
}

std::string Problem::text() const {
  return (path.empty() ? "" : path + ": ") + "expected " + expected + ", found " + found;
}

void Decoder::problem(std::string expected, std::string found) {
  problems_.push_back({path_, std::move(expected), std::move(found)});
}

Error Decoder::error(Errc code) const {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t i = 0; i < problems_.size() && i < most; ++i) {
    text += (i == 0 ? "" : "; ") + problems_[i].text();
  }
  if (problems_.size() > most) {
    text += "; and " + std::to_string(problems_.size() - most) + " more";
  }
  return {code, std::move(text)};
}

void Decoder::check_keys(View in, const std::vector<std::string_view>& known) {
  for (const auto& key : in.keys()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) {
      continue;
    }
    std::string expected = "one of the keys";
    for (const auto name : known) {
      expected += (name == known.front() ? " " : ", ") + std::string(name);
    }
    const auto mark = enter_key(key);
    problem(std::move(expected), "an unknown key");
    leave(mark);
  }
}

std::size_t Decoder::enter_key(std::string_view key) {
  const auto mark = path_.size();
  if (mark != 0) {
    path_ += '.';
  }
  path_ += key;
  return mark;
}

std::size_t Decoder::enter_index(std::size_t index) {
  const auto mark = path_.size();
  path_ += '[' + std::to_string(index) + ']';
  return mark;
}

} // namespace troupe::core::json
