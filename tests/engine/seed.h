// Boards as the content of a store, and commands that any board can take.
#ifndef HOUSECALL_TESTS_ENGINE_SEED_H_
#define HOUSECALL_TESTS_ENGINE_SEED_H_

#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "dispatcher/core/board.h"
#include "dispatcher/core/command.h"
#include "dispatcher/engine/center_writer.h"
#include "dispatcher/store/store.h"
#include "gtest/gtest.h"

namespace housecall::engine::testing {

// Every record of the board in one batch, without a journal.
inline store::Batch BatchOf(const core::Board& board) {
  store::Batch batch;
  batch.center = board.center().id;
  batch.records.push_back(board.center());
  const auto add = [&]<typename R>(const R*) {
    if constexpr (!std::is_same_v<R, core::Center>) {
      board.table<R>().ForEach([&](const auto&, const R& record) {
        batch.records.push_back(record);
      });
    }
  };
  [&]<typename... R>(const std::variant<R...>*) {
    (add(static_cast<const R*>(nullptr)), ...);
  }(static_cast<const core::Record*>(nullptr));
  return batch;
}

// Makes the board the first version of its center.
inline void Seed(const core::Board& board, store::Store* store) {
  const absl::Status status = store->Commit(BatchOf(board), 0);
  ASSERT_TRUE(status.ok()) << status;
}

// A new car: a command that is accepted once for each id.
inline core::Command CreateCar(const std::string& id) {
  core::Create<core::Car> create;
  create.record.id = core::CarId(id);
  create.record.display_name = "Car " + id;
  create.record.plate = "hachioji 500 a " + id;
  create.record.organization = core::OrganizationId("clinic-hino");
  return create;
}

inline core::Actor Administrator() {
  core::Actor actor;
  actor.account = core::AccountId("admin");
  actor.person = core::PersonId("admin");
  actor.organization = core::OrganizationId("clinic-hino");
  actor.roles = {core::Role::kAdministrator};
  return actor;
}

}  // namespace housecall::engine::testing

#endif  // HOUSECALL_TESTS_ENGINE_SEED_H_
