// schema.sql against the fields of the records, and the migrations in it.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "dispatcher/store/columns.h"
#include "dispatcher/store/migrations.h"
#include "dispatcher/store/record_codec.h"
#include "dispatcher/store/sqlite_driver.h"
#include "dispatcher/store/sqlite_store.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/raw_database.h"
#include "tests/store/stores.h"
#include "tests/store/temporary_folder.h"

namespace housecall::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RawDatabase;
using testing::TemporaryFolder;

class Schema : public ::testing::Test {
 protected:
  // Makes a database and closes it.
  void Make() {
    const absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path_);
    ASSERT_TRUE(store.ok()) << store.status();
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("hino.db");
};

TEST_F(Schema, HasAColumnForEachFieldOfEachKind) {
  Make();
  RawDatabase database(path_);
  ForEachKind([&]<typename R>(std::type_identity<R>) {
    // "name type NOT NULL", in order.
    std::vector<std::string> expected = {"center TEXT NOT NULL"};
    for (const Column& column : ColumnsOf<R>()) {
      expected.push_back(absl::StrCat(column.name, " ", column.type,
                                      column.nullable ? "" : " NOT NULL"));
    }
    std::vector<std::string> actual;
    for (const std::vector<std::string>& row :
         database.Run(absl::StrCat("PRAGMA table_info(", TableOf<R>(), ")"))) {
      actual.push_back(
          absl::StrCat(row[1], " ", row[2], row[3] == "1" ? " NOT NULL" : ""));
    }
    EXPECT_EQ(absl::StrJoin(actual, "\n"), absl::StrJoin(expected, "\n"))
        << "schema.sql and the fields of " << TableOf<R>()
        << " differ: add a migration, or before the first release change the "
           "table";
    EXPECT_EQ(database.Value(absl::StrCat(
                  "SELECT group_concat(name) FROM (SELECT name FROM "
                  "pragma_table_info('",
                  TableOf<R>(), "') WHERE pk > 0 ORDER BY pk)")),
              "center,id")
        << TableOf<R>();
  });
}

TEST_F(Schema, HasATableForEachKindAndItsOwn) {
  Make();
  std::set<std::string> expected = {
      "assignment_calls", "centers_version", "journal",          "offer_calls",
      "outbox",           "replies",         "schema_migrations"};
  ForEachKind([&]<typename R>(std::type_identity<R>) {
    EXPECT_TRUE(expected.insert(TableOf<R>()).second) << TableOf<R>();
  });
  std::set<std::string> actual;
  for (const std::vector<std::string>& row : RawDatabase(path_).Run(
           "SELECT name FROM sqlite_master WHERE type = 'table'")) {
    actual.insert(row[0]);
  }
  EXPECT_EQ(actual, expected);
}

// Every look-up of the store finds its rows without reading the table.
TEST_F(Schema, HasAnIndexForEachLookUp) {
  Make();
  RawDatabase database(path_);
  const std::map<std::string, std::string> look_ups = {
      {"SELECT id FROM calls WHERE center = 'hino' AND state NOT IN "
       "('CLOSED', 'MERGED', 'CANCELLED')",
       "calls_open"},
      {"SELECT id FROM calls WHERE center = 'hino' AND close_time >= 7",
       "calls_by_close_time"},
      {"SELECT * FROM calls WHERE center = 'hino' AND state IN ('CLOSED', "
       "'MERGED', 'CANCELLED') AND (receive_time, id) < (7, 'c') ORDER BY "
       "receive_time DESC, id DESC LIMIT 5",
       "calls_by_receive_time"},
      {"SELECT offer FROM offer_calls WHERE center = 'hino' AND call = 'c'",
       "offer_calls_by_call"},
      {"SELECT assignment FROM assignment_calls WHERE center = 'hino' AND "
       "call = 'c'",
       "assignment_calls_by_call"},
      {"SELECT * FROM visits WHERE center = 'hino' AND call = 'c'",
       "visits_by_call"},
      {"SELECT * FROM matches WHERE center = 'hino' AND call = 'c'",
       "matches_by_call"},
      {"SELECT * FROM notes WHERE center = 'hino' AND call = 'c'",
       "notes_by_call"},
      {"SELECT * FROM deliveries WHERE center = 'hino' AND call = 'c'",
       "deliveries_by_call"},
      {"SELECT call FROM deliveries WHERE center = 'hino' AND state <> "
       "'RECEIVED' AND call <> ''",
       "deliveries_open"},
      {"SELECT * FROM tasks WHERE center = 'hino' AND call = 'c'",
       "tasks_by_call"},
      {"SELECT call FROM tasks WHERE center = 'hino' AND resolved IS NULL",
       "tasks_open"},
      {"SELECT * FROM sessions WHERE center = 'hino' AND expire_time >= 7",
       "sessions_by_expire_time"},
      {"SELECT records FROM journal WHERE center = 'hino' AND call = 'c' AND "
       "call <> '' AND sequence > 5 ORDER BY sequence",
       "journal_by_call"},
      {"SELECT MIN(free_time) FROM outbox", "outbox_by_free_time"},
      {"SELECT center FROM outbox WHERE free_time <= 7 ORDER BY free_time, "
       "center, id LIMIT 5",
       "outbox_by_free_time"},
      {"SELECT request_id FROM replies WHERE time < 7 ORDER BY time",
       "replies_by_time"},
  };
  for (const auto& [sql, index] : look_ups) {
    std::string plan;
    for (const std::vector<std::string>& row :
         database.Run("EXPLAIN QUERY PLAN " + sql)) {
      absl::StrAppend(&plan, row[3], "\n");
    }
    EXPECT_THAT(plan, HasSubstr("INDEX " + index)) << sql;
    EXPECT_THAT(plan, ::testing::Not(HasSubstr("TEMP B-TREE"))) << sql;
  }
}

