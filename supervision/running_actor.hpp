#pragma once

namespace troupe::supervision {
class ActorRecord;
}

namespace troupe::supervision::running_actor {

/// Whose handler this thread is in; null for none. For the files of this folder.
inline constinit thread_local ActorRecord* running = nullptr;

} // namespace troupe::supervision::running_actor
