#include "dispatcher/store/sqlite_driver.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/mutex.h"
#include "dispatcher/base/status_macros.h"

namespace housecall::store {

namespace {

// In the file's header, so that another program's database is recognized:
// "HCal".
constexpr int64_t kApplicationId = 0x4843616c;
constexpr absl::string_view kFileHeader("SQLite format 3\0", 16);
constexpr mode_t kFileMode = 0600;
// After a burst the log is cut back to this.
constexpr int kLogBytes = 16 << 20;
constexpr int kCacheKibibytes = 8 << 10;

bool IsNoSpace(int error_number) {
  // EFBIG: the limit of a file's size, which is the same to whoever writes.
  return error_number == ENOSPC || error_number == EDQUOT ||
         error_number == EFBIG;
}

// What to do about an error of the operating system on `path`.
absl::Status SystemError(const std::string& path, absl::string_view doing,
                         int error_number) {
  const std::string what =
      absl::StrCat(path, ": cannot ", doing, ": ", std::strerror(error_number));
  switch (error_number) {
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(absl::StrCat(
          what,
          ". Give the user that runs the program the right to write the "
          "file and its folder (chown, chmod)"));
    case EROFS:
      return absl::PermissionDeniedError(absl::StrCat(
          what, ". Mount the file system for writing, or name another file"));
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(
          absl::StrCat(what, ". Make the folder, or name another file"));
    case EISDIR:
      return absl::FailedPreconditionError(
          absl::StrCat(what, ". Name a file in it"));
    default:
      if (IsNoSpace(error_number)) {
        return absl::ResourceExhaustedError(
            absl::StrCat(what, ". Nothing was written. Make room on the disk"));
      }
      return absl::UnavailableError(
          absl::StrCat(what, ". Look at the disk (dmesg), then try again"));
  }
}

// Everything that SQLite's errors have to say about one file. Immutable.
class SqliteFile {
 public:
  explicit SqliteFile(std::string path)
      : path_(std::move(path)),
        way_back_(absl::StrCat(
            "Put back the last backup: stop housecalld, move ", path_, ", ",
            path_, "-wal and ", path_,
            "-shm to another disk and keep them, run `housecalld restore "
            "--from=BACKUPS --db=",
            path_,
            " --journal=THE_MOVED_FILE`, start housecalld, and enter by hand "
            "what came later")) {}

  const std::string& path() const { return path_; }
  const std::string& way_back() const { return way_back_; }

  absl::Status Damaged(absl::string_view why) const {
    return absl::DataLossError(absl::StrCat(
        path_, ": the database is damaged (", why, "). ", way_back_));
  }

  // `database` may be null. `code` is SQLite's extended one, `system_error` the
  // errno that it left behind, or 0.
  absl::Status Error(sqlite3* database, int code, int system_error,
                     absl::string_view doing) const {
    const std::string message =
        database == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(database);
    const std::string what = absl::StrCat(path_, ": cannot ", doing, ": ",
                                          message, " (SQLite ", code, ")");
    switch (code & 0xFF) {
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
      case SQLITE_PROTOCOL:
        return absl::UnavailableError(
            absl::StrCat(what, ". Another program holds the file; `fuser -v ",
                         path_, "` names it. It is tried again"));
      case SQLITE_FULL:
        return NoSpace(what);
      case SQLITE_NOMEM:
        return absl::ResourceExhaustedError(absl::StrCat(
            what, ". Nothing was written. The machine lacks memory"));
      case SQLITE_READONLY:
      case SQLITE_PERM:
      case SQLITE_AUTH:
        return absl::PermissionDeniedError(absl::StrCat(
            what,
            ". Give the user that runs the program the right to write "
            "the file and its folder (chown, chmod)"));
      case SQLITE_CANTOPEN:
        return SystemError(path_, doing,
                           system_error == 0 ? EACCES : system_error);
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
      case SQLITE_FORMAT:
        return Damaged(message);
      case SQLITE_IOERR:
        // All was written when a sync fails, and may or may not stay.
        if (IsNoSpace(system_error) && code != SQLITE_IOERR_FSYNC &&
            code != SQLITE_IOERR_DIR_FSYNC) {
          return NoSpace(what);
        }
        return absl::UnavailableError(absl::StrCat(
            what, ", ", std::strerror(system_error),
            ". The disk failed; look at it (dmesg). It is tried again"));
      default:
        return absl::InternalError(what);
    }
  }

