#include "dispatcher/store/migrations.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "dispatcher/base/status_macros.h"

namespace housecall::store {

namespace {

constexpr char kMakeTable[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "number BIGINT NOT NULL PRIMARY KEY, "
    "title TEXT NOT NULL, "
    "program TEXT NOT NULL)";

// The number of the last migration that the database has seen, and the program
// that ran it; 0 before the first.
absl::Status ReadLast(SqlConnection& connection, int64_t* number,
                      std::string* program) {
  ASSIGN_OR_RETURN(SqlStatement* const statement,
                   connection.Prepare("SELECT number, program FROM "
                                      "schema_migrations ORDER BY number DESC "
                                      "LIMIT 1"));
  SqlRun run(statement);
  ASSIGN_OR_RETURN(const bool found, run->Step());
  *number = found ? run->Integer(0) : 0;
  *program = found ? std::string(run->Text(1)) : "";
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Migration>> ParseMigrations(absl::string_view text) {
  constexpr absl::string_view kHead = "-- Migration ";
  std::vector<Migration> migrations;
  int line_number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, kHead)) {
      const std::pair<absl::string_view, absl::string_view> head =
          absl::StrSplit(rest, absl::MaxSplits(": ", 1));
      Migration migration;
      if (!absl::SimpleAtoi(head.first, &migration.number) ||
          migration.number != static_cast<int64_t>(migrations.size()) + 1 ||
          head.second.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("line ", line_number, ": must be \"", kHead,
                         migrations.size() + 1, ": title\""));
      }
      migration.title = std::string(head.second);
      migrations.push_back(std::move(migration));
    } else if (!migrations.empty()) {
      absl::StrAppend(&migrations.back().sql, line, "\n");
    } else if (!line.empty() && !absl::StartsWith(line, "--")) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", line_number, ": a statement before the first ",
                       "migration"));
    }
  }
  if (migrations.empty()) {
    return absl::InvalidArgumentError("there is no migration");
  }
  return migrations;
}

absl::Status Migrate(SqlDriver& driver,
                     const std::vector<Migration>& migrations,
                     const std::string& program) {
  RETURN_IF_ERROR(driver.Write([](SqlConnection& connection) {
    return connection.RunScript(kMakeTable);
  }));
  int64_t last = 0;
  std::string last_program;
  RETURN_IF_ERROR(driver.Read([&](SqlConnection& connection) {
    return ReadLast(connection, &last, &last_program);
  }));
  const int64_t known = migrations.back().number;
  if (last > known) {
    return absl::FailedPreconditionError(absl::StrCat(
        driver.name(), ": the database has schema ", last, ", written by ",
        last_program, "; this is ", program, ", which knows schemas up to ",
        known, ". Start ", last_program,
        " or a newer one, or put back a backup that was made before it"));
  }
  for (const Migration& migration : migrations) {
    if (migration.number <= last) continue;
    RETURN_IF_ERROR(
        driver.Write([&](SqlConnection& connection) -> absl::Status {
          RETURN_IF_ERROR(connection.RunScript(migration.sql));
          ASSIGN_OR_RETURN(
              SqlStatement* const statement,
              connection.Prepare("INSERT INTO schema_migrations (number, "
                                 "title, program) VALUES ($1, $2, $3)"));
          SqlRun run(statement);
          run->BindInteger(1, migration.number);
          run->BindText(2, migration.title);
          run->BindText(3, program);
          return run->Step().status();
        }));
  }
  return absl::OkStatus();
}

absl::Status CheckMigrated(SqlDriver& driver,
                           const std::vector<Migration>& migrations,
                           const std::string& program) {
  int64_t last = 0;
  std::string last_program;
  RETURN_IF_ERROR(driver.Read([&](SqlConnection& connection) {
    return ReadLast(connection, &last, &last_program);
  }));
  if (last == migrations.back().number) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      driver.name(), ": the database has schema ", last, ", written by ",
      last_program, "; this is ", program, ", which reads schema ",
      migrations.back().number, ". Use the program that has served it last"));
}

}  // namespace housecall::store
