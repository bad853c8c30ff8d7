#include "dispatcher/store/sql_store.h"

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/store/batch_rules.h"
#include "dispatcher/store/columns.h"
#include "dispatcher/store/migrations.h"
#include "dispatcher/store/record_codec.h"

namespace housecall::store {

namespace {

constexpr char kProgram[] = "housecall " HOUSECALL_VERSION;
// Old replies are removed that many at a time, so that commits get their turn.
constexpr int kForgetAtOnce = 1000;

// --- Rows -------------------------------------------------------------------

// Binds the fields of one record. Holds the JSON text that is borrowed by the
// statement until the row is written.
class RowBinder {
 public:
  // The center and the fields, from the parameter $1 on.
  template <typename R>
  void Bind(const core::CenterId& center, const R& record,
            SqlStatement& statement) {
    if (json_.size() < ColumnsOf<R>().size()) {
      json_.resize(ColumnsOf<R>().size());
    }
    statement.BindText(1, center.value());
    int index = 1;
    VisitFields(record, [&](const char*, const auto& field) {
      ++index;
      BindField(index, field, statement);
    });
  }

 private:
  template <typename T>
  void BindField(int index, const T& value, SqlStatement& statement) {
    if constexpr (IsOptional<T>) {
      if (value.has_value()) {
        BindField(index, *value, statement);
      } else {
        statement.BindNull(index);
      }
    } else if constexpr (kIsJson<T>) {
      std::string& json = json_[static_cast<size_t>(index) - 2];
      json.clear();
      AppendJson(value, &json);
      statement.BindText(index, json);
    } else if constexpr (std::is_same_v<T, double>) {
      statement.BindReal(index, value);
    } else if constexpr (std::is_same_v<T, absl::Time> ||
                         std::is_same_v<T, absl::Duration>) {
      statement.BindInteger(index, MicrosOf(value));
    } else if constexpr (IsVersion<T>) {
      statement.BindInteger(index, value.number);
    } else if constexpr (std::is_integral_v<T>) {
      statement.BindInteger(index, value);
    } else if constexpr (IsSensitive<T>) {
      statement.BindText(index, value.Reveal());
    } else if constexpr (IsId<T>) {
      statement.BindText(index, value.value());
    } else if constexpr (NamedEnum<T>) {
      statement.BindText(index, NameOf(value));
    } else {
      statement.BindText(index, value);
    }
  }

