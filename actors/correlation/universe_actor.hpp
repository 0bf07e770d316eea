#pragma once

#include "actors/correlation/front_actor.hpp"
#include "supervision/supervisor.hpp"
#include "trading/interval.hpp"

#include <memory>
#include <string>

namespace troupe::correlation {

/// Key of the universe of all instruments, in events and in the store: "default 1h".
[[nodiscard]] std::string universe_name(trading::Interval interval);

/// The child that keeps the correlations of all instruments on one interval: an EWMA step per bar,
/// and a DCC step where a fitted model stands. Publishes topics::correlation_updates. Answers
/// GetCorrelationMatrix of the methods ewma and dcc from what it keeps.
/// Its model is fitted on history by the fitter, which may take long, hang or crash: the last good
/// one stands meanwhile, and says how old it is. Fits are stored as versions.
/// After a restart the universe is rebuilt from history, the model from the store.
[[nodiscard]] supervision::ChildSpec
universe(std::shared_ptr<const Settings> settings, Paths paths, trading::Interval interval);

} // namespace troupe::correlation
