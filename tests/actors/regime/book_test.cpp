#include "actors/regime/models/book.hpp"
#include "actors/regime/models/filter.hpp"
#include "core/json.hpp"
#include "models_synthetic.hpp"

#include <functional>

using namespace troupe;
using namespace troupe::regime;
using core::Errc;
using synthetic::draw;
using synthetic::fitted_set;

namespace {

constexpr std::size_t previous_max = 3;

ModelSet set_of(std::uint32_t hmm_states = 4) {
  auto set = fitted_set();
  set.spec.hmm_states = hmm_states;
  return set;
}

messages::RegimeModelSpec spec_of(std::uint32_t hmm_states) {
  return set_of(hmm_states).spec;
}

std::vector<std::uint64_t> previous_of(const ModelBook& book) {
  std::vector<std::uint64_t> out;
  for (const auto& set : book.previous) {
    out.push_back(set.version);
  }
  return out;
}

/// Live version 2, fitted after version 1, with a fitted shadow: version 3.
ModelBook with_shadow() {
  ModelBook book;
  book.fitted(set_of(), previous_max);
  book.fitted(set_of(), previous_max);
  book.start_shadow(spec_of(3));
  REQUIRE(book.shadow_fitted(set_of(3)));
  return book;
}

} // namespace

TEST_CASE("book: refits count up; of one era the set before the last is kept") {
  ModelBook book;
  CHECK(book.roll_back({}, previous_max).error().code == Errc::NOT_FOUND);
  for (int i = 0; i < 4; ++i) {
    book.fitted(set_of(), previous_max);
  }
  REQUIRE(book.live.has_value());
  CHECK(book.live->version == 4);
  CHECK(book.live->era == 1);
  CHECK(previous_of(book) == std::vector<std::uint64_t>{3});
}

TEST_CASE("book: a promotion makes the shadow live, a rollback makes it what it was") {
  auto book = with_shadow();
  CHECK(book.promote(7, previous_max).error().code == Errc::CONFLICT);
  REQUIRE(book.promote(3, previous_max).has_value());
  CHECK(book.live->version == 3);
  CHECK(book.live->era == 2);
  CHECK(book.live_spec == spec_of(3));
  CHECK_FALSE(book.shadow.has_value());
  CHECK_FALSE(book.shadow_spec.has_value());
  CHECK(previous_of(book) == std::vector<std::uint64_t>{2});
  book.fitted(set_of(3), previous_max); // a refit of the promoted set
  CHECK(previous_of(book) == std::vector<std::uint64_t>{3, 2});
  REQUIRE(book.roll_back({}, previous_max).has_value());
  CHECK(book.live->version == 2); // before the promotion, not before the refit
  CHECK(book.live->era == 3);
  CHECK(book.pinned);
  CHECK(book.live_spec == spec_of(4));
  CHECK(previous_of(book) == std::vector<std::uint64_t>{4});
  REQUIRE(book.roll_back({}, previous_max).has_value()); // and forth again
  CHECK(book.live->version == 4);
}

TEST_CASE("book: a rollback by version, and to one that is not kept") {
  auto book = with_shadow();
  const auto refused = book.roll_back(9, previous_max);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::NOT_FOUND);
  CHECK(refused.error().message == "version: expected one of the previous versions, 1, found 9");
  REQUIRE(book.roll_back(1, previous_max).has_value());
  CHECK(book.live->version == 1);
  CHECK(previous_of(book) == std::vector<std::uint64_t>{2});
  CHECK(book.shadow.has_value()); // goes on
}

TEST_CASE("book: a promotion ends the pin of a rollback") {
  auto book = with_shadow();
  REQUIRE(book.roll_back({}, previous_max).has_value());
  CHECK(book.pinned);
  REQUIRE(book.promote({}, previous_max).has_value());
  CHECK_FALSE(book.pinned);
}

TEST_CASE("book: without a fitted shadow there is nothing to promote") {
  ModelBook book;
  CHECK(book.promote({}, previous_max).error().code == Errc::NOT_FOUND);
  CHECK(book.discard_shadow().error().code == Errc::NOT_FOUND);
  book.start_shadow(spec_of(3));
  CHECK(book.promote({}, previous_max).error().code == Errc::NOT_READY);
  CHECK_FALSE(book.shadow_fitted(set_of(2))); // of a shadow that is not wanted any more
  REQUIRE(book.shadow_fitted(set_of(3)));
  book.start_shadow(spec_of(3)); // the same one: it stays
  CHECK(book.shadow.has_value());
  book.start_shadow(spec_of(2));
  CHECK_FALSE(book.shadow.has_value());
  REQUIRE(book.discard_shadow().has_value());
  CHECK_FALSE(book.shadow_spec.has_value());
}

TEST_CASE("book: what can be rolled back to is bounded") {
  ModelBook book;
  book.fitted(set_of(), previous_max);
  for (std::uint32_t i = 0; i < 10; ++i) {
    book.start_shadow(spec_of(2 + i % 3));
    REQUIRE(book.shadow_fitted(set_of(2 + i % 3)));
    REQUIRE(book.promote({}, previous_max).has_value());
  }
  CHECK(previous_of(book) == std::vector<std::uint64_t>{10, 9, 8});
}

TEST_CASE("book: comes back from its text to the bit") {
  auto book = with_shadow();
  book.version = 12;
  const auto text = core::json::encode(book);
  const auto restored = restored_book(text);
  REQUIRE(restored.has_value());
  CHECK(core::json::encode(*restored) == text);
  CHECK(text.size() < 40'000);
  ModelFilter before{std::make_shared<const FittedModel>(book.live->models[0])};
  ModelFilter after{std::make_shared<const FittedModel>(restored->live->models[0])};
  for (const auto& seen : draw(200, 77).observations) {
    before.update(seen);
    after.update(seen);
    CHECK(before.probabilities() == after.probabilities());
  }
}

TEST_CASE("book: damaged texts are refused with what is wrong") {
  const auto refused = [](const std::string& text, const std::string& named) {
    const auto restored = restored_book(text);
    REQUIRE_FALSE(restored.has_value());
    CHECK(restored.error().code == Errc::IO_ERROR);
    CHECK_MESSAGE(restored.error().message.find(named) != std::string::npos,
                  restored.error().message);
  };
  const auto damaged = [&](const std::function<void(ModelBook&)>& damage) {
    auto book = with_shadow();
    damage(book);
    return core::json::encode(book);
  };
  refused("", "damaged");
  refused("{}", "version");
  refused(R"({"version":1,"surprise":2})", "surprise");
  refused(damaged([](ModelBook& b) { b.live->models[0].transition.pop_back(); }), "hmm");
  refused(damaged([](ModelBook& b) { b.shadow->models[1].scale = -1.0; }), "scale");
  refused(damaged([](ModelBook& b) { b.previous[0].models.clear(); }), "models");
}