TEST_F(Schema, IsWhatTheMigrationsSay) {
  Make();
  const absl::StatusOr<std::vector<Migration>> migrations =
      ParseMigrations(SchemaText());
  ASSERT_TRUE(migrations.ok()) << migrations.status();
  EXPECT_EQ(RawDatabase(path_).Value(
                "SELECT MAX(number) || ' ' || COUNT(*) FROM schema_migrations"),
            absl::StrCat(migrations->back().number, " ", migrations->size()));
}

TEST(ParseMigrations, SplitsAtTheHeads) {
  const absl::StatusOr<std::vector<Migration>> migrations = ParseMigrations(
      "-- about\n\n-- Migration 1: First\nCREATE a;\n-- Migration 2: Second: "
      "more\nCREATE b;\nCREATE c;\n");
  ASSERT_TRUE(migrations.ok()) << migrations.status();
  ASSERT_EQ(migrations->size(), 2u);
  EXPECT_EQ((*migrations)[0].number, 1);
  EXPECT_EQ((*migrations)[0].title, "First");
  EXPECT_EQ((*migrations)[0].sql, "CREATE a;\n");
  EXPECT_EQ((*migrations)[1].title, "Second: more");
  EXPECT_THAT((*migrations)[1].sql, HasSubstr("CREATE b;\nCREATE c;\n"));
}

TEST(ParseMigrations, RefusesWhatIsOutOfOrder) {
  for (const char* text :
       {"", "-- nothing\n", "CREATE a;\n-- Migration 1: First\n",
        "-- Migration 2: Second\n", "-- Migration 1: A\n-- Migration 3: B\n",
        "-- Migration 1\n", "-- Migration one: First\n",
        "-- Migration 1: A\n-- Migration 1: B\n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseMigrations(text).status()))
        << text;
  }
}

// Migrations of a database that has been at work for years.
class Migrations : public ::testing::Test {
 protected:
  absl::Status Run(const std::vector<Migration>& migrations,
                   const std::string& program) {
    absl::StatusOr<std::unique_ptr<SqlDriver>> driver =
        OpenSqliteDriver(path_, {});
    if (!driver.ok()) return driver.status();
    return Migrate(**driver, migrations, program);
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.File("hino.db");
  const Migration first_ = {1, "First", "CREATE TABLE a (x BIGINT);"};
  const Migration second_ = {
      2, "Second", "ALTER TABLE a ADD COLUMN y TEXT NOT NULL DEFAULT 'old';"};
  const Migration broken_ = {
      3, "Broken", "INSERT INTO a (x) VALUES (2); CREATE TABLE a (x BIGINT);"};
};

TEST_F(Migrations, RunEachOnce) {
  ASSERT_TRUE(Run({first_}, "housecall 1.0").ok());
  RawDatabase(path_).Run("INSERT INTO a (x) VALUES (1)");
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = Run({first_, second_}, "housecall 1.1");
    ASSERT_TRUE(status.ok()) << status;
  }
  RawDatabase database(path_);
  EXPECT_THAT(database.Run("SELECT x, y FROM a"),
              ElementsAre(ElementsAre("1", "old")));
  EXPECT_THAT(database.Run("SELECT number, title, program FROM "
                           "schema_migrations ORDER BY number"),
              ElementsAre(ElementsAre("1", "First", "housecall 1.0"),
                          ElementsAre("2", "Second", "housecall 1.1")));
}

TEST_F(Migrations, RefuseANewerDatabaseAndSayWhichProgramItNeeds) {
  ASSERT_TRUE(Run({first_, second_}, "housecall 1.1").ok());
  const absl::Status status = Run({first_}, "housecall 1.0");
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("Start housecall 1.1 or a newer one"));
}

TEST_F(Migrations, KeepNothingOfOneThatFails) {
  ASSERT_TRUE(Run({first_, second_}, "housecall 1.1").ok());
  EXPECT_FALSE(Run({first_, second_, broken_}, "housecall 1.2").ok());
  RawDatabase database(path_);
  EXPECT_THAT(database.Run("SELECT x FROM a"), IsEmpty());
  EXPECT_EQ(database.Value("SELECT MAX(number) FROM schema_migrations"), "2");
  EXPECT_TRUE(Run({first_, second_}, "housecall 1.1").ok());
}

// A row that is older than one of its columns.
TEST_F(Schema, ReadsRowsThatAreOlderThanAColumn) {
  Make();
  {
    // As if `seats` had come later, without a default.
    RawDatabase database(path_);
    std::string table =
        database.Value("SELECT sql FROM sqlite_master WHERE name = 'cars'");
    database.Run("DROP TABLE cars");
    database.Run(absl::StrReplaceAll(
        table, {{"seats INTEGER NOT NULL", "seats INTEGER"}}));
    database.Run(
        "INSERT INTO centers_version VALUES ('hino', 1, 0);"
        "INSERT INTO cars (center, id, etag, display_name, plate, "
        "organization, state, state_reason, active) VALUES ('hino', 'car-1', "
        "1, '', '', '', 'AVAILABLE', '', 1)");
  }
  const absl::StatusOr<std::unique_ptr<Store>> store = OpenSqliteStore(path_);
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::StatusOr<Snapshot> snapshot =
      (*store)->Load(core::CenterId("hino"), absl::InfinitePast());
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  const core::Car* const car =
      snapshot->board.Find<core::Car>(core::CarId("car-1"));
  ASSERT_NE(car, nullptr);
  EXPECT_EQ(car->seats, core::Car().seats);
}

}  // namespace
}  // namespace housecall::store
