#include "dispatcher/store/backup.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/cleanup/cleanup.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/store/record_codec.h"
#include "dispatcher/store/sql_driver.h"
#include "dispatcher/store/sql_store.h"
#include "dispatcher/store/sqlite_driver.h"
#include "dispatcher/store/sqlite_store.h"
#include "dispatcher/store/store.h"

namespace housecall::store {

namespace {

constexpr char kProgram[] = "housecall " HOUSECALL_VERSION;
constexpr char kPrefix[] = "housecall-";
constexpr char kDescription[] = ".json";
constexpr mode_t kFileMode = 0600;
// Entries of a journal that are read, and committed, at once.
constexpr int kEntriesAtOnce = 200;
// Records that a message names at most.
constexpr size_t kMostNamed = 10;
constexpr size_t kBlockBytes = 1 << 20;

// --- Sums -------------------------------------------------------------------

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_, EVP_sha256(), nullptr);
  }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Add(absl::string_view bytes) {
    EVP_DigestUpdate(context_, bytes.data(), bytes.size());
  }
  // A text and its length, so that what stands side by side stays apart.
  void AddField(absl::string_view text) {
    Add(absl::StrCat(text.size(), ":"));
    Add(text);
  }
  // In hex; once.
  std::string Sum() {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_, sum, &size);
    return absl::BytesToHexString(
        absl::string_view(reinterpret_cast<const char*>(sum), size));
  }

 private:
  EVP_MD_CTX* const context_;
};

// --- Files ------------------------------------------------------------------

absl::Status FileError(const std::string& path, absl::string_view doing,
                       int error_number) {
  const std::string message =
      absl::StrCat(path, ": cannot ", doing, ": ", std::strerror(error_number));
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EEXIST:
      return absl::AlreadyExistsError(message);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(message);
    default:
      return absl::UnavailableError(message);
  }
}

std::string In(const std::string& folder, const std::string& file) {
  return absl::StrCat(folder.empty() ? "." : folder, "/", file);
}

// Hands the file to `take`, block by block.
absl::Status ReadFile(const std::string& path,
                      absl::FunctionRef<absl::Status(absl::string_view)> take) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError(path, "open it", errno);
  absl::Cleanup close_descriptor = [descriptor] { close(descriptor); };
  std::string block(kBlockBytes, '\0');
  while (true) {
    const ssize_t got = read(descriptor, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(path, "read it", errno);
    if (got == 0) return absl::OkStatus();
    RETURN_IF_ERROR(
        take(absl::string_view(block.data(), static_cast<size_t>(got))));
  }
}

absl::Status WriteAll(int descriptor, const std::string& path,
                      absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return FileError(path, "write it", errno);
    bytes.remove_prefix(static_cast<size_t>(wrote));
  }
  return absl::OkStatus();
}

// A new file with what `fill` writes, on the disk when this returns.
absl::Status MakeFile(const std::string& path,
                      absl::FunctionRef<absl::Status(
                          absl::FunctionRef<absl::Status(absl::string_view)>)>
                          fill) {
  const int made =
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode);
  if (made < 0) return FileError(path, "make it", errno);
  absl::Cleanup close_made = [made] { close(made); };
  RETURN_IF_ERROR(fill(
      [&](absl::string_view bytes) { return WriteAll(made, path, bytes); }));
  if (fsync(made) != 0) return FileError(path, "sync it", errno);
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const int descriptor = open(folder.empty() ? "." : folder.c_str(),
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileError(folder, "open it", errno);
  absl::Cleanup close_folder = [descriptor] { close(descriptor); };
  if (fsync(descriptor) != 0) return FileError(folder, "sync it", errno);
  return absl::OkStatus();
}

// --- What a database holds --------------------------------------------------

absl::Status Damaged(const SqlDriver& driver, absl::string_view why) {
  return absl::DataLossError(
      absl::StrCat(driver.name(), ": ", why, ". ", driver.way_back()));
}

