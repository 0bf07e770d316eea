#pragma once

namespace troupe::supervision {

/// Work that what a handler sent has made, and that the handler's own thread does as soon as the
/// handler is over: to write to a link, say, without waking a thread for it. In the midst of the
/// handler it cannot be done, because CAF may hold locks there. A span is opened around each
/// handler of an Actor.
class AfterHandler {
public:
  using Work = void (*)(void* of) noexcept;

  /// Opens a span on this thread; they nest, and the outermost counts.
  AfterHandler() noexcept;
  AfterHandler(const AfterHandler&) = delete;
  AfterHandler& operator=(const AfterHandler&) = delete;
  /// Does the work.
  ~AfterHandler();

  /// Calls work(of) once at the end of the span. The same twice is done once.
  /// @param of  lives until then
  /// @returns false outside a span, and where other work waits already: the caller must see to it
  [[nodiscard]] static bool defer(Work work, void* of) noexcept;
};

} // namespace troupe::supervision