  std::vector<std::string> json_;
};

bool IntegerFrom(const SqlStatement& row, int column, int64_t low, int64_t high,
                 int64_t* value, DecodeProblem* problem) {
  if (row.TypeOf(column) != SqlStatement::Type::kInteger) {
    return problem->Set("is not an integer");
  }
  *value = row.Integer(column);
  if (*value < low || *value > high) return problem->Set("is out of range");
  return true;
}

bool TextFrom(const SqlStatement& row, int column, absl::string_view* text,
              DecodeProblem* problem) {
  if (row.TypeOf(column) != SqlStatement::Type::kText) {
    return problem->Set("is not text");
  }
  *text = row.Text(column);
  return true;
}

// Reads a column into a default-constructed field. NULL leaves the default: it
// is the none of an optional one, and what rows have in a column that is
// younger than they are.
template <typename T>
bool FieldFrom(const SqlStatement& row, int column, T* value,
               DecodeProblem* problem) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (row.TypeOf(column) == SqlStatement::Type::kNull) return true;
  if constexpr (IsOptional<T>) {
    return FieldFrom(row, column, &value->emplace(), problem);
  } else if constexpr (kIsJson<T>) {
    absl::string_view text;
    if (!TextFrom(row, column, &text, problem)) return false;
    // Most lists and many structs are empty.
    if (text == (IsVector<T> ? "[]" : "{}")) return true;
    return FromJsonText(text, value, problem);
  } else if constexpr (std::is_same_v<T, double>) {
    const SqlStatement::Type type = row.TypeOf(column);
    if (type != SqlStatement::Type::kReal &&
        type != SqlStatement::Type::kInteger) {
      return problem->Set("is not a number");
    }
    *value = row.Real(column);
  } else if constexpr (std::is_same_v<T, bool>) {
    int64_t number = 0;
    if (!IntegerFrom(row, column, 0, 1, &number, problem)) return false;
    *value = number == 1;
  } else if constexpr (std::is_integral_v<T>) {
    int64_t number = 0;
    if (!IntegerFrom(row, column, std::numeric_limits<T>::min(),
                     std::numeric_limits<T>::max(), &number, problem)) {
      return false;
    }
    *value = static_cast<T>(number);
  } else if constexpr (IsVersion<T>) {
    return IntegerFrom(row, column, 0, kMax, &value->number, problem);
  } else if constexpr (std::is_same_v<T, absl::Time>) {
    int64_t micros = 0;
    if (!IntegerFrom(row, column, kMin, kMax, &micros, problem)) return false;
    *value = TimeOf(micros);
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    int64_t micros = 0;
    if (!IntegerFrom(row, column, kMin, kMax, &micros, problem)) return false;
    *value = DurationOf(micros);
  } else {
    absl::string_view text;
    if (!TextFrom(row, column, &text, problem)) return false;
    if constexpr (IsSensitive<T>) {
      value->MutableReveal() = std::string(text);
    } else if constexpr (NamedEnum<T>) {
      const absl::optional<T> found = FromName<T>(text);
      if (!found.has_value()) return problem->Set("is not a name known here");
      *value = *found;
    } else {
      *value = T(text);
    }
  }
  return true;
}

// As FieldFrom, but NULL is a problem, too.
template <typename T>
bool RequiredFrom(const SqlStatement& row, int column, absl::string_view name,
                  T* value, DecodeProblem* problem) {
  if (row.TypeOf(column) == SqlStatement::Type::kNull) {
    problem->Set("is NULL");
    return problem->Within(name);
  }
  return FieldFrom(row, column, value, problem) || problem->Within(name);
}

// --- Statements -------------------------------------------------------------

template <typename R>
std::string NamesOfColumns() {
  return absl::StrJoin(ColumnsOf<R>(), ", ",
                       [](std::string* out, const Column& column) {
                         absl::StrAppend(out, column.name);
                       });
}

// The parameter of UpsertSql after those that RowBinder binds: an etag that the
// row must be below to be replaced.
template <typename R>
int EtagLimitIndex() {
  return static_cast<int>(ColumnsOf<R>().size()) + 2;
}

template <typename R>
const std::string& UpsertSql() {
  static const auto* const sql = [] {
    std::string values = "$1";
    std::string update;
    int index = 1;
    for (const Column& column : ColumnsOf<R>()) {
      absl::StrAppend(&values, ", $", ++index);
      if (column.name == "id") continue;
      absl::StrAppend(&update, update.empty() ? "" : ", ", column.name,
                      " = excluded.", column.name);
    }
    return new std::string(absl::StrCat(
        "INSERT INTO ", TableOf<R>(), " (center, ", NamesOfColumns<R>(),
        ") VALUES (", values, ") ON CONFLICT (center, id) DO UPDATE SET ",
        update, " WHERE ", TableOf<R>(), ".etag < $", EtagLimitIndex<R>()));
  }();
  return *sql;
}

// Rows of one center, $1, by id. `condition` may use $2.
template <typename R>
std::string SelectSql(absl::string_view condition) {
  return absl::StrCat("SELECT ", NamesOfColumns<R>(), " FROM ", TableOf<R>(),
                      " WHERE center = $1", condition.empty() ? "" : " AND ",
                      condition, " ORDER BY id");
}

// "'CLOSED', 'MERGED', 'CANCELLED'": what schema.sql's index of open calls
// says.
const std::string& StatesThatAreOver() {
  static const auto* const states = [] {
    auto* text = new std::string;
    for (core::CallState state : AllValues<core::CallState>()) {
      if (!core::IsOver(state)) continue;
      absl::StrAppend(text, text->empty() ? "'" : ", '", NameOf(state), "'");
    }
    return text;
  }();
  return *states;
}

// The ids of the calls that Load brings: those of the center $1 that still
// concern somebody, or were closed at $2 or later.
const std::string& LoadedCallsSql() {
  static const auto* const sql = new std::string(absl::StrCat(
      "SELECT id FROM calls WHERE center = $1 AND state NOT IN (",
      StatesThatAreOver(),
      ") UNION SELECT id FROM calls WHERE center = $1 AND close_time IS NULL "
      "UNION SELECT id FROM calls WHERE center = $1 AND close_time >= $2 "
      "UNION SELECT call FROM deliveries WHERE center = $1 AND "
      "state <> 'RECEIVED' AND call <> '' "
      "UNION SELECT call FROM tasks WHERE center = $1 AND resolved IS NULL "
      "AND call <> '' "
      // Those that share a trip with an open one.
      "UNION SELECT other.call FROM calls "
      "JOIN assignment_calls AS own "
      "ON own.center = calls.center AND own.call = calls.id "
      "JOIN assignment_calls AS other "
      "ON other.center = own.center AND other.assignment = own.assignment "
      "WHERE calls.center = $1 AND calls.state NOT IN (",
      StatesThatAreOver(), ")"));
  return *sql;
}

// What Load brings of each kind, as a condition. $2 is `closed_after`.
template <typename R>
std::string LoadCondition() {
  const std::string& calls = LoadedCallsSql();
  if constexpr (std::is_same_v<R, core::Session>) {
    return "revoked = FALSE AND expire_time >= $2";
  } else if constexpr (std::is_same_v<R, core::Call>) {
    return absl::StrCat("id IN (", calls, ")");
  } else if constexpr (std::is_same_v<R, core::Offer>) {
    return absl::StrCat(
        "id IN (SELECT offer FROM offer_calls WHERE center = $1 AND call IN (",
        calls, "))");
  } else if constexpr (std::is_same_v<R, core::Assignment>) {
    return absl::StrCat(
        "id IN (SELECT assignment FROM assignment_calls WHERE center = $1 AND "
        "call IN (",
        calls, "))");
  } else if constexpr (std::is_same_v<R, core::Task>) {
    return absl::StrCat(
        "(resolved IS NULL OR (call = '' AND raise_time >= $2) OR "
        "(call <> '' AND call IN (",
        calls, ")))");
  } else if constexpr (std::is_same_v<R, core::Visit> ||
                       std::is_same_v<R, core::Match> ||
                       std::is_same_v<R, core::Note> ||
                       std::is_same_v<R, core::Delivery>) {
    return absl::StrCat("call IN (", calls, ")");
  } else {
    return "";
  }
}

// What ReadCall brings of a kind that hangs on calls, as a condition. $2 is the
// call.
template <typename R>
std::string CallCondition() {
  if constexpr (std::is_same_v<R, core::Call>) {
    return "id = $2";
  } else if constexpr (std::is_same_v<R, core::Offer>) {
    return "id IN (SELECT offer FROM offer_calls WHERE center = $1 AND "
           "call = $2)";
  } else if constexpr (std::is_same_v<R, core::Assignment>) {
    return "id IN (SELECT assignment FROM assignment_calls WHERE center = $1 "
           "AND call = $2)";
  } else {
    return "call = $2";
  }
}

constexpr char kJournalColumns[] =
    "SELECT sequence, time, kind, call, actor_account, actor_person, "
    "actor_organization, actor_roles, records FROM journal WHERE center = $1 ";

// --- The store --------------------------------------------------------------

class SqlStore final : public Store {
 public:
  explicit SqlStore(std::unique_ptr<SqlDriver> driver)
      : driver_(std::move(driver)) {}

