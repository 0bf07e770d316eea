#pragma once

#include "core/clock.hpp"
#include "eventually.hpp"
#include "net/http_client.hpp"
#include "nodes/api/api_server.hpp"
#include "supervision/message_class.hpp"
#include "supervision/messages.hpp"
#include "supervision/runtime.hpp"
#include "supervision/supervisor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

/// A node's API in this process, over a real scheduler, without a cluster.
namespace test {

using namespace std::chrono_literals;
namespace core = troupe::core;
namespace sup = troupe::supervision;
namespace api = troupe::api;

struct Hang {};  ///< does not return until it is released
struct Crash {}; ///< throws
struct Note {
  int value = 0;
};
struct Order {}; ///< of the order class
struct Pass {    ///< sends a Note on
  std::string to;
};

} // namespace test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::Hang)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::Crash)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::Note)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::Order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(test::Pass)

namespace test {

class TestNode {
public:
  using Released = std::shared_ptr<std::atomic<bool>>;

  explicit TestNode(api::NodeViews views = {}, const std::string& name = "n1")
    : data_(make_directory()), system_(config_),
      local_(system_, clock_, {.node = name, .allow_detached = false}), server_(api_config(name)) {
    system_.await_actors_before_shutdown(false);
    runtime().dead_letters.set_replayable([](const caf::message& message) {
      return message.size() == 1
             && (message.match_element<Note>(0) || message.match_element<Order>(0));
    });
    sup::declare_order_class<Order>();
    bound_ = server_.bind().value();
    server_.start(runtime(), std::move(views)).value();
    runtime().health.set("test", true);
    sup::ChildSpec child;
    child.name = "worker";
    child.mailbox_cap = 10;
    child.health_deadline = 0ns;
    child.shutdown = 100ms;
    child.backoff = sup::quick_backoff;
    child.start = [released = released_](sup::StartContext& context) {
      return context.spawn(behavior, released);
    };
    auto other = child;
    other.name = "other";
    tree_ = sup::start_supervisor(runtime(), {.name = "svc", .children = {child, other}});
    REQUIRE(eventually([&] { return runtime().registry.find("svc/other").epoch == 1; }));
  }
  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;
  ~TestNode() {
    *released_ = true;
    server_.stop(1s);
    {
      caf::scoped_actor waiter{system_};
      waiter->send_exit(tree_, caf::exit_reason::user_shutdown);
      waiter->wait_for(tree_);
    }
    tree_ = nullptr;
    std::filesystem::remove_all(data_);
  }

  [[nodiscard]] sup::Runtime& runtime() { return local_.runtime(); }
  [[nodiscard]] std::string url() const { return bound_.url(); }
  [[nodiscard]] const std::string& data() const { return data_; }
  void release() { *released_ = true; }
  [[nodiscard]] std::string token() const {
    std::ifstream in{data_ + "/token"};
    std::string text;
    in >> text;
    return text;
  }
  template <class T>
  void send(const std::string& path, T message) {
    REQUIRE(runtime().registry.send(path, caf::make_message(std::move(message))));
  }
  [[nodiscard]] sup::ActorInfo actor(const std::string& path) {
    return runtime().actors.actor(path).value();
  }
  /// Status and body.
  [[nodiscard]] std::pair<unsigned, std::string>
  call(const std::string& path, const std::string& method = "GET", const std::string& token = "") {
    troupe::net::ClientRequest request;
    request.method = method == "POST" ? troupe::net::Method::POST : troupe::net::Method::GET;
    request.url = url() + path;
    request.timeout = 30s;
    if (!token.empty()) {
      request.headers.emplace_back("Authorization", "Bearer " + token);
    }
    const auto response = troupe::net::http_request(request).value();
    return {response.status, response.body};
  }

private:
  struct Config : caf::actor_system_config {
    Config() {
      set("scheduler.max-threads", 4);
      set("scheduler.policy", caf::atom("sharing"));
      sup::add_message_types(*this);
    }
  };
  struct State {
    static inline const char* name = "worker";
  };
  using Self = sup::StatefulActor<State>;

  static caf::behavior behavior(Self* self, const Released& released) {
    return {
      [released](Hang) {
        while (!*released) {
          std::this_thread::sleep_for(1ms);
        }
      },
      [](Crash) { throw std::runtime_error("told to"); },
      [](const Note&) {},
      [self](const Pass& pass) {
        self->runtime().registry.send(pass.to, caf::make_message(Note{7}));
      },
    };
  }
  static std::string make_directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "troupe-api-XXXXXX";
    return ::mkdtemp(pattern.data());
  }
  [[nodiscard]] api::ApiConfig api_config(const std::string& name) const {
    api::ApiConfig config;
    config.node = name;
    config.server.listen = "127.0.0.1:0";
    config.public_routes = false;
    config.data_dir = data_;
    config.version = "test";
    return config;
  }

  std::string data_;
  Released released_ = std::make_shared<std::atomic<bool>>(false);
  core::SystemClock clock_;
  Config config_;
  caf::actor_system system_;
  sup::LocalRuntime local_;
  api::ApiServer server_;
  troupe::net::Bound bound_;
  caf::actor tree_;
};

} // namespace test
