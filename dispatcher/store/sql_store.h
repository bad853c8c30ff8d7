// The store over an SQL database, in SQL that SQLite and PostgreSQL both speak.
#ifndef HOUSECALL_DISPATCHER_STORE_SQL_STORE_H_
#define HOUSECALL_DISPATCHER_STORE_SQL_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "dispatcher/store/sql_driver.h"
#include "dispatcher/store/store.h"

namespace housecall::store {

// Brings the database to the schema of schema.sql and returns the store over
// it. Errors are those of Migrate, and FailedPrecondition if the tables are not
// what their schema says.
absl::StatusOr<std::unique_ptr<Store>> OpenSqlStore(
    std::unique_ptr<SqlDriver> driver);

// The store over a database that is only read, whose schema must be this
// program's: FailedPrecondition if it is another one.
absl::StatusOr<std::unique_ptr<Store>> OpenSqlStoreForReading(
    std::unique_ptr<SqlDriver> driver);

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_SQL_STORE_H_
