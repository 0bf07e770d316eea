#include "supervision/message_type.hpp"

#include <cstdlib>
#include <cxxabi.h>
#include <memory>
#include <typeinfo>

namespace troupe::supervision {

namespace {

std::string unqualified_name(const std::type_info& info) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text{
    abi::__cxa_demangle(info.name(), nullptr, nullptr, &status), std::free};
  if (status != 0 || !text) {
    return info.name();
  }
  const std::string name{text.get()};
  const auto arguments = name.find('<');
  const auto colon = name.rfind("::", arguments);
  return colon == std::string::npos ? name : name.substr(colon + 2);
}

} // namespace

std::string message_type_name(MessageType type) {
  if (type == no_message_type) {
    return {};
  }
  if (type < caf::type_nrs) {
    return caf::numbered_type_names[type - 1];
  }
  return unqualified_name(*reinterpret_cast<const std::type_info*>(type));
}

std::string message_type_name(const caf::type_erased_tuple& content) {
  std::string text;
  for (std::size_t i = 0; i < content.size(); ++i) {
    const auto [number, info] = content.type(i);
    text += i == 0 ? "" : ",";
    text +=
      message_type_name(number != 0 ? MessageType{number} : reinterpret_cast<MessageType>(info));
  }
  return text;
}

} // namespace troupe::supervision
