// What sql_store.cc asks of a database engine: connections, statements and
// transactions, no more.
#ifndef HOUSECALL_DISPATCHER_STORE_SQL_DRIVER_H_
#define HOUSECALL_DISPATCHER_STORE_SQL_DRIVER_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace housecall::store {

// A prepared statement and one run of it: bind, Step until false, Reset.
//
// Belongs to its connection and is used by one thread at a time. An error of
// binding is returned by the next Step.
class SqlStatement {
 public:
  enum class Type { kNull, kInteger, kReal, kText, kOther };

  virtual ~SqlStatement() = default;

  // The parameter $`index`; the first is 1. Text is borrowed until Reset.
  virtual void BindNull(int index) = 0;
  virtual void BindInteger(int index, int64_t value) = 0;
  virtual void BindReal(int index, double value) = 0;
  virtual void BindText(int index, absl::string_view value) = 0;

  // Runs to the next row of the result; false if there is none.
  virtual absl::StatusOr<bool> Step() = 0;

  // Of the row: the first column is 0. Text lives until the next Step or Reset.
  virtual Type TypeOf(int column) const = 0;
  virtual int64_t Integer(int column) const = 0;
  virtual double Real(int column) const = 0;
  virtual absl::string_view Text(int column) const = 0;

  // Rows that an INSERT, UPDATE or DELETE wrote, after Step returned false.
  virtual int64_t RowsChanged() const = 0;

  // Ends the run. Parameters keep no values.
  virtual void Reset() = 0;
};

// One run of a statement, ended with the scope.
class SqlRun {
 public:
  explicit SqlRun(SqlStatement* statement) : statement_(statement) {}
  ~SqlRun() { statement_->Reset(); }
  SqlRun(const SqlRun&) = delete;
  SqlRun& operator=(const SqlRun&) = delete;

  SqlStatement* operator->() const { return statement_; }
  SqlStatement& operator*() const { return *statement_; }

 private:
  SqlStatement* const statement_;
};

class SqlConnection {
 public:
  virtual ~SqlConnection() = default;

  // The statement for that text, which is prepared once and kept; the
  // connection owns it. It must not be running.
  virtual absl::StatusOr<SqlStatement*> Prepare(const std::string& sql) = 0;

  // Runs statements without parameters and results, separated by semicolons.
  virtual absl::Status RunScript(const std::string& sql) = 0;
};

// A database. Thread-safe.
//
// Errors, besides those of the body: Unavailable (busy, or a disk's failure;
// after a Write the outcome is unknown), ResourceExhausted (disk full, nothing
// was written), PermissionDenied, DataLoss (damaged; names the way back),
// Internal (the statement itself is wrong). Messages name the database.
class SqlDriver {
 public:
  using Body = absl::FunctionRef<absl::Status(SqlConnection&)>;

  virtual ~SqlDriver() = default;

  // Runs the body in a transaction that is durable when this returns Ok, and of
  // which nothing is kept if the body fails. One Write at a time.
  virtual absl::Status Write(Body body) = 0;

  // Runs the body on one consistent state that holds every Write that has
  // returned. It does not wait for a Write under way.
  virtual absl::Status Read(Body body) = 0;

  // The database as messages name it, such as its file.
  virtual const std::string& name() const = 0;
  // How a damaged one is put right, as the end of a message.
  virtual const std::string& way_back() const = 0;
};

}  // namespace housecall::store

#endif  // HOUSECALL_DISPATCHER_STORE_SQL_DRIVER_H_
