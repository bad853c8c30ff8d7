// Brings a database to the schema that this program knows.
#ifndef HOUSECALL_DISPATCHER_STORE_MIGRATIONS_H_
#define HOUSECALL_DISPATCHER_STORE_MIGRATIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "dispatcher/store/sql_driver.h"

namespace housecall::store {

// One step of the schema. Once released it is never changed; the next one
// alters what it made.
struct Migration {
  int64_t number = 0;
  std::string title;
  std::string sql;
};

// schema.sql, as it was when the program was built.
absl::string_view SchemaText();

// The steps of a schema file: each begins with a line "-- Migration N: title",
// N counts from 1. Returns InvalidArgument, naming the line, if it does not.
absl::StatusOr<std::vector<Migration>> ParseMigrations(absl::string_view text);

// Runs each migration that the database has not seen, in a transaction of its
// own, and writes it into the table schema_migrations together with `program`,
// the version of this program.
//
// Returns FailedPrecondition, with nothing changed, if the database has seen
// one beyond the last of `migrations`; the message names the version that wrote
// it.
absl::Status Migrate(SqlDriver& driver,
                     const std::vector<Migration>& migrations,
                     const std::string& program);

// Returns FailedPrecondition if the last migration that the database has seen
// is not the last of `migrations`.
absl::Status CheckMigrated(SqlDriver& driver,
                           const std::vector<Migration>& migrations,
                           const std::string& program);

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_MIGRATIONS_H_
