#pragma once

#include "net/http.hpp"

#include <memory>

namespace troupe::net {

/// Takes the reply of an asynchronous handler. Implementations are called from any thread.
class ReplySink {
public:
  virtual ~ReplySink() = default;
  virtual void deliver(Response&& response) = 0;
  /// Every copy of the responder is gone and none was called.
  virtual void abandoned() noexcept = 0;
};

/// Answers one request: copyable, callable from any thread, once. The first call counts, later
/// ones are ignored; when the last copy goes without a call the client gets 500 INTERNAL.
class Responder {
public:
  Responder(std::shared_ptr<ReplySink> sink, std::string request_id);

  /// @returns false when it was already called
  bool operator()(Response response) const;
  [[nodiscard]] bool answered() const noexcept;
  [[nodiscard]] const std::string& request_id() const noexcept;

private:
  struct State;
  std::shared_ptr<State> state_;
};

} // namespace troupe::net
