#include "nodes/node/role_drain.hpp"

#include "core/log.hpp"

#include <algorithm>

namespace troupe::node {

namespace role_drain {

std::string joined_text(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

} // namespace role_drain

core::Result<std::vector<std::string>> RoleDrain::meant(const std::string& role) const {
  if (role == unsharded) {
    return core::Error{core::Errc::INVALID_ARGUMENT,
                       "the role api has no shards to move: stop sending requests here instead"};
  }
  std::vector<std::string> out;
  for (const auto& one : roles_) {
    if (one != unsharded && (role.empty() || one == role)) {
      out.push_back(one);
    }
  }
  if (out.empty()) {
    return core::Error{core::Errc::NOT_FOUND,
                       role.empty() ? "this node has no role with shards"
                                    : "this node does not carry the role " + role.substr(0, 80)
                                        + "; it has: " + role_drain::joined_text(roles_)};
  }
  return out;
}

core::Result<std::vector<std::string>> RoleDrain::change(const std::string& role, bool take_away) {
  auto roles = meant(role);
  if (!roles) {
    return roles;
  }
  const std::lock_guard lock{mutex_};
  auto next = drained_;
  for (const auto& one : *roles) {
    if (!take_away) {
      next.erase(one);
      continue;
    }
    const auto view = cluster_.view();
    const auto carriers = view->carriers.find(one);
    const bool other = carriers != view->carriers.end()
                       && std::any_of(carriers->second.begin(), carriers->second.end(),
                                      [&](const std::string& node) {
                                        const auto* member = view->find(node);
                                        return member != nullptr && !member->self;
                                      });
    if (!other) {
      return core::Error{core::Errc::CONFLICT,
                         "no other live node carries the role " + one
                           + ": start one first, its shards would have no owner"};
    }
    next.insert(one);
  }
  std::vector<std::string> left;
  for (const auto& one : roles_) {
    if (!next.contains(one)) {
      left.push_back(one);
    }
  }
  cluster_.set_roles(left);
  drained_ = std::move(next);
  core::log::info("roles changed", {{"carries", role_drain::joined_text(left)}});
  return roles;
}

std::vector<std::string> RoleDrain::drained() const {
  const std::lock_guard lock{mutex_};
  return {drained_.begin(), drained_.end()};
}

} // namespace troupe::node
