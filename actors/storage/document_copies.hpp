#pragma once

#include "actors/storage/documents_actor.hpp"
#include "core/log.hpp"
#include "supervision/actor.hpp"
#include "supervision/ask.hpp"
#include "supervision/bus.hpp"
#include "supervision/messages.hpp"
#include "supervision/runtime.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// The child that keeps copies of documents that other nodes of a role stored, so that whoever is
/// responsible next goes on with them.
namespace troupe::storage {

/// Time to tell the others what this node's store has.
struct TellDocumentsDue {};

/// What is copied, and by which event nodes tell each other. @tparam Event  with a member `node`:
/// the one that stored it
template <class Event>
struct CopyPlan {
  supervision::Topic topic;
  std::vector<std::string> kinds; ///< of the documents
  std::string documents;          ///< path of the store's child
  Document (*document_of)(const Event& event) = nullptr;
  /// Nothing for a document that is none of these.
  std::optional<Event> (*event_of)(const Document& document, const std::string& node) = nullptr;
  /// Of an event in its topic: the one that it is published with, too.
  std::string (*key_of)(const Document& document) = nullptr;
  /// Passes on what another node told, to whom it concerns here; may be empty.
  std::function<void(supervision::Actor* self, const Event& event)> pass_on{};
};

namespace copies_detail {

inline constexpr std::chrono::seconds copy_deadline{10};
/// After a change of the view: a newcomer subscribes a little later than it is seen.
inline constexpr std::array tell_after{std::chrono::seconds{1}, std::chrono::seconds{5}};

template <class Event>
struct CopiesState {
  static inline const char* name = "document-copies";
  CopyPlan<Event> plan;
};
template <class Event>
using CopiesSelf = supervision::StatefulActor<CopiesState<Event>>;

template <class Event>
void on_stored(CopiesSelf<Event>* self, const Event& event) {
  if (event.node == self->runtime().node) {
    return;
  }
  const auto& plan = self->state.plan;
  auto document = plan.document_of(event);
  const auto kind = document.kind;
  const auto id = document.id;
  supervision::ask_path<StoreDocument>(
    self, self->runtime(), plan.documents, {std::move(document)}, {.deadline = copy_deadline},
    [kind, id](const core::Result<DocumentStored>& stored) {
      // a copy that is there already is as good
      if (!stored && stored.error().code != core::Errc::CONFLICT) {
        core::log::warn("document not copied",
                        {{"kind", kind}, {"id", id}, {"error", core::to_string(stored.error())}});
      }
    });
  if (plan.pass_on) {
    plan.pass_on(self, event);
  }
}

template <class Event>
void tell_documents(CopiesSelf<Event>* self, const std::string& kind) {
  supervision::ask_path<LoadDocuments>(
    self, self->runtime(), self->state.plan.documents, {kind}, {.deadline = copy_deadline},
    [self](const core::Result<DocumentsLoaded>& loaded) {
      if (!loaded) {
        return; // said where it is asked for at the start
      }
      const auto& told = self->state.plan;
      for (const auto& document : loaded->documents) {
        if (auto event = told.event_of(document, self->runtime().node)) {
          self->runtime().bus.publish(told.topic, told.key_of(document),
                                      caf::make_message(std::move(*event)));
        }
      }
    });
}

template <class Event>
caf::behavior behavior(CopiesSelf<Event>* self, CopyPlan<Event> plan) {
  self->state.plan = std::move(plan);
  const auto me = caf::actor_cast<caf::actor>(self);
  self->runtime().bus.subscribe(self->state.plan.topic, me);
  self->runtime().placement.watch(me);
  return {
    [self](const Event& event) { on_stored(self, event); },
    [self](const supervision::ViewChanged&) {
      for (const auto delay : tell_after) {
        self->delayed_send(self, delay, TellDocumentsDue{});
      }
    },
    [self](TellDocumentsDue) {
      for (const auto& kind : self->state.plan.kinds) {
        tell_documents(self, kind);
      }
    },
  };
}

} // namespace copies_detail

/// The child "copies": takes events of other nodes into this node's store and passes them on; tells
/// what the store has when nodes come or go. State: none; the store is the state.
template <class Event>
[[nodiscard]] supervision::ChildSpec copies(CopyPlan<Event> plan) {
  return {
    .name = "copies",
    .start =
      [plan = std::move(plan)](supervision::StartContext& context) {
        return context.spawn(copies_detail::behavior<Event>, plan);
      },
    .backoff = supervision::quick_backoff,
  };
}

} // namespace troupe::storage

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::TellDocumentsDue)
