#include "messages/message_types.hpp"

#include "core/fingerprint.hpp"
#include "supervision/wire_types.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/all.hpp>

#include <utility>

namespace troupe::messages {

namespace {

/// The layouts of a type-id block's described types, in the block's order.
template <caf::type_id_t First, std::size_t... I>
std::uint64_t block_fingerprint(std::index_sequence<I...>) {
  return core::layout_fingerprint<
    typename caf::type_by_id<static_cast<caf::type_id_t>(First + I)>::type...>();
}

} // namespace

void register_types(caf::actor_system_config& config) {
  supervision::add_message_types(config);
  config.add_message_types<caf::id_block::troupe>();
  supervision::declare_wire_types<caf::id_block::troupe>();
}

std::uint64_t wire_fingerprint() {
  using Block = caf::id_block::troupe;
  return block_fingerprint<Block::begin>(std::make_index_sequence<Block::end - Block::begin>{});
}

bool is_replayable(const caf::message& message) {
  return message.size() == 1
         && (message.match_element<PriceUpdate>(0) || message.match_element<TradesPrinted>(0)
             || message.match_element<BookChanged>(0) || message.match_element<BarClosed>(0)
             || message.match_element<InstrumentStatusBeat>(0)
             || message.match_element<ActivityBarClosed>(0)
             || message.match_element<FeedSlaMeasured>(0) || message.match_element<SlaBreach>(0)
             || message.match_element<BookResync>(0) || message.match_element<RegimeChanged>(0));
}

} // namespace troupe::messages