 private:
  absl::Status NoSpace(absl::string_view what) const {
    return absl::ResourceExhaustedError(
        absl::StrCat(what, ". Nothing was written. Make room on the disk of ",
                     path_, " (df -h); it is written again from then on"));
  }

  const std::string path_;
  const std::string way_back_;
};

class SqliteStatement final : public SqlStatement {
 public:
  SqliteStatement(const SqliteFile* file, sqlite3_stmt* statement)
      : file_(file), statement_(statement) {
    // To SQLite "$2" is a name, numbered by where it stands first.
    const int count = sqlite3_bind_parameter_count(statement);
    for (int i = 1; i <= count; ++i) {
      const char* const name = sqlite3_bind_parameter_name(statement, i);
      size_t number = 0;
      if (name == nullptr || !absl::SimpleAtoi(name + 1, &number)) continue;
      if (positions_.size() <= number) positions_.resize(number + 1);
      positions_[number] = i;
    }
  }
  ~SqliteStatement() override { sqlite3_finalize(statement_); }

  void BindNull(int index) override {
    Keep(sqlite3_bind_null(statement_, PositionOf(index)));
  }
  void BindInteger(int index, int64_t value) override {
    Keep(sqlite3_bind_int64(statement_, PositionOf(index), value));
  }
  void BindReal(int index, double value) override {
    Keep(sqlite3_bind_double(statement_, PositionOf(index), value));
  }
  void BindText(int index, absl::string_view value) override {
    // A null pointer would bind NULL.
    const char* data = value.data() == nullptr ? "" : value.data();
    Keep(sqlite3_bind_text64(statement_, PositionOf(index), data, value.size(),
                             SQLITE_STATIC, SQLITE_UTF8));
  }

  absl::StatusOr<bool> Step() override {
    if (bind_result_ != SQLITE_OK) return Error(bind_result_, 0);
    // Of a failing commit, sqlite3_system_errno knows nothing.
    errno = 0;
    const int result = sqlite3_step(statement_);
    if (result == SQLITE_ROW) return true;
    if (result != SQLITE_DONE) return Error(result, errno);
    rows_changed_ = sqlite3_changes64(sqlite3_db_handle(statement_));
    return false;
  }

  Type TypeOf(int column) const override {
    switch (sqlite3_column_type(statement_, column)) {
      case SQLITE_NULL:
        return Type::kNull;
      case SQLITE_INTEGER:
        return Type::kInteger;
      case SQLITE_FLOAT:
        return Type::kReal;
      case SQLITE_TEXT:
        return Type::kText;
    }
    return Type::kOther;
  }
  int64_t Integer(int column) const override {
    return sqlite3_column_int64(statement_, column);
  }
  double Real(int column) const override {
    return sqlite3_column_double(statement_, column);
  }
  absl::string_view Text(int column) const override {
    const auto* text =
        reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return "";
    return {text,
            static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }

  int64_t RowsChanged() const override { return rows_changed_; }

  void Reset() override {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    bind_result_ = SQLITE_OK;
  }

 private:
  // 0, which SQLite refuses, for a parameter that the statement lacks.
  int PositionOf(int index) const {
    const auto number = static_cast<size_t>(index);
    return number < positions_.size() ? positions_[number] : 0;
  }
  void Keep(int result) {
    if (bind_result_ == SQLITE_OK) bind_result_ = result;
  }
  absl::Status Error(int code, int system_error) const {
    return file_->Error(sqlite3_db_handle(statement_), code, system_error,
                        "read or write it");
  }

  const SqliteFile* const file_;
  sqlite3_stmt* const statement_;
  // SQLite's number of each parameter.
  std::vector<int> positions_;
  int bind_result_ = SQLITE_OK;
  int64_t rows_changed_ = 0;
};

// One thread at a time.
class SqliteConnection final : public SqlConnection {
 public:
  // kReadClosed: nobody else has the file open.
  enum class Use { kWrite, kRead, kReadClosed };