// The history of each center. `wanted` are marks to be looked up on the way:
// each gets the time and chain that the journal has at its sequence, and an
// empty chain where it does not reach.
absl::StatusOr<std::vector<CenterMark>> ReadMarks(
    SqlDriver& driver, std::vector<CenterMark>* wanted) {
  if (wanted != nullptr) {
    for (CenterMark& mark : *wanted) mark.chain.clear();
  }
  std::vector<CenterMark> marks;
  const absl::Status status =
      driver.Read([&](SqlConnection& connection) -> absl::Status {
        ASSIGN_OR_RETURN(
            SqlStatement* const versions,
            connection.Prepare("SELECT center, sequence FROM centers_version "
                               "ORDER BY center"));
        std::vector<std::pair<std::string, int64_t>> centers;
        {
          SqlRun run(versions);
          while (true) {
            ASSIGN_OR_RETURN(const bool found, run->Step());
            if (!found) break;
            centers.emplace_back(std::string(run->Text(0)), run->Integer(1));
          }
        }
        ASSIGN_OR_RETURN(
            SqlStatement* const entries,
            connection.Prepare(
                "SELECT sequence, time, kind, call, actor_account, "
                "actor_person, actor_organization, actor_roles, records "
                "FROM journal WHERE center = $1 ORDER BY sequence"));
        for (const auto& [center, sequence] : centers) {
          CenterMark mark;
          mark.center = core::CenterId(center);
          SqlRun run(entries);
          run->BindText(1, center);
          while (true) {
            ASSIGN_OR_RETURN(const bool found, run->Step());
            if (!found) break;
            if (run->Integer(0) != mark.sequence + 1) {
              return Damaged(driver,
                             absl::StrCat("the journal of center ", center,
                                          " lacks entry ", mark.sequence + 1));
            }
            Sha256 sum;
            sum.AddField(mark.chain);
            sum.AddField(absl::StrCat(run->Integer(0)));
            sum.AddField(absl::StrCat(run->Integer(1)));
            for (int column = 2; column <= 8; ++column) {
              sum.AddField(run->Text(column));
            }
            ++mark.sequence;
            mark.time = TimeOf(run->Integer(1));
            mark.chain = sum.Sum();
            if (wanted == nullptr) continue;
            for (CenterMark& want : *wanted) {
              if (want.center == mark.center &&
                  want.sequence == mark.sequence) {
                want = mark;
              }
            }
          }
          if (mark.sequence != sequence) {
            return Damaged(
                driver,
                absl::StrCat("the journal of center ", center, " ends at ",
                             mark.sequence, ", the center is at ", sequence));
          }
          marks.push_back(std::move(mark));
        }
        return absl::OkStatus();
      });
  RETURN_IF_ERROR(status);
  return marks;
}

absl::StatusOr<Content> ReadContent(SqlDriver& driver,
                                    std::vector<CenterMark>* wanted) {
  Content content;
  ASSIGN_OR_RETURN(content.centers, ReadMarks(driver, wanted));
  std::vector<std::string> tables;
  ForEachKind([&]<typename R>(std::type_identity<R>) {
    tables.emplace_back(TableOf<R>());
  });
  for (const char* table : {"journal", "replies", "outbox"}) {
    tables.emplace_back(table);
  }
  RETURN_IF_ERROR(driver.Read([&](SqlConnection& connection) -> absl::Status {
    for (const std::string& table : tables) {
      ASSIGN_OR_RETURN(
          SqlStatement* const statement,
          connection.Prepare(absl::StrCat("SELECT COUNT(*) FROM ", table)));
      SqlRun run(statement);
      ASSIGN_OR_RETURN(const bool found, run->Step());
      content.tables.push_back({table, found ? run->Integer(0) : 0});
    }
    return absl::OkStatus();
  }));
  return content;
}

// The first center whose history in `here` is not that of `there` as far as
// `there` goes; empty if there is none. `looked_up` is ReadMarks' answer to
// `there`.
std::string FirstThatParts(const std::vector<CenterMark>& there,
                           const std::vector<CenterMark>& looked_up) {
  for (size_t i = 0; i < there.size(); ++i) {
    if (there[i].sequence > 0 && there[i].chain != looked_up[i].chain) {
      return there[i].center.value();
    }
  }
  return "";
}

