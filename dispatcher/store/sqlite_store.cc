#include "dispatcher/store/sqlite_store.h"

#include <utility>

#include "dispatcher/base/status_macros.h"
#include "dispatcher/store/sql_store.h"

namespace housecall::store {

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(
    const std::string& path, const SqliteOptions& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<SqlDriver> driver,
                   OpenSqliteDriver(path, options));
  return OpenSqlStore(std::move(driver));
}

}  // namespace housecall::store
