#pragma once

#include "actors/regime/models/fitted_model.hpp"
#include "actors/regime/settings.hpp"
#include "supervision/supervisor.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <functional>
#include <memory>
#include <string>

namespace troupe::regime {

/// A set of models that was fitted.
struct FitDone {
  std::shared_ptr<const ModelSet> set;
};

/// Has a fit run by the fitter, after those that came before. Errors: what `fit` answers;
/// OVERLOADED where too many wait; TIMEOUT after the fit's deadline or that of the queue;
/// ACTOR_DOWN or INTERNAL where the fitter crashed over it.
struct RunFit {
  using Reply = FitDone;
  std::shared_ptr<const std::function<core::Result<ModelSet>()>> fit; ///< owns what it reads
};

/// The child that fits wait at: one after another goes to the fitter, so that one that hangs or
/// crashes costs its own asker the fit and the others nothing but time.
/// After a restart: empty; askers are told, and ask again later.
/// @param fitter  path of a supervision::solver
[[nodiscard]] supervision::ChildSpec fits(std::shared_ptr<const Settings> settings,
                                          std::string fitter);

} // namespace troupe::regime

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::FitDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::regime::RunFit)