absl::Status CheckReplayOf(const std::string& name, Store& store) {
  ASSIGN_OR_RETURN(const std::vector<core::CenterId> centers,
                   store.ListCenters());
  std::vector<std::string> different;
  for (const core::CenterId& center : centers) {
    ASSIGN_OR_RETURN(const Snapshot rows,
                     store.Load(center, absl::InfinitePast()));
    core::Board replayed;
    for (int64_t sequence = 0; sequence < rows.sequence;) {
      ASSIGN_OR_RETURN(const std::vector<JournalEntry> entries,
                       store.ReadJournal(center, sequence, kEntriesAtOnce));
      if (entries.empty()) {
        return absl::DataLossError(
            absl::StrCat(name, ": the journal of center ", center.value(),
                         " lacks entry ", sequence + 1));
      }
      for (const JournalEntry& entry : entries) {
        core::Apply(entry.event, &replayed);
      }
      sequence = entries.back().sequence;
    }
    const auto differs = [&](const auto& id) {
      different.push_back(absl::StrCat(id.kCollection, "/", id.value()));
    };
    ForEachKind([&]<typename R>(std::type_identity<R>) {
      // Those are not journaled.
      if constexpr (!std::is_same_v<R, core::Position>) {
        if constexpr (std::is_same_v<R, core::Center>) {
          if (!(rows.board.center() == replayed.center())) differs(center);
        } else {
          rows.board.table<R>().ForEach([&](const auto& id, const R& row) {
            const R* const found = replayed.Find<R>(id);
            if (found == nullptr || !(*found == row)) differs(id);
          });
          replayed.table<R>().ForEach([&](const auto& id, const R&) {
            if (rows.board.Find<R>(id) == nullptr) differs(id);
          });
        }
      }
    });
  }
  if (different.empty()) return absl::OkStatus();
  std::string names;
  for (size_t i = 0; i < std::min(different.size(), kMostNamed); ++i) {
    absl::StrAppend(&names, i == 0 ? "" : ", ", different[i]);
  }
  return absl::DataLossError(
      absl::StrCat(name, ": the journal replayed does not give the rows of ",
                   different.size(), " records, such as ", names));
}

// --- Answers to requests ----------------------------------------------------

// Those of the center in the database that belong to entries up to `sequence`;
// of those that do not say to which they belong, those before `before`.
absl::StatusOr<std::vector<Reply>> ReadReplies(SqlDriver& driver,
                                               const core::CenterId& center,
                                               int64_t sequence,
                                               absl::Time before) {
  std::vector<Reply> replies;
  RETURN_IF_ERROR(driver.Read([&](SqlConnection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(
        SqlStatement* const statement,
        connection.Prepare(
            "SELECT request_id, fingerprint, subject, time, sequence "
            "FROM replies WHERE center = $1 AND (sequence <= $2 OR "
            "(sequence IS NULL AND time < $3)) ORDER BY time, request_id"));
    SqlRun run(statement);
    run->BindText(1, center.value());
    run->BindInteger(2, sequence);
    run->BindInteger(3, MicrosOf(before));
    while (true) {
      ASSIGN_OR_RETURN(const bool found, run->Step());
      if (!found) return absl::OkStatus();
      Reply reply;
      reply.request_id = std::string(run->Text(0));
      reply.fingerprint = std::string(run->Text(1));
      reply.time = TimeOf(run->Integer(3));
      if (run->TypeOf(4) == SqlStatement::Type::kInteger) {
        reply.sequence = run->Integer(4);
      }
      if (!ParseSubject(run->Text(2), &reply.subject)) {
        return Damaged(driver, "a reply has a subject that is not known here");
      }
      replies.push_back(std::move(reply));
    }
  }));
  return replies;
}

// --- Rolling forward --------------------------------------------------------