  // Borrows the file.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(
      const SqliteFile* file, Use use, const SqliteOptions& options) {
    sqlite3* database = nullptr;
    const int flags =
        (use == Use::kWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
        (use == Use::kReadClosed ? SQLITE_OPEN_URI : 0) | SQLITE_OPEN_NOMUTEX |
        SQLITE_OPEN_EXRESCODE;
    const std::string name =
        use == Use::kReadClosed
            ? absl::StrCat(
                  "file:",
                  absl::StrReplaceAll(
                      file->path(), {{"%", "%25"}, {"?", "%3f"}, {"#", "%23"}}),
                  "?immutable=1")
            : file->path();
    errno = 0;
    const int result = sqlite3_open_v2(name.c_str(), &database, flags, nullptr);
    const int system_error = errno;
    // There is a handle even where opening failed, but for lack of memory.
    auto connection =
        std::unique_ptr<SqliteConnection>(new SqliteConnection(file, database));
    if (result != SQLITE_OK) {
      return file->Error(database, result, system_error, "open it");
    }
    sqlite3_busy_timeout(
        database,
        static_cast<int>(absl::ToInt64Milliseconds(options.busy_timeout)));
    // A file is data, not a program: nothing in its schema may run code or
    // break the file.
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    RETURN_IF_ERROR(connection->RunScript(
        absl::StrCat("PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL; "
                     "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -",
                     kCacheKibibytes,
                     "; PRAGMA wal_autocheckpoint = ", options.checkpoint_pages,
                     "; PRAGMA journal_size_limit = ", kLogBytes)));
    return connection;
  }

  ~SqliteConnection() override {
    statements_.clear();
    sqlite3_close(database_);
  }

  absl::StatusOr<SqlStatement*> Prepare(const std::string& sql) override {
    std::unique_ptr<SqliteStatement>& entry = statements_[sql];
    if (entry == nullptr) {
      sqlite3_stmt* statement = nullptr;
      errno = 0;
      const int result = sqlite3_prepare_v3(
          database_, sql.c_str(), static_cast<int>(sql.size()) + 1,
          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
      if (result != SQLITE_OK) {
        return file_->Error(database_, result, errno, "prepare a statement");
      }
      entry = std::make_unique<SqliteStatement>(file_, statement);
    }
    return entry.get();
  }

  absl::Status RunScript(const std::string& sql) override {
    errno = 0;
    const int result =
        sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr);
    if (result == SQLITE_OK) return absl::OkStatus();
    return file_->Error(database_, result, errno, "read or write it");
  }

  // One value; 0 or empty if there is none.
  absl::StatusOr<int64_t> SelectInteger(const std::string& sql) {
    ASSIGN_OR_RETURN(SqlStatement* const statement, Prepare(sql));
    SqlRun run(statement);
    ASSIGN_OR_RETURN(const bool found, run->Step());
    return found ? run->Integer(0) : 0;
  }
  absl::StatusOr<std::string> SelectText(const std::string& sql) {
    ASSIGN_OR_RETURN(SqlStatement* const statement, Prepare(sql));
    SqlRun run(statement);
    ASSIGN_OR_RETURN(const bool found, run->Step());
    return found ? std::string(run->Text(0)) : "";
  }

  // `begin` is BEGIN or BEGIN IMMEDIATE.
  absl::Status InTransaction(const char* begin, SqlDriver::Body body) {
    RETURN_IF_ERROR(Run(begin));
    absl::Status status = body(*this);
    if (status.ok()) status = Run("COMMIT");
    // A failed COMMIT leaves the transaction open, some errors end it.
    if (!status.ok() && sqlite3_get_autocommit(database_) == 0) {
      Run("ROLLBACK").IgnoreError();
    }
    return status;
  }

 private:
  SqliteConnection(const SqliteFile* file, sqlite3* database)
      : file_(file), database_(database) {}

  absl::Status Run(const std::string& sql) {
    ASSIGN_OR_RETURN(SqlStatement* const statement, Prepare(sql));
    return SqlRun(statement)->Step().status();
  }

  const SqliteFile* const file_;
  sqlite3* const database_;
  std::unordered_map<std::string, std::unique_ptr<SqliteStatement>> statements_;
};

// The database file and its log as they were opened. What is committed when
// their names are gone is gone with the process.
class OpenFiles {
 public:
  // Borrows the file.
  static absl::StatusOr<std::unique_ptr<OpenFiles>> At(const SqliteFile* file) {
    auto files = std::unique_ptr<OpenFiles>(new OpenFiles(file));
    for (Named& named : files->files_) {
      if (!Find(named.path, &named.device, &named.inode)) {
        return SystemError(named.path, "find it", errno);
      }
    }
    return files;
  }

