#pragma once

#include "messages/correlation.hpp"
#include "messages/feed_sla.hpp"
#include "messages/market_data.hpp"
#include "messages/portfolio.hpp"
#include "messages/position_sizing.hpp"
#include "messages/regime.hpp"
#include "messages/regime_models.hpp"
#include "messages/venue_limits.hpp"
#include "supervision/messages.hpp"

#include <caf/fwd.hpp>
#include <caf/type_id.hpp>

/// Every type that services send each other. Appended to, never reordered: the order is the wire's.
CAF_BEGIN_TYPE_ID_BLOCK(troupe, first_custom_type_id + troupe::supervision::reserved_type_ids)
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetTicker))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::TickerReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetHistorical))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::HistoricalReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetOrderBook))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::OrderBookReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::ListInstruments))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::InstrumentsReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::PriceUpdate))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::TradesPrinted))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::BookChanged))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::BarClosed))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::InstrumentStatusBeat))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetRegime))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::RegimeReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::RegimeChanged))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::ReplayProgress))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::InstrumentChanged))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::AcquireBudget))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::BudgetGranted))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::ReportUsage))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::PortfolioReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetPortfolio))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::PutPortfolio))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::PortfoliosReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::ListPortfolios))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::PortfolioChanged))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::CorrelationMatrixReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetCorrelationMatrix))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::PcaReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetPca))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::ComputePca))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::TailReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetTail))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::CorrelationUpdated))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::PositionSizingReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::SizePositions))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::StressTestReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetStressTest))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::ComputeStressTest))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::StressScenariosReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::ListStressScenarios))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::RegimeProbabilityReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetRegimeProbability))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::RegimeBulkReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::ClassifyMany))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::RegimeModelsReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetRegimeModels))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::StartShadowModel))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::PromoteShadowModel))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::RollbackModel))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::DiscardShadowModel))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::RegimeModelsStored))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::ActivityBarClosed))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::GetSla))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::SlaReply))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::FeedSlaMeasured))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::SlaBreach))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::BookResync))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::RegimeIntervals))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::DeletePortfolio))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::UniverseKept))
  CAF_ADD_TYPE_ID(troupe, (troupe::messages::CorrelationModelStored))
CAF_END_TYPE_ID_BLOCK(troupe)

namespace troupe::messages {

/// Makes CAF know every message type; the one place that instantiates their serialisation.
void register_types(caf::actor_system_config& config);

/// Of the wire layout of all of them: nodes with different ones do not talk.
[[nodiscard]] std::uint64_t wire_fingerprint();

/// Whether an operator may have a lost message of this kind handled after all. An allow-list:
/// events that say what was seen and may be seen twice. Requests are not on it (their askers were
/// answered), nor is anything of orders, fills and risk, ever.
[[nodiscard]] bool is_replayable(const caf::message& message);

} // namespace troupe::messages
