#include "actors/regime/models/book.hpp"

#include "core/json.hpp"

#include <algorithm>
#include <utility>

namespace troupe::regime {

using core::Errc;
using core::Error;

void ModelBook::keep_live(std::size_t previous_max) {
  if (!live) {
    return;
  }
  std::erase_if(previous, [&](const ModelSet& set) {
    return set.era == live->era || set.version == live->version;
  });
  previous.insert(previous.begin(), std::move(*live));
  live.reset();
  if (previous.size() > previous_max) {
    previous.resize(previous_max);
  }
}

void ModelBook::fitted(ModelSet set, std::size_t previous_max) {
  keep_live(previous_max);
  set.version = ++fits;
  set.era = era;
  live = std::move(set);
}

bool ModelBook::shadow_fitted(ModelSet set) {
  if (shadow_spec != set.spec) {
    return false;
  }
  set.version = ++fits;
  set.era = 0; // of none before it is promoted
  shadow = std::move(set);
  return true;
}

void ModelBook::start_shadow(const messages::RegimeModelSpec& spec) {
  if (shadow && shadow->spec != spec) {
    shadow.reset();
  }
  shadow_spec = spec;
}

core::Result<void> ModelBook::promote(std::optional<std::uint64_t> expected,
                                      std::size_t previous_max) {
  if (!shadow_spec) {
    return Error{Errc::NOT_FOUND, "no shadow is kept that could be promoted"};
  }
  if (!shadow) {
    return Error{Errc::NOT_READY, "the shadow is not fitted yet"};
  }
  if (expected && *expected != shadow->version) {
    return Error{Errc::CONFLICT, "expected_version: the shadow is version "
                                   + std::to_string(shadow->version) + ", found "
                                   + std::to_string(*expected)};
  }
  keep_live(previous_max);
  live = std::exchange(shadow, std::nullopt);
  live->era = ++era;
  live_spec = std::exchange(shadow_spec, std::nullopt);
  pinned = false;
  return {};
}

core::Result<void> ModelBook::roll_back(std::optional<std::uint64_t> to, std::size_t previous_max) {
  const auto is_target = [&](const ModelSet& set) {
    return to ? set.version == *to : set.era < era;
  };
  auto found = std::find_if(previous.begin(), previous.end(), is_target);
  if (found == previous.end() && !to) {
    found = previous.begin();
  }
  if (found == previous.end()) {
    std::string known;
    for (const auto& set : previous) {
      known += (known.empty() ? "" : ", ") + std::to_string(set.version);
    }
    return Error{Errc::NOT_FOUND,
                 to ? "version: expected one of the previous versions"
                        + (known.empty() ? std::string(", of which there are none") : ", " + known)
                        + ", found " + std::to_string(*to)
                    : "no earlier set of models is kept that could be rolled back to"};
  }
  auto target = std::move(*found);
  previous.erase(found);
  keep_live(previous_max);
  target.era = ++era;
  live_spec = target.spec;
  live = std::move(target);
  pinned = true;
  return {};
}

core::Result<void> ModelBook::discard_shadow() {
  if (!shadow_spec) {
    return Error{Errc::NOT_FOUND, "no shadow is kept"};
  }
  shadow.reset();
  shadow_spec.reset();
  return {};
}

core::Result<ModelBook> restored_book(const std::string& stored) {
  auto book = core::json::decode<ModelBook>(stored);
  if (!book) {
    return Error{Errc::IO_ERROR, "stored models are damaged: " + book.error().message};
  }
  const auto check = [](const std::optional<ModelSet>& set) {
    return set ? check_set(*set) : core::Result<void>{};
  };
  auto checked = check(book->live);
  if (checked) {
    checked = check(book->shadow);
  }
  for (const auto& set : book->previous) {
    if (checked) {
      checked = check_set(set);
    }
  }
  if (!checked) {
    return Error{Errc::IO_ERROR, "stored models are damaged: " + checked.error().message};
  }
  return book;
}

} // namespace troupe::regime