// The batch that the entries were, together.
Batch BatchOf(const core::CenterId& center, std::vector<JournalEntry> entries) {
  Batch batch;
  batch.center = center;
  std::map<std::pair<size_t, std::string>, size_t> places;
  std::vector<core::Event> events;
  for (const JournalEntry& entry : entries) {
    for (const core::Record& record : entry.event.records) {
      const std::string id =
          std::visit([](const auto& r) { return r.id.value(); }, record);
      const auto [place, is_new] =
          places.try_emplace({record.index(), id}, batch.records.size());
      if (is_new) {
        batch.records.push_back(record);
      } else {
        batch.records[place->second] = record;
      }
    }
    events.push_back(entry.event);
  }
  batch.outbox = core::OutboxFor(events);
  batch.journal = std::move(entries);
  return batch;
}

// One center; adds to `rolled`.
absl::Status RollForwardCenter(SqlDriver& journal_driver, Store& journal,
                               Store& store, const core::CenterId& center,
                               absl::Time until, RolledForward* rolled) {
  ASSIGN_OR_RETURN(const Snapshot snapshot,
                   store.Load(center, absl::InfiniteFuture()));
  int64_t version = snapshot.version;
  int64_t sequence = snapshot.sequence;
  // Of the last entry that is there.
  absl::Time last_time = absl::InfinitePast();
  if (sequence > 0) {
    ASSIGN_OR_RETURN(const std::vector<JournalEntry> last,
                     store.ReadJournal(center, sequence - 1, 1));
    if (!last.empty()) last_time = last.front().event.time;
  }
  bool is_cut_off = false;
  int at_once = kEntriesAtOnce;
  for (bool more = true; more;) {
    absl::StatusOr<std::vector<JournalEntry>> entries =
        journal.ReadJournal(center, sequence, at_once);
    if (!entries.ok()) {
      // Up to the one that cannot be read.
      if (at_once > 1) {
        at_once = 1;
        continue;
      }
      rolled->stopped = entries.status();
      is_cut_off = true;
      break;
    }
    const auto end = std::find_if(
        entries->begin(), entries->end(),
        [&](const JournalEntry& entry) { return entry.event.time > until; });
    is_cut_off = end != entries->end();
    more = !is_cut_off && !entries->empty();
    entries->erase(end, entries->end());
    if (entries->empty()) break;
    sequence = entries->back().sequence;
    last_time = entries->back().event.time;
    rolled->entries += static_cast<int64_t>(entries->size());
    RETURN_IF_ERROR(
        store.Commit(BatchOf(center, *std::move(entries)), version));
    ++version;
  }
  if (version == 0) return absl::OkStatus();
  // An answer without its entries would tell whoever repeats his request that
  // it was done, and nobody would do it.
  absl::StatusOr<std::vector<Reply>> replies =
      ReadReplies(journal_driver, center, sequence,
                  is_cut_off ? last_time : absl::InfiniteFuture());
  if (!replies.ok()) {
    rolled->stopped.Update(replies.status());
    return absl::OkStatus();
  }
  Batch batch;
  batch.center = center;
  for (Reply& reply : *replies) {
    ASSIGN_OR_RETURN(const std::optional<Reply> kept,
                     store.FindReply(center, reply.request_id));
    if (!kept.has_value()) batch.replies.push_back(std::move(reply));
  }
  return batch.replies.empty() ? absl::OkStatus()
                               : store.Commit(batch, version);
}

void RemoveDatabase(const std::string& database) {
  for (const char* end : {"", "-wal", "-shm", ".lock"}) {
    unlink(absl::StrCat(database, end).c_str());
  }
}