  // Returns FailedPrecondition if a table lacks a column.
  absl::Status CheckTables();

  absl::StatusOr<std::vector<core::CenterId>> ListCenters() override;
  absl::StatusOr<Snapshot> Load(const core::CenterId& center,
                                absl::Time closed_after) override;
  absl::StatusOr<int64_t> CurrentVersion(const core::CenterId& center) override;
  absl::StatusOr<std::optional<Reply>> FindReply(
      const core::CenterId& center, const std::string& request_id) override;
  absl::Status Commit(const Batch& batch, int64_t expected_version) override;
  absl::StatusOr<std::vector<JournalEntry>> ReadJournal(
      const core::CenterId& center, int64_t after, int limit) override;
  absl::StatusOr<std::vector<JournalEntry>> ReadCallJournal(
      const core::CenterId& center, const core::CallId& call, int64_t after,
      int limit) override;
  absl::StatusOr<std::vector<core::Record>> ReadCall(
      const core::CenterId& center, const core::CallId& call) override;
  absl::StatusOr<std::vector<core::Call>> ListPastCalls(
      const core::CenterId& center, const core::CallId& before,
      int limit) override;
  absl::StatusOr<std::vector<LeasedMessage>> LeaseOutbox(absl::Time now,
                                                         absl::Duration lease,
                                                         int limit) override;
  absl::StatusOr<absl::Time> NextOutboxTime() override;
  absl::Status ForgetReplies(absl::Time before) override;

 private:
  // What was found in `where` ("table calls, center hino, id c1").
  absl::Status Damaged(absl::string_view where,
                       const DecodeProblem& problem) const {
    return absl::DataLossError(absl::StrCat(
        driver_->name(), ": ", where, ": ", Describe(problem),
        ". Another version of the program wrote it, or a hand, or it is "
        "damaged. ",
        driver_->way_back()));
  }

  // 0 and 0 for a center without any commit.
  absl::Status ReadVersion(SqlConnection& connection,
                           const core::CenterId& center, int64_t* version,
                           int64_t* sequence) const;

  // Calls `sink(record)` for each row of a SELECT of all columns of R, whose
  // parameters are bound.
  template <typename R, typename Sink>
  absl::Status ReadRows(SqlStatement& rows, const core::CenterId& center,
                        Sink&& sink) const;

  absl::Status ReadEntries(SqlStatement& rows, const core::CenterId& center,
                           std::vector<JournalEntry>* entries) const;

  absl::Status WriteVersion(SqlConnection& connection, const Batch& batch,
                            int64_t expected_version) const;
  // `etag_limits`: of each record (EtagLimits).
  absl::Status WriteRecords(SqlConnection& connection, const Batch& batch,
                            const std::vector<int64_t>& etag_limits) const;
  // Links a trip's record with its calls anew.
  absl::Status WriteLinks(SqlConnection& connection,
                          const core::CenterId& center, const char* table,
                          const char* column, const std::string& id,
                          const std::vector<core::CallId>& calls) const;
  // `records` and `roles` are each entry's as JSON.
  absl::Status WriteJournal(SqlConnection& connection, const Batch& batch,
                            const std::vector<std::string>& records,
                            const std::vector<std::string>& roles) const;
  absl::Status WriteReplies(SqlConnection& connection,
                            const Batch& batch) const;
  absl::Status WriteOutbox(SqlConnection& connection, const Batch& batch) const;