  // DataLoss if one of them was moved, deleted or replaced.
  absl::Status CheckInPlace() const {
    for (const Named& named : files_) {
      dev_t device = 0;
      ino_t inode = 0;
      if (Find(named.path, &device, &inode) && device == named.device &&
          inode == named.inode) {
        continue;
      }
      return absl::DataLossError(absl::StrCat(
          named.path,
          ": was moved, deleted or replaced while the database is open. "
          "Nothing more is written, because it would be lost. If you have "
          "moved it, move it back; if not, stop housecalld, which then writes "
          "what is in its log into ",
          file_->path(), ". If that itself is missing: ", file_->way_back()));
    }
    return absl::OkStatus();
  }

 private:
  struct Named {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
  };

  explicit OpenFiles(const SqliteFile* file)
      : file_(file), files_({{file->path()}, {file->path() + "-wal"}}) {}

  static bool Find(const std::string& path, dev_t* device, ino_t* inode) {
    struct stat status = {};
    if (stat(path.c_str(), &status) != 0) return false;
    *device = status.st_dev;
    *inode = status.st_ino;
    return true;
  }

  const SqliteFile* const file_;
  std::vector<Named> files_;
};

// FILE.lock, held by this process until the descriptor is closed.
//
// Not a lock on the file itself: closing any descriptor of it would drop the
// locks that SQLite holds on it (fcntl(2)).
class FileLock {
 public:
  static absl::StatusOr<std::unique_ptr<FileLock>> Take(
      const std::string& path) {
    const std::string lock_path = path + ".lock";
    const int descriptor =
        open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
    if (descriptor < 0) {
      return SystemError(lock_path, "make the lock file", errno);
    }
    auto lock = std::unique_ptr<FileLock>(new FileLock(descriptor));
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return SystemError(lock_path, "lock it", errno);
      char owner[32] = {};
      if (pread(descriptor, owner, sizeof(owner) - 1, 0) < 0) owner[0] = '\0';
      return absl::FailedPreconditionError(absl::StrCat(
          path, ": the database is open in another program (process ",
          absl::StripSuffix(owner, "\n"),
          "). Stop that one first, or name another file"));
    }
    // For that message only: a failure here harms nothing.
    const std::string owner = absl::StrCat(getpid(), "\n");
    if (ftruncate(descriptor, 0) != 0 ||
        pwrite(descriptor, owner.data(), owner.size(), 0) < 0) {
      errno = 0;
    }
    return lock;
  }