absl::Status CheckIsNew(const std::string& database) {
  for (const char* end : {"", "-wal", "-shm"}) {
    const std::string path = absl::StrCat(database, end);
    if (access(path.c_str(), F_OK) == 0) {
      return absl::AlreadyExistsError(absl::StrCat(
          path,
          ": is there already and is left as it is. Stop housecalld, "
          "move it to another disk, and try again"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Generation> MakeBackup(const std::string& database,
                                      const std::string& folder,
                                      absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<Generation> earlier, ListBackups(folder));
  Generation generation;
  generation.time = TimeOf(MicrosOf(now));
  generation.program = kProgram;
  generation.file = absl::StrCat(
      kPrefix, absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()),
      ".db");
  const std::string path = In(folder, generation.file);
  std::vector<CenterMark> before;
  if (!earlier.empty()) before = earlier.front().content.centers;
  const auto check = [&](const std::string& name,
                         const std::vector<CenterMark>& looked_up) {
    const std::string center = FirstThatParts(before, looked_up);
    if (center.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        name, ": the journal of center ", center,
        " does not go on from the backup ", earlier.front().file,
        ". After a restore, or for another database, take another folder; "
        "otherwise somebody has changed what must not be changed: keep "
        "everything and look"));
  };
  // What is wrong already is not copied: nobody could remove the copy from a
  // folder that only grows, and the next hour's would be beside it.
  std::vector<CenterMark> looked_up = before;
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<SqlDriver> live,
                     OpenSqliteReader(database, /*closed=*/false));
    RETURN_IF_ERROR(ReadMarks(*live, &looked_up).status());
  }
  RETURN_IF_ERROR(check(database, looked_up));
  RETURN_IF_ERROR(CopySqliteFile(database, path));
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<SqlDriver> copy,
                     OpenSqliteReader(path, /*closed=*/true));
    ASSIGN_OR_RETURN(generation.content, ReadContent(*copy, &looked_up));
  }
  RETURN_IF_ERROR(check(path, looked_up));
  Sha256 sum;
  RETURN_IF_ERROR(ReadFile(path, [&](absl::string_view block) {
    sum.Add(block);
    generation.bytes += static_cast<int64_t>(block.size());
    return absl::OkStatus();
  }));
  generation.sha256 = sum.Sum();
  RETURN_IF_ERROR(MakeFile(absl::StrCat(path, kDescription), [&](auto write) {
    return write(ToJson(generation) + "\n");
  }));
  return generation;
}

absl::StatusOr<std::vector<Generation>> ListBackups(const std::string& folder) {
  DIR* const opened = opendir(folder.empty() ? "." : folder.c_str());
  if (opened == nullptr) return FileError(folder, "open the folder", errno);
  absl::Cleanup close_opened = [opened] { closedir(opened); };
  std::vector<Generation> generations;
  while (const dirent* const entry = readdir(opened)) {
    const std::string name = entry->d_name;
    if (!absl::StartsWith(name, kPrefix) || !absl::EndsWith(name, ".db.json")) {
      continue;
    }
    const std::string path = In(folder, name);
    std::string text;
    RETURN_IF_ERROR(ReadFile(path, [&](absl::string_view block) {
      text.append(block.data(), block.size());
      return absl::OkStatus();
    }));
    Generation generation;
    DecodeProblem problem;
    if (!FromJsonText(text, &generation, &problem)) {
      return absl::DataLossError(
          absl::StrCat(path, ": ", Describe(problem),
                       ". Move it and its backup elsewhere and keep them"));
    }
    // It says nothing of another file, wherever that is.
    if (absl::StrCat(generation.file, kDescription) != name) {
      return absl::DataLossError(absl::StrCat(
          path, ": describes another file. Move it elsewhere and keep it"));
    }
    generations.push_back(std::move(generation));
  }
  std::sort(generations.begin(), generations.end(),
            [](const Generation& a, const Generation& b) {
              return std::tie(a.time, a.file) > std::tie(b.time, b.file);
            });
  return generations;
}

absl::Status Restore(const std::string& folder, const Generation& generation,
                     const std::string& database) {
  const std::string path = In(folder, generation.file);
  RETURN_IF_ERROR(CheckIsNew(database));
  absl::Cleanup remove = [&database] { RemoveDatabase(database); };
  Sha256 sum;
  int64_t bytes = 0;
  RETURN_IF_ERROR(MakeFile(database, [&](auto write) {
    return ReadFile(path, [&](absl::string_view block) {
      sum.Add(block);
      bytes += static_cast<int64_t>(block.size());
      return write(block);
    });
  }));
  if (bytes != generation.bytes || sum.Sum() != generation.sha256) {
    return absl::DataLossError(
        absl::StrCat(path,
                     ": is not the file that was written (size or "
                     "SHA-256). Take an earlier generation"));
  }
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<SqlDriver> copy,
                     OpenSqliteReader(database, /*closed=*/true));
    ASSIGN_OR_RETURN(const Content content, ReadContent(*copy, nullptr));
    if (!(content == generation.content)) {
      return absl::DataLossError(absl::StrCat(
          path,
          ": does not hold what its description says. Take an earlier "
          "generation"));
    }
  }
  // Opening it brings an old one to this program's schema.
  SqliteOptions options;
  options.integrity_check = SqliteOptions::IntegrityCheck::kFull;
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   OpenSqliteStore(database, options));
  RETURN_IF_ERROR(CheckReplayOf(path, *store));
  std::move(remove).Cancel();
  return absl::OkStatus();
}