  const std::unique_ptr<SqlDriver> driver_;
};

absl::Status SqlStore::CheckTables() {
  return driver_->Read([&](SqlConnection& connection) -> absl::Status {
    absl::Status status;
    const auto check = [&](const std::string& sql) {
      if (!status.ok()) return;
      status = connection.Prepare(sql).status();
      if (absl::IsInternal(status)) {
        status = absl::FailedPreconditionError(absl::StrCat(
            status.message(), ". The tables are not what they should be: ",
            "something else has changed them. ", driver_->way_back()));
      }
    };
    ForEachKind([&]<typename R>(std::type_identity<R>) {
      check(SelectSql<R>(LoadCondition<R>()));
    });
    check("SELECT center, version, sequence FROM centers_version");
    check(kJournalColumns);
    check(
        "SELECT center, request_id, fingerprint, subject, time, sequence FROM "
        "replies");
    check("SELECT center, id, channel, send_time, free_time FROM outbox");
    return status;
  });
}

absl::Status SqlStore::ReadVersion(SqlConnection& connection,
                                   const core::CenterId& center,
                                   int64_t* version, int64_t* sequence) const {
  ASSIGN_OR_RETURN(SqlStatement* const statement,
                   connection.Prepare("SELECT version, sequence FROM "
                                      "centers_version WHERE center = $1"));
  SqlRun run(statement);
  run->BindText(1, center.value());
  ASSIGN_OR_RETURN(const bool found, run->Step());
  *version = 0;
  *sequence = 0;
  DecodeProblem problem;
  if (found && (!RequiredFrom(*run, 0, "version", version, &problem) ||
                !RequiredFrom(*run, 1, "sequence", sequence, &problem))) {
    return Damaged(
        absl::StrCat("table centers_version, center ", center.value()),
        problem);
  }
  return absl::OkStatus();
}

template <typename R, typename Sink>
absl::Status SqlStore::ReadRows(SqlStatement& rows,
                                const core::CenterId& center,
                                Sink&& sink) const {
  while (true) {
    ASSIGN_OR_RETURN(const bool found, rows.Step());
    if (!found) return absl::OkStatus();
    R record;
    DecodeProblem problem;
    bool ok = true;
    int column = 0;
    VisitFields(record, [&](const char* name, auto& field) {
      if (ok) {
        ok = FieldFrom(rows, column, &field, &problem) || problem.Within(name);
      }
      ++column;
    });
    if (!ok) {
      return Damaged(absl::StrCat("table ", TableOf<R>(), ", center ",
                                  center.value(), ", id ", record.id.value()),
                     problem);
    }
    sink(std::move(record));
  }
}

absl::Status SqlStore::ReadEntries(SqlStatement& rows,
                                   const core::CenterId& center,
                                   std::vector<JournalEntry>* entries) const {
  while (true) {
    ASSIGN_OR_RETURN(const bool found, rows.Step());
    if (!found) return absl::OkStatus();
    JournalEntry entry;
    core::Event& event = entry.event;
    core::Actor& actor = event.actor;
    DecodeProblem problem;
    const bool ok =
        RequiredFrom(rows, 0, "sequence", &entry.sequence, &problem) &&
        RequiredFrom(rows, 1, "time", &event.time, &problem) &&
        RequiredFrom(rows, 2, "kind", &event.kind, &problem) &&
        RequiredFrom(rows, 3, "call", &event.call, &problem) &&
        RequiredFrom(rows, 4, "actor_account", &actor.account, &problem) &&
        RequiredFrom(rows, 5, "actor_person", &actor.person, &problem) &&
        RequiredFrom(rows, 6, "actor_organization", &actor.organization,
                     &problem) &&
        RequiredFrom(rows, 7, "actor_roles", &actor.roles, &problem) &&
        RequiredFrom(rows, 8, "records", &event.records, &problem);
    if (!ok) {
      return Damaged(absl::StrCat("table journal, center ", center.value(),
                                  ", sequence ", entry.sequence),
                     problem);
    }
    entries->push_back(std::move(entry));
  }
}

absl::StatusOr<std::vector<core::CenterId>> SqlStore::ListCenters() {
  std::vector<core::CenterId> centers;
  RETURN_IF_ERROR(driver_->Read([&](SqlConnection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(SqlStatement* const statement,
                     connection.Prepare(
                         "SELECT center FROM centers_version ORDER BY center"));
    SqlRun run(statement);
    while (true) {
      ASSIGN_OR_RETURN(const bool found, run->Step());
      if (!found) return absl::OkStatus();
      centers.emplace_back(run->Text(0));
    }
  }));
  return centers;
}

absl::StatusOr<Snapshot> SqlStore::Load(const core::CenterId& center,
                                        absl::Time closed_after) {
  Snapshot snapshot;
  RETURN_IF_ERROR(driver_->Read([&](SqlConnection& connection) -> absl::Status {
    RETURN_IF_ERROR(
        ReadVersion(connection, center, &snapshot.version, &snapshot.sequence));
    absl::Status status;
    const auto load = [&]<typename R>() -> absl::Status {
      const std::string condition = LoadCondition<R>();
      ASSIGN_OR_RETURN(SqlStatement* const statement,
                       connection.Prepare(SelectSql<R>(condition)));
      SqlRun run(statement);
      run->BindText(1, center.value());
      if (!condition.empty()) run->BindInteger(2, MicrosOf(closed_after));
      return ReadRows<R>(*run, center, [&snapshot](R record) {
        snapshot.board.Put(std::move(record));
      });
    };
    ForEachKind([&]<typename R>(std::type_identity<R>) {
      if (status.ok()) status = load.template operator()<R>();
    });
    return status;
  }));
  return snapshot;
}

absl::StatusOr<int64_t> SqlStore::CurrentVersion(const core::CenterId& center) {
  int64_t version = 0;
  int64_t sequence = 0;
  RETURN_IF_ERROR(driver_->Read([&](SqlConnection& connection) {
    return ReadVersion(connection, center, &version, &sequence);
  }));
  return version;
}

absl::StatusOr<std::optional<Reply>> SqlStore::FindReply(
    const core::CenterId& center, const std::string& request_id) {
  std::optional<Reply> reply;
  RETURN_IF_ERROR(driver_->Read([&](SqlConnection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(
        SqlStatement* const statement,
        connection.Prepare("SELECT fingerprint, subject, time, sequence FROM "
                           "replies WHERE center = $1 AND request_id = $2"));
    SqlRun run(statement);
    run->BindText(1, center.value());
    run->BindText(2, request_id);
    ASSIGN_OR_RETURN(const bool found, run->Step());
    if (!found) return absl::OkStatus();
    reply.emplace();
    reply->request_id = request_id;
    std::string subject;
    DecodeProblem problem;
    bool ok =
        RequiredFrom(*run, 0, "fingerprint", &reply->fingerprint, &problem) &&
        RequiredFrom(*run, 1, "subject", &subject, &problem) &&
        RequiredFrom(*run, 2, "time", &reply->time, &problem) &&
        (FieldFrom(*run, 3, &reply->sequence, &problem) ||
         problem.Within("sequence"));
    if (ok && !ParseSubject(subject, &reply->subject)) {
      problem.Set("is no resource known here");
      ok = problem.Within("subject");
    }
    if (!ok) {
      return Damaged(absl::StrCat("table replies, center ", center.value(),
                                  ", request_id ", request_id),
                     problem);
    }
    return absl::OkStatus();
  }));
  return reply;
}

absl::Status SqlStore::Commit(const Batch& batch, int64_t expected_version) {
  RETURN_IF_ERROR(CheckBatch(batch));
  // Before the writer is taken, which other centers may be waiting for.
  const std::vector<int64_t> etag_limits = EtagLimits(batch);
  std::vector<std::string> records;
  std::vector<std::string> roles;
  for (const JournalEntry& entry : batch.journal) {
    records.push_back(ToJson(entry.event.records));
    roles.push_back(ToJson(entry.event.actor.roles));
  }
  return driver_->Write([&](SqlConnection& connection) -> absl::Status {
    RETURN_IF_ERROR(WriteVersion(connection, batch, expected_version));
    RETURN_IF_ERROR(WriteRecords(connection, batch, etag_limits));
    RETURN_IF_ERROR(WriteJournal(connection, batch, records, roles));
    RETURN_IF_ERROR(WriteReplies(connection, batch));
    return WriteOutbox(connection, batch);
  });
}

absl::Status SqlStore::WriteVersion(SqlConnection& connection,
                                    const Batch& batch,
                                    int64_t expected_version) const {
  int64_t version = 0;
  int64_t sequence = 0;
  RETURN_IF_ERROR(ReadVersion(connection, batch.center, &version, &sequence));
  const auto stale = [&] {
    return absl::AbortedError(
        absl::StrCat("center ", batch.center.value(), " is not at version ",
                     expected_version, " any more; load it again"));
  };
  if (version != expected_version) return stale();
  RETURN_IF_ERROR(CheckSequence(batch, sequence));
  // The condition fences a database where others may write in between.
  ASSIGN_OR_RETURN(
      SqlStatement* const statement,
      connection.Prepare(
          version == 0
              ? "INSERT INTO centers_version (center, version, sequence) "
                "VALUES ($1, $2 + 1, $3) ON CONFLICT (center) DO NOTHING"
              : "UPDATE centers_version SET version = $2 + 1, sequence = $3 "
                "WHERE center = $1 AND version = $2"));
  SqlRun run(statement);
  run->BindText(1, batch.center.value());
  run->BindInteger(2, version);
  run->BindInteger(3, sequence + static_cast<int64_t>(batch.journal.size()));
  RETURN_IF_ERROR(run->Step().status());
  return run->RowsChanged() == 1 ? absl::OkStatus() : stale();
}

absl::Status SqlStore::WriteRecords(
    SqlConnection& connection, const Batch& batch,
    const std::vector<int64_t>& etag_limits) const {
  RowBinder binder;
  for (size_t i = 0; i < batch.records.size(); ++i) {
    const core::Record& record = batch.records[i];
    RETURN_IF_ERROR(std::visit(
        [&](const auto& r) -> absl::Status {
          using R = std::decay_t<decltype(r)>;
          {
            ASSIGN_OR_RETURN(SqlStatement* const statement,
                             connection.Prepare(UpsertSql<R>()));
            SqlRun run(statement);
            binder.Bind(batch.center, r, *run);
            run->BindInteger(EtagLimitIndex<R>(), etag_limits[i]);
            RETURN_IF_ERROR(run->Step().status());
            if (run->RowsChanged() != 1) return IdIsTaken(record);
          }
          if constexpr (std::is_same_v<R, core::Offer>) {
            return WriteLinks(connection, batch.center, "offer_calls", "offer",
                              r.id.value(), CallsOf(r));
          } else if constexpr (std::is_same_v<R, core::Assignment>) {
            return WriteLinks(connection, batch.center, "assignment_calls",
                              "assignment", r.id.value(), CallsOf(r));
          } else {
            return absl::OkStatus();
          }
        },
        record));
  }
  return absl::OkStatus();
}

absl::Status SqlStore::WriteLinks(
    SqlConnection& connection, const core::CenterId& center, const char* table,
    const char* column, const std::string& id,
    const std::vector<core::CallId>& calls) const {
  {
    ASSIGN_OR_RETURN(SqlStatement* const statement,
                     connection.Prepare(absl::StrCat("DELETE FROM ", table,
                                                     " WHERE center = $1 AND ",
                                                     column, " = $2")));
    SqlRun run(statement);
    run->BindText(1, center.value());
    run->BindText(2, id);
    RETURN_IF_ERROR(run->Step().status());
  }
  for (const core::CallId& call : calls) {
    ASSIGN_OR_RETURN(SqlStatement* const statement,
                     connection.Prepare(
                         absl::StrCat("INSERT INTO ", table, " (center, ",
                                      column, ", call) VALUES ($1, $2, $3)")));
    SqlRun run(statement);
    run->BindText(1, center.value());
    run->BindText(2, id);
    run->BindText(3, call.value());
    RETURN_IF_ERROR(run->Step().status());
  }
  return absl::OkStatus();
}

absl::Status SqlStore::WriteJournal(
    SqlConnection& connection, const Batch& batch,
    const std::vector<std::string>& records,
    const std::vector<std::string>& roles) const {
  for (size_t i = 0; i < batch.journal.size(); ++i) {
    const JournalEntry& entry = batch.journal[i];
    const core::Event& event = entry.event;
    ASSIGN_OR_RETURN(
        SqlStatement* const statement,
        connection.Prepare(
            "INSERT INTO journal (center, sequence, time, kind, call, "
            "actor_account, actor_person, actor_organization, actor_roles, "
            "records) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
            "ON CONFLICT (center, sequence) DO NOTHING"));
    SqlRun run(statement);
    run->BindText(1, batch.center.value());
    run->BindInteger(2, entry.sequence);
    run->BindInteger(3, MicrosOf(event.time));
    run->BindText(4, NameOf(event.kind));
    run->BindText(5, event.call.value());
    run->BindText(6, event.actor.account.value());
    run->BindText(7, event.actor.person.value());
    run->BindText(8, event.actor.organization.value());
    run->BindText(9, roles[i]);
    run->BindText(10, records[i]);
    RETURN_IF_ERROR(run->Step().status());
    if (run->RowsChanged() != 1) {
      DecodeProblem problem;
      problem.Set("is already there, ahead of table centers_version");
      return Damaged(
          absl::StrCat("table journal, center ", batch.center.value(),
                       ", sequence ", entry.sequence),
          problem);
    }
  }
  return absl::OkStatus();
}

absl::Status SqlStore::WriteReplies(SqlConnection& connection,
                                    const Batch& batch) const {
  for (const Reply& reply : batch.replies) {
    ASSIGN_OR_RETURN(
        SqlStatement* const statement,
        connection.Prepare(
            "INSERT INTO replies (center, request_id, fingerprint, subject, "
            "time, sequence) VALUES ($1, $2, $3, $4, $5, $6) "
            "ON CONFLICT (center, request_id) DO NOTHING"));
    const std::string subject = SubjectText(reply.subject);
    SqlRun run(statement);
    run->BindText(1, batch.center.value());
    run->BindText(2, reply.request_id);
    run->BindText(3, reply.fingerprint);
    run->BindText(4, subject);
    run->BindInteger(5, MicrosOf(reply.time));
    if (reply.sequence.has_value()) {
      run->BindInteger(6, *reply.sequence);
    } else {
      run->BindNull(6);
    }
    RETURN_IF_ERROR(run->Step().status());
    if (run->RowsChanged() != 1) {
      return absl::AlreadyExistsError(absl::StrCat(
          "request_id ", reply.request_id, " has been answered before"));
    }
  }
  return absl::OkStatus();
}

absl::Status SqlStore::WriteOutbox(SqlConnection& connection,
                                   const Batch& batch) const {
  for (const core::DeliveryId& id : batch.outbox.remove) {
    ASSIGN_OR_RETURN(
        SqlStatement* const statement,
        connection.Prepare("DELETE FROM outbox WHERE center = $1 AND id = $2"));
    SqlRun run(statement);
    run->BindText(1, batch.center.value());
    run->BindText(2, id.value());
    RETURN_IF_ERROR(run->Step().status());
  }
  for (const core::OutboxMessage& message : batch.outbox.put) {
    ASSIGN_OR_RETURN(
        SqlStatement* const statement,
        connection.Prepare(
            "INSERT INTO outbox (center, id, channel, send_time, free_time) "
            "VALUES ($1, $2, $3, $4, $4) ON CONFLICT (center, id) DO UPDATE "
            "SET channel = excluded.channel, send_time = excluded.send_time, "
            "free_time = excluded.free_time"));
    SqlRun run(statement);
    run->BindText(1, batch.center.value());
    run->BindText(2, message.id.value());
    run->BindText(3, NameOf(message.channel));
    run->BindInteger(4, MicrosOf(message.send_time));
    RETURN_IF_ERROR(run->Step().status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<JournalEntry>> SqlStore::ReadJournal(
    const core::CenterId& center, int64_t after, int limit) {
  std::vector<JournalEntry> entries;
  if (limit <= 0) return entries;
  RETURN_IF_ERROR(driver_->Read([&](SqlConnection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(
        SqlStatement* const statement,
        connection.Prepare(absl::StrCat(
            kJournalColumns, "AND sequence > $2 ORDER BY sequence LIMIT $3")));
    SqlRun run(statement);
    run->BindText(1, center.value());
    run->BindInteger(2, after);
    run->BindInteger(3, limit);
    return ReadEntries(*run, center, &entries);
  }));
  // An entry that was taken out is found by the gap it leaves.
  int64_t expected = std::max<int64_t>(after, 0);
  for (const JournalEntry& entry : entries) {
    if (entry.sequence != ++expected) {
      DecodeProblem problem;
      problem.Set("is missing");
      return Damaged(absl::StrCat("table journal, center ", center.value(),
                                  ", sequence ", expected),
                     problem);
    }
  }
  return entries;
}

absl::StatusOr<std::vector<JournalEntry>> SqlStore::ReadCallJournal(
    const core::CenterId& center, const core::CallId& call, int64_t after,
    int limit) {
  std::vector<JournalEntry> entries;
  if (limit <= 0) return entries;
  RETURN_IF_ERROR(driver_->Read([&](SqlConnection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(
        SqlStatement* const statement,
        connection.Prepare(absl::StrCat(
            kJournalColumns,
            "AND call = $2 AND sequence > $3 ORDER BY sequence LIMIT $4")));
    SqlRun run(statement);
    run->BindText(1, center.value());
    run->BindText(2, call.value());
    run->BindInteger(3, after);
    run->BindInteger(4, limit);
    return ReadEntries(*run, center, &entries);
  }));
  return entries;
}

absl::StatusOr<std::vector<core::Record>> SqlStore::ReadCall(
    const core::CenterId& center, const core::CallId& call) {
  std::vector<core::Record> records;
  RETURN_IF_ERROR(driver_->Read([&](SqlConnection& connection) -> absl::Status {
    const auto read = [&]<typename R>() -> absl::Status {
      ASSIGN_OR_RETURN(SqlStatement* const statement,
                       connection.Prepare(SelectSql<R>(CallCondition<R>())));
      SqlRun run(statement);
      run->BindText(1, center.value());
      run->BindText(2, call.value());
      return ReadRows<R>(*run, center, [&records](R record) {
        records.emplace_back(std::move(record));
      });
    };
    RETURN_IF_ERROR(read.template operator()<core::Call>());
    if (records.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(read.template operator()<core::Offer>());
    RETURN_IF_ERROR(read.template operator()<core::Assignment>());
    RETURN_IF_ERROR(read.template operator()<core::Visit>());
    RETURN_IF_ERROR(read.template operator()<core::Match>());
    RETURN_IF_ERROR(read.template operator()<core::Note>());
    RETURN_IF_ERROR(read.template operator()<core::Delivery>());
    return read.template operator()<core::Task>();
  }));
  return records;
}

absl::StatusOr<std::vector<core::Call>> SqlStore::ListPastCalls(
    const core::CenterId& center, const core::CallId& before, int limit) {
  std::vector<core::Call> calls;
  if (limit <= 0) return calls;
  const std::string select = absl::StrCat(
      "SELECT ", NamesOfColumns<core::Call>(),
      " FROM calls WHERE center = $1 AND state IN (", StatesThatAreOver(), ")");
  RETURN_IF_ERROR(driver_->Read([&](SqlConnection& connection) -> absl::Status {
    int64_t before_time = 0;
    if (!before.empty()) {
      ASSIGN_OR_RETURN(
          SqlStatement* const statement,
          connection.Prepare("SELECT receive_time FROM calls WHERE center = $1 "
                             "AND id = $2"));
      SqlRun run(statement);
      run->BindText(1, center.value());
      run->BindText(2, before.value());
      ASSIGN_OR_RETURN(const bool found, run->Step());
      if (!found) {
        return absl::NotFoundError(
            absl::StrCat("calls/", before.value(), " is not known"));
      }
      before_time = run->Integer(0);
    }
    ASSIGN_OR_RETURN(
        SqlStatement* const statement,
        connection.Prepare(absl::StrCat(
            select, before.empty() ? "" : " AND (receive_time, id) < ($3, $4)",
            " ORDER BY receive_time DESC, id DESC LIMIT $2")));
    SqlRun run(statement);
    run->BindText(1, center.value());
    run->BindInteger(2, limit);
    if (!before.empty()) {
      run->BindInteger(3, before_time);
      run->BindText(4, before.value());
    }
    return ReadRows<core::Call>(*run, center, [&calls](core::Call call) {
      calls.push_back(std::move(call));
    });
  }));
  return calls;
}

absl::StatusOr<std::vector<LeasedMessage>> SqlStore::LeaseOutbox(
    absl::Time now, absl::Duration lease, int limit) {
  std::vector<LeasedMessage> messages;
  if (limit <= 0) return messages;
  RETURN_IF_ERROR(
      driver_->Write([&](SqlConnection& connection) -> absl::Status {
        messages.clear();
        {
          ASSIGN_OR_RETURN(
              SqlStatement* const statement,
              connection.Prepare(
                  "SELECT center, id, channel, send_time FROM outbox WHERE "
                  "free_time <= $1 ORDER BY free_time, center, id LIMIT $2"));
          SqlRun run(statement);
          run->BindInteger(1, MicrosOf(now));
          run->BindInteger(2, limit);
          while (true) {
            ASSIGN_OR_RETURN(const bool found, run->Step());
            if (!found) break;
            LeasedMessage leased;
            core::OutboxMessage& message = leased.message;
            DecodeProblem problem;
            if (!RequiredFrom(*run, 0, "center", &leased.center, &problem) ||
                !RequiredFrom(*run, 1, "id", &message.id, &problem) ||
                !RequiredFrom(*run, 2, "channel", &message.channel, &problem) ||
                !RequiredFrom(*run, 3, "send_time", &message.send_time,
                              &problem)) {
              return Damaged(
                  absl::StrCat("table outbox, center ", leased.center.value(),
                               ", id ", message.id.value()),
                  problem);
            }
            messages.push_back(std::move(leased));
          }
        }
        for (const LeasedMessage& leased : messages) {
          ASSIGN_OR_RETURN(
              SqlStatement* const statement,
              connection.Prepare("UPDATE outbox SET free_time = $3 WHERE "
                                 "center = $1 AND id = $2"));
          SqlRun run(statement);
          run->BindText(1, leased.center.value());
          run->BindText(2, leased.message.id.value());
          run->BindInteger(3, MicrosOf(now + lease));
          RETURN_IF_ERROR(run->Step().status());
        }
        return absl::OkStatus();
      }));
  return messages;
}

absl::StatusOr<absl::Time> SqlStore::NextOutboxTime() {
  absl::Time time = absl::InfiniteFuture();
  RETURN_IF_ERROR(driver_->Read([&](SqlConnection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(SqlStatement* const statement,
                     connection.Prepare("SELECT MIN(free_time) FROM outbox"));
    SqlRun run(statement);
    RETURN_IF_ERROR(run->Step().status());
    DecodeProblem problem;
    if (!FieldFrom(*run, 0, &time, &problem)) {
      problem.Within("free_time");
      return Damaged("table outbox", problem);
    }
    return absl::OkStatus();
  }));
  return time;
}

absl::Status SqlStore::ForgetReplies(absl::Time before) {
  int64_t removed = kForgetAtOnce;
  while (removed == kForgetAtOnce) {
    RETURN_IF_ERROR(
        driver_->Write([&](SqlConnection& connection) -> absl::Status {
          ASSIGN_OR_RETURN(
              SqlStatement* const statement,
              connection.Prepare(
                  "DELETE FROM replies WHERE (center, request_id) IN (SELECT "
                  "center, request_id FROM replies WHERE time < $1 "
                  "ORDER BY time LIMIT $2)"));
          SqlRun run(statement);
          run->BindInteger(1, MicrosOf(before));
          run->BindInteger(2, kForgetAtOnce);
          RETURN_IF_ERROR(run->Step().status());
          removed = run->RowsChanged();
          return absl::OkStatus();
        }));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqlStore(
    std::unique_ptr<SqlDriver> driver) {
  ASSIGN_OR_RETURN(const std::vector<Migration> migrations,
                   ParseMigrations(SchemaText()));
  RETURN_IF_ERROR(Migrate(*driver, migrations, kProgram));
  auto store = std::make_unique<SqlStore>(std::move(driver));
  RETURN_IF_ERROR(store->CheckTables());
  return std::unique_ptr<Store>(std::move(store));
}

absl::StatusOr<std::unique_ptr<Store>> OpenSqlStoreForReading(
    std::unique_ptr<SqlDriver> driver) {
  ASSIGN_OR_RETURN(const std::vector<Migration> migrations,
                   ParseMigrations(SchemaText()));
  RETURN_IF_ERROR(CheckMigrated(*driver, migrations, kProgram));
  auto store = std::make_unique<SqlStore>(std::move(driver));
  RETURN_IF_ERROR(store->CheckTables());
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace housecall::store
