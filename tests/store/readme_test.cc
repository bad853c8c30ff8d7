// The queries of dispatcher/store/README.md, run as they stand there.
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "dispatcher/store/sqlite_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/builders.h"
#include "tests/store/raw_database.h"
#include "tests/store/stores.h"
#include "tests/store/temporary_folder.h"

namespace housecall::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using testing::RawDatabase;
using testing::RecordsOf;
using ::testing::SizeIs;
using testing::TemporaryFolder;

std::vector<std::string> QueriesOfReadme() {
  std::ifstream file(HOUSECALL_STORE_README);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> queries;
  for (absl::string_view part : absl::StrSplit(text, "```sql\n")) {
    if (queries.empty() && part.data() == text.data()) continue;
    const absl::string_view block = part.substr(0, part.find("```"));
    for (absl::string_view query : absl::StrSplit(block, ";\n")) {
      if (!query.empty()) queries.emplace_back(query);
    }
  }
  return queries;
}

TEST(Readme, HasQueriesThatFindSomething) {
  TemporaryFolder folder;
  const std::string path = folder.File("hino.db");
  core::testing::BoardBuilder builder;
  builder.AddCallInState(core::CallState::kClosed, "call-1")
      .AddCallInState(core::CallState::kOnScene, "call-2",
                      {.patient = "suzuki",
                       .physician = "dr-kato",
                       .driver = "driver-ono",
                       .car = "car-2"});
  core::Delivery delivery;
  delivery.id = core::DeliveryId("late");
  delivery.state = core::DeliveryState::kPending;
  delivery.member.organization = core::OrganizationId("clinic-sakura");
  delivery.attempts.resize(2);
  delivery.attempts[1].error = "503 closed for the night";
  builder.Put(delivery);
  Batch batch = testing::BatchOf("hino", RecordsOf(builder.board()));
  core::Event event;
  event.kind = core::EventKind::kCallClosed;
  event.time = builder.now();
  event.actor = core::testing::OperatorActor();
  event.call = core::CallId("call-1");
  event.records = {builder.Get<core::Call>("call-1")};
  batch.journal = {{1, event}};
  batch.outbox.put = {
      {delivery.id, core::ChannelKind::kWebhook, builder.now()}};
  {
    const absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path);
    ASSERT_TRUE(store.ok()) << store.status();
    const absl::Status status = (*store)->Commit(batch, 0);
    ASSERT_TRUE(status.ok()) << status;
  }

  RawDatabase database(path);
  const std::vector<std::string> queries = QueriesOfReadme();
  ASSERT_THAT(queries, SizeIs(10));
  for (const std::string& query : queries) {
    const std::vector<std::vector<std::string>> rows = database.Run(query);
    EXPECT_FALSE(rows.empty()) << query;
    // A misspelt path into JSON gives NULL.
    for (const std::vector<std::string>& row : rows) {
      EXPECT_THAT(row, Not(Contains("NULL"))) << query;
    }
  }
  EXPECT_THAT(database.Run(queries[0]),
              ElementsAre(ElementsAre("call-2", "ON_SCENE", "STANDARD",
                                      "2026-11-20 19:50:00")));
  EXPECT_THAT(database.Run(queries[2]),
              ElementsAre(ElementsAre("1", "2026-11-20 20:00:00", "CALL_CLOSED",
                                      "op-mori", "[\"OPERATOR\"]")));
  EXPECT_THAT(database.Run(queries[3]),
              ElementsAre(ElementsAre("1", "CALL_CLOSED", "CLOSED")));
  EXPECT_THAT(database.Run(queries[6]),
              Contains(ElementsAre("late", "clinic-sakura", "PENDING", "0",
                                   "503 closed for the night")));
}

}  // namespace
}  // namespace housecall::store
