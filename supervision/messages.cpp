#include "supervision/messages.hpp"

#include <caf/actor_system_config.hpp>

namespace troupe::supervision {

void add_message_types(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::troupe_supervision>();
}

} // namespace troupe::supervision
