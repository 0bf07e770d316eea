#include "nodes/node/role_drain.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

namespace troupe::node {

namespace role_drain {

std::string joined_text(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

/// Durable when it returns: the old content or the new one, never half of it.
core::Result<void> replace_file(const std::string& path, const std::string& content) {
  const auto failed = [&](const char* what) {
    return core::Error{core::Errc::IO_ERROR,
                       std::string(what) + ' ' + path + ": " + std::strerror(errno)};
  };
  const auto fresh = path + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) {
    return failed("cannot write");
  }
  const bool written =
    ::write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size())
    && ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(fresh.c_str(), path.c_str()) != 0) {
    return failed("cannot write");
  }
  return {};
}

} // namespace role_drain

std::set<std::string> RoleDrain::kept(const std::string& file,
                                      const std::vector<std::string>& roles) {
  std::ifstream in{file};
  if (!in) {
    return {};
  }
  std::set<std::string> out;
  for (std::string line; std::getline(in, line);) {
    if (std::find(roles.begin(), roles.end(), line) != roles.end() && line != unsharded) {
      out.insert(line);
    } else {
      core::log::warn("drained role ignored", {{"file", file}, {"role", line.substr(0, 80)}});
    }
  }
  if (!out.empty()) {
    core::log::warn("roles are drained since before the start",
                    {{"roles", role_drain::joined_text({out.begin(), out.end()})}});
  }
  return out;
}

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
  std::string lines;
  for (const auto& one : next) {
    lines += one + '\n';
  }
  if (auto kept = role_drain::replace_file(file_, lines); !kept) {
    return kept.error();
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