absl::StatusOr<RolledForward> RollForward(const std::string& journal,
                                          const std::string& database,
                                          absl::Time until) {
  ASSIGN_OR_RETURN(std::unique_ptr<SqlDriver> reader,
                   OpenSqliteReader(journal, /*closed=*/false));
  ASSIGN_OR_RETURN(const std::unique_ptr<SqlDriver> second,
                   OpenSqliteReader(journal, /*closed=*/false));
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> source,
                   OpenSqlStoreForReading(std::move(reader)));
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   OpenSqliteStore(database));
  // Where both have an entry, it is the same one.
  ASSIGN_OR_RETURN(const std::vector<core::CenterId> centers,
                   store->ListCenters());
  for (const core::CenterId& center : centers) {
    ASSIGN_OR_RETURN(const Snapshot snapshot,
                     store->Load(center, absl::InfiniteFuture()));
    for (int64_t sequence = 0; sequence < snapshot.sequence;) {
      ASSIGN_OR_RETURN(const std::vector<JournalEntry> ours,
                       store->ReadJournal(center, sequence, kEntriesAtOnce));
      // One that is damaged there says nothing against the rest.
      const absl::StatusOr<std::vector<JournalEntry>> theirs =
          source->ReadJournal(center, sequence, static_cast<int>(ours.size()));
      if (theirs.ok() &&
          !std::equal(theirs->begin(), theirs->end(), ours.begin())) {
        return absl::FailedPreconditionError(absl::StrCat(
            journal, ": the journal of center ", center.value(),
            " is another one than that of ", database, " from entry ",
            sequence + 1, " on or a little later; nothing was changed"));
      }
      sequence = ours.back().sequence;
    }
  }
  RolledForward rolled;
  ASSIGN_OR_RETURN(const std::vector<core::CenterId> journaled,
                   source->ListCenters());
  for (const core::CenterId& center : journaled) {
    RETURN_IF_ERROR(
        RollForwardCenter(*second, *source, *store, center, until, &rolled));
  }
  return rolled;
}

absl::StatusOr<Content> ContentOf(const std::string& database) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SqlDriver> reader,
                   OpenSqliteReader(database, /*closed=*/false));
  return ReadContent(*reader, nullptr);
}

absl::StatusOr<std::vector<Loss>> LossOf(const Generation& generation,
                                         const std::string& database) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SqlDriver> reader,
                   OpenSqliteReader(database, /*closed=*/false));
  const std::vector<CenterMark>& there = generation.content.centers;
  std::vector<CenterMark> looked_up = there;
  ASSIGN_OR_RETURN(const std::vector<CenterMark> here,
                   ReadMarks(*reader, &looked_up));
  if (const std::string center = FirstThatParts(there, looked_up);
      !center.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        database, ": the journal of center ", center,
        " does not go on from the backup ", generation.file,
        ": it is another database's folder, or the database was put back to "
        "an earlier moment since. What would be lost cannot be counted"));
  }
  std::vector<Loss> losses;
  for (const CenterMark& mark : here) {
    const auto kept = std::find_if(
        there.begin(), there.end(),
        [&](const CenterMark& m) { return m.center == mark.center; });
    Loss loss;
    loss.center = mark.center;
    loss.entries = mark.sequence;
    if (kept != there.end()) {
      loss.is_in_backup = true;
      loss.entries -= kept->sequence;
      loss.span = mark.time - kept->time;
    }
    losses.push_back(std::move(loss));
  }
  return losses;
}

absl::Status CheckReplay(const std::string& database) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   OpenSqliteStore(database));
  return CheckReplayOf(database, *store);
}

}  // namespace housecall::store
