// A database file in the hands of somebody else than the store: the operator's
// shell, a backup program, or bad luck.
#ifndef HOUSECALL_TESTS_STORE_RAW_DATABASE_H_
#define HOUSECALL_TESTS_STORE_RAW_DATABASE_H_

#include <sqlite3.h>

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace housecall::store::testing {

class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &database_), SQLITE_OK)
        << sqlite3_errmsg(database_);
    sqlite3_busy_timeout(database_, 5000);
  }
  ~RawDatabase() { sqlite3_close(database_); }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;

  // The rows of the result, each column as text, NULL as "NULL".
  std::vector<std::vector<std::string>> Run(const std::string& sql) {
    std::vector<std::vector<std::string>> rows;
    char* error = nullptr;
    const auto add = [](void* out, int count, char** values, char**) {
      std::vector<std::string> row;
      for (int i = 0; i < count; ++i) {
        row.emplace_back(values[i] == nullptr ? "NULL" : values[i]);
      }
      static_cast<std::vector<std::vector<std::string>>*>(out)->push_back(row);
      return 0;
    };
    const int result = sqlite3_exec(database_, sql.c_str(), add, &rows, &error);
    EXPECT_EQ(result, SQLITE_OK) << sql << ": " << (error ? error : "");
    sqlite3_free(error);
    return rows;
  }

  // The first column of the first row; empty if there is none.
  std::string Value(const std::string& sql) {
    const std::vector<std::vector<std::string>> rows = Run(sql);
    return rows.empty() || rows[0].empty() ? "" : rows[0][0];
  }

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace housecall::store::testing

#endif  // HOUSECALL_TESTS_STORE_RAW_DATABASE_H_
