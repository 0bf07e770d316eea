#pragma once

#include "core/clock.hpp"
#include "nodes/cluster/caf_settings.hpp"
#include "nodes/cluster/links.hpp"
#include "nodes/cluster/process_id.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/scribe.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

namespace troupe::cluster::test {

using namespace std::chrono_literals;

inline const Credentials& authority() {
  static const auto made = make_authority(core::SystemClock{}.now()).value();
  return made;
}

inline std::shared_ptr<const TlsContext> context_of(const std::string& node,
                                                    const Credentials& signer = authority()) {
  return TlsContext::make(issue(signer, node, core::SystemClock{}.now()).value(), node).value();
}

/// Waits on conditions with a deadline.
class Gate {
public:
  void change(const std::function<void()>& how) {
    const std::lock_guard hold{mutex_};
    how();
    changed_.notify_all();
  }
  [[nodiscard]] bool until(const std::function<bool()>& holds,
                           std::chrono::milliseconds limit = 30s) {
    std::unique_lock hold{mutex_};
    return changed_.wait_for(hold, limit, holds);
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

struct System {
  struct Config : caf::actor_system_config {
    Config() {
      set("scheduler.policy", caf::atom("sharing"));
      apply_caf_settings(*this);
    }
  };
  Config config;
  caf::actor_system system{config};
};

/// One end: a listener and dialler that keeps what it linked to, without BASP.
struct End {
  Gate gate;
  std::vector<Established> links;
  std::vector<DialResult> results;
  std::unique_ptr<Links> node;

  End(
    caf::actor_system& system,
    const std::string& name,
    std::shared_ptr<const TlsContext> tls,
    const std::function<void(Links::Options&)>& adapt = [](Links::Options&) {}) {
    Links::Options options;
    options.listen = Address{"127.0.0.1", 0};
    options.tls = std::move(tls);
    options.self.node = name;
    options.self.incarnation = random_incarnation();
    options.self.fingerprint = 7;
    options.established = [this](Established link) {
      gate.change([&] { links.push_back(std::move(link)); });
    };
    adapt(options);
    node = Links::start(system, std::move(options)).value();
  }
  End(caf::actor_system& system, const std::string& name) : End(system, name, context_of(name)) {}
  ~End() { node.reset(); }

  void dial(const Address& to, const std::string& expected = {}) {
    node->dial(to, expected, 20s, [this](const DialResult& result) {
      gate.change([&] { results.push_back(result); });
    });
  }
  [[nodiscard]] DialResult dial_and_wait(const Address& to, const std::string& expected = {}) {
    const auto before = results.size();
    dial(to, expected);
    return gate.until([&] { return results.size() > before; })
             ? results.back()
             : DialResult{DialResult::Kind::FAILED, {}, "no answer in time"};
  }
  [[nodiscard]] bool linked(std::size_t n = 1) {
    return gate.until([&] { return links.size() >= n; });
  }
};

} // namespace troupe::cluster::test
