#include "actors/regime/models/path.hpp"

#include "core/json.hpp"

namespace troupe::regime {

core::Result<RegimePath> restored_path(const std::string& stored) {
  auto path = core::json::decode<RegimePath>(stored);
  if (!path) {
    return core::Error{core::Errc::IO_ERROR,
                       "the stored path of labels is damaged: " + path.error().message};
  }
  return path;
}

} // namespace troupe::regime