  ~FileLock() { close(descriptor_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  const int descriptor_;
};

// Symbolic links resolved, so that one file has one lock.
absl::StatusOr<std::string> ResolvedPath(const std::string& path) {
  if (path.empty()) {
    return absl::InvalidArgumentError("the database file has no name");
  }
  const auto resolve = [](const std::string& existing) -> std::string {
    char* const resolved = realpath(existing.c_str(), nullptr);
    if (resolved == nullptr) return "";
    absl::Cleanup free_resolved = [resolved] { std::free(resolved); };
    return resolved;
  };
  if (std::string resolved = resolve(path); !resolved.empty()) {
    struct stat status = {};
    if (stat(resolved.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      return SystemError(path, "open it as a file", EISDIR);
    }
    return resolved;
  }
  if (errno != ENOENT) return SystemError(path, "find it", errno);
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  const std::string resolved = resolve(folder);
  if (resolved.empty()) return SystemError(path, "find its folder", errno);
  return absl::StrCat(absl::StripSuffix(resolved, "/"), "/",
                      path.substr(slash == std::string::npos ? 0 : slash + 1));
}

// Takes the right to read a file from those who are neither its owner nor of
// its group: a backup that was put back often has it.
void CloseToOthers(const std::string& path) {
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0 || (status.st_mode & S_IRWXO) == 0) {
    return;
  }
  if (chmod(path.c_str(), status.st_mode & 07777 & ~S_IRWXO) != 0) {
    HC_LOG(kWarning, "database_open_to_others")
        .With("file", path)
        .With("error", std::strerror(errno));
  }
}

// Makes the file if there is none, and looks at what it is without changing it.
absl::Status MakeOrLookAt(const std::string& path) {
  const int made =
      open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
  if (made >= 0) {
    absl::Cleanup close_made = [made] { close(made); };
    // The name of the file is data of its folder.
    const std::string folder = path.substr(0, path.rfind('/') + 1);
    const int folder_descriptor =
        open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_descriptor < 0) return SystemError(folder, "open it", errno);
    absl::Cleanup close_folder = [folder_descriptor] {
      close(folder_descriptor);
    };
    if (fsync(made) != 0 || fsync(folder_descriptor) != 0) {
      return SystemError(path, "sync it to the disk", errno);
    }
    return absl::OkStatus();
  }
  if (errno != EEXIST) return SystemError(path, "make it", errno);

  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return SystemError(path, "open it for writing", errno);
  absl::Cleanup close_descriptor = [descriptor] { close(descriptor); };
  struct stat status = {};
  if (fstat(descriptor, &status) != 0) return SystemError(path, "read", errno);
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": is not a file. Name one, or one to be made"));
  }
  // As a crash leaves it that came right after it was made.
  if (status.st_size == 0) return absl::OkStatus();
  char header[18] = {};
  const ssize_t size = pread(descriptor, header, sizeof(header), 0);
  if (size < 0) return SystemError(path, "read it", errno);
  if (absl::string_view(header, static_cast<size_t>(size))
          .substr(0, kFileHeader.size()) != kFileHeader) {
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        ": is not a database of housecall. Name the right file. If it "
        "was one, its beginning is damaged: ",
        SqliteFile(path).way_back()));
  }
  // SQLite would read the rest of the last page as zeros. (A crash may leave
  // such an end, too, but then the log has what is missing.)
  const auto byte = [&header](size_t i) {
    return static_cast<unsigned char>(header[i]);
  };
  const int stored_size = byte(16) << 8 | byte(17);
  const int page_size = stored_size == 1 ? 65536 : stored_size;
  struct stat log = {};
  const bool has_log =
      stat((path + "-wal").c_str(), &log) == 0 && log.st_size > 0;
  if (!has_log && (page_size == 0 || status.st_size % page_size != 0)) {
    return SqliteFile(path).Damaged("it ends in the middle of a page");
  }
  return absl::OkStatus();
}

// Refuses another program's database before anything in it is changed, and
// marks an empty one as ours.
absl::Status CheckOrSetOwner(SqliteConnection& connection,
                             const std::string& path) {
  ASSIGN_OR_RETURN(const int64_t id,
                   connection.SelectInteger("PRAGMA application_id"));
  if (id == kApplicationId) return absl::OkStatus();
  ASSIGN_OR_RETURN(
      const int64_t tables,
      connection.SelectInteger("SELECT COUNT(*) FROM sqlite_master"));
  if (id != 0 || tables != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        ": is an SQLite database, but not one of housecall. Name the "
        "right file, or one to be made"));
  }
  return connection.RunScript(
      absl::StrCat("PRAGMA application_id = ", kApplicationId));
}

absl::Status CheckIntegrity(SqliteConnection& connection,
                            const SqliteFile& file,
                            SqliteOptions::IntegrityCheck check) {
  std::string answer = "ok";
  switch (check) {
    case SqliteOptions::IntegrityCheck::kNone:
      break;
    case SqliteOptions::IntegrityCheck::kQuick: {
      ASSIGN_OR_RETURN(answer, connection.SelectText("PRAGMA quick_check(1)"));
      break;
    }
    case SqliteOptions::IntegrityCheck::kFull: {
      ASSIGN_OR_RETURN(answer,
                       connection.SelectText("PRAGMA integrity_check(1)"));
      break;
    }
  }
  if (answer == "ok") return absl::OkStatus();
  return file.Damaged(answer);
}

class SqliteDriver final : public SqlDriver {
 public:
  SqliteDriver(std::unique_ptr<FileLock> lock,
               std::unique_ptr<const SqliteFile> file,
               std::unique_ptr<const OpenFiles> open_files,
               std::unique_ptr<SqliteConnection> writer,
               std::vector<std::unique_ptr<SqliteConnection>> readers)
      : lock_(std::move(lock)),
        file_(std::move(file)),
        open_files_(std::move(open_files)),
        writer_(std::move(writer)),
        readers_(std::move(readers)) {}

  absl::Status Write(Body body) override {
    MutexLock lock(writer_mutex_);
    RETURN_IF_ERROR(open_files_->CheckInPlace());
    return writer_->InTransaction("BEGIN IMMEDIATE", body);
  }

  absl::Status Read(Body body) override {
    std::unique_ptr<SqliteConnection> reader;
    {
      MutexLock lock(readers_mutex_);
      while (readers_.empty()) reader_free_.Wait(readers_mutex_);
      reader = std::move(readers_.back());
      readers_.pop_back();
    }
    absl::Status status = reader->InTransaction("BEGIN", body);
    {
      MutexLock lock(readers_mutex_);
      readers_.push_back(std::move(reader));
    }
    reader_free_.NotifyOne();
    return status;
  }

  const std::string& name() const override { return file_->path(); }
  const std::string& way_back() const override { return file_->way_back(); }

 private:
  // Members die in reverse: the connections before the file and its lock, the
  // writer last, which copies the log into the file.
  const std::unique_ptr<FileLock> lock_;
  const std::unique_ptr<const SqliteFile> file_;
  const std::unique_ptr<const OpenFiles> open_files_;

  Mutex writer_mutex_;
  const std::unique_ptr<SqliteConnection> writer_
      HOUSECALL_GUARDED_BY(writer_mutex_);

  Mutex readers_mutex_;
  CondVar reader_free_;
  // Those that nobody uses.
  std::vector<std::unique_ptr<SqliteConnection>> readers_
      HOUSECALL_GUARDED_BY(readers_mutex_);
};

// Reads only. One Read at a time.
class SqliteReader final : public SqlDriver {
 public:
  SqliteReader(std::unique_ptr<const SqliteFile> file,
               std::unique_ptr<SqliteConnection> connection)
      : file_(std::move(file)), connection_(std::move(connection)) {}

  absl::Status Write(Body) override {
    return absl::FailedPreconditionError(
        absl::StrCat(name(), ": is open for reading only"));
  }
  absl::Status Read(Body body) override {
    MutexLock lock(mutex_);
    return connection_->InTransaction("BEGIN", body);
  }
  const std::string& name() const override { return file_->path(); }
  const std::string& way_back() const override { return file_->way_back(); }

 private:
  const std::unique_ptr<const SqliteFile> file_;
  Mutex mutex_;
  const std::unique_ptr<SqliteConnection> connection_
      HOUSECALL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<SqlDriver>> OpenSqliteDriver(
    const std::string& path, const SqliteOptions& options) {
  ASSIGN_OR_RETURN(const std::string resolved, ResolvedPath(path));
  ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock, FileLock::Take(resolved));
  RETURN_IF_ERROR(MakeOrLookAt(resolved));
  CloseToOthers(resolved);
  CloseToOthers(resolved + "-wal");
  auto file = std::make_unique<const SqliteFile>(resolved);
  ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> writer,
                   SqliteConnection::Open(
                       file.get(), SqliteConnection::Use::kWrite, options));
  RETURN_IF_ERROR(CheckOrSetOwner(*writer, resolved));
  ASSIGN_OR_RETURN(const std::string mode,
                   writer->SelectText("PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return absl::FailedPreconditionError(absl::StrCat(
        resolved,
        ": its file system cannot share memory, which the "
        "write-ahead log needs. Use a local disk, no network share"));
  }
  RETURN_IF_ERROR(CheckIntegrity(*writer, *file, options.integrity_check));
  // With the first page that is read, the log is there.
  RETURN_IF_ERROR(
      writer->SelectInteger("SELECT COUNT(*) FROM sqlite_master").status());
  ASSIGN_OR_RETURN(std::unique_ptr<const OpenFiles> open_files,
                   OpenFiles::At(file.get()));
  std::vector<std::unique_ptr<SqliteConnection>> readers;
  for (int i = 0; i < std::max(1, options.readers); ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> reader,
                     SqliteConnection::Open(
                         file.get(), SqliteConnection::Use::kRead, options));
    readers.push_back(std::move(reader));
  }
  return std::unique_ptr<SqlDriver>(std::make_unique<SqliteDriver>(
      std::move(lock), std::move(file), std::move(open_files),
      std::move(writer), std::move(readers)));
}

absl::StatusOr<std::unique_ptr<SqlDriver>> OpenSqliteReader(
    const std::string& path, bool closed) {
  ASSIGN_OR_RETURN(const std::string resolved, ResolvedPath(path));
  if (access(resolved.c_str(), R_OK) != 0) {
    return SystemError(path, "read it", errno);
  }
  auto file = std::make_unique<const SqliteFile>(resolved);
  ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteConnection> connection,
      SqliteConnection::Open(file.get(),
                             closed ? SqliteConnection::Use::kReadClosed
                                    : SqliteConnection::Use::kRead,
                             {}));
  ASSIGN_OR_RETURN(const int64_t id,
                   connection->SelectInteger("PRAGMA application_id"));
  if (id != kApplicationId) {
    return absl::FailedPreconditionError(absl::StrCat(
        resolved, ": is no database of housecall. Name the right file"));
  }
  return std::unique_ptr<SqlDriver>(
      std::make_unique<SqliteReader>(std::move(file), std::move(connection)));
}

absl::Status CopySqliteFile(const std::string& path, const std::string& copy) {
  ASSIGN_OR_RETURN(const std::string resolved, ResolvedPath(path));
  if (access(resolved.c_str(), R_OK) != 0) {
    return SystemError(path, "read it", errno);
  }
  const SqliteFile file(resolved);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<SqliteConnection> source,
      SqliteConnection::Open(&file, SqliteConnection::Use::kRead, {}));
  const int made =
      open(copy.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
  if (made < 0 && errno == EEXIST) {
    return absl::AlreadyExistsError(absl::StrCat(
        copy, ": there is a file of that name, which is left as it is"));
  }
  if (made < 0) return SystemError(copy, "make it", errno);
  absl::Cleanup close_made = [made] { close(made); };
  {
    ASSIGN_OR_RETURN(SqlStatement* const statement,
                     source->Prepare("VACUUM INTO $1"));
    SqlRun run(statement);
    run->BindText(1, copy);
    errno = 0;
    if (absl::Status status = run->Step().status(); !status.ok()) {
      // The message names the source; which of the two it was, errno knows
      // best.
      return IsNoSpace(errno) || absl::IsResourceExhausted(status)
                 ? absl::ResourceExhaustedError(absl::StrCat(
                       copy,
                       ": the copy does not fit. Make room on its disk "
                       "(df -h)"))
                 : status;
    }
  }
  const size_t slash = copy.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "." : copy.substr(0, slash + 1);
  const int folder_descriptor =
      open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_descriptor < 0) return SystemError(folder, "open it", errno);
  absl::Cleanup close_folder = [folder_descriptor] {
    close(folder_descriptor);
  };
  if (fsync(made) != 0 || fsync(folder_descriptor) != 0) {
    return SystemError(copy, "sync it to the disk", errno);
  }
  return absl::OkStatus();
}

}  // namespace housecall::store
