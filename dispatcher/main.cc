// housecalld: the dispatcher's daemon. Flags → options → wiring → serve; the
// only file that knows every concrete class.

#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/reflection.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/log.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/engine/engine.h"
#include "dispatcher/gateway/gateway.h"
#include "dispatcher/outbox/relay.h"
#include "dispatcher/outbox/webhook_channel.h"
#include "dispatcher/server/password.h"
#include "dispatcher/server/server.h"
#include "dispatcher/store/backup.h"
#include "dispatcher/store/sqlite_store.h"
#include "google/protobuf/stubs/common.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/support/log.h"
#include "router/road_files.h"
#include "router/travel_time_source.h"

ABSL_FLAG(std::string, db, "",
          "The database file; create-center makes it if there is none.");
ABSL_FLAG(std::string, map, "",
          "The map file, made by `housecall-map import`. Without one, travel "
          "times are straight lines.");
ABSL_FLAG(
    std::string, road_conditions, "",
    "A GeoJSON file of closed and slow roads, which is followed while the "
    "server runs (router/README.md). Needs --map.");
ABSL_FLAG(
    bool, speeds_by_hour, true,
    "With --map: evenings and days are slower than nights on main roads.");
ABSL_FLAG(bool, learn_speeds, true,
          "With --map: learn from the center's own finished drives how fast "
          "roads are, by class, kind of day and hour.");
ABSL_FLAG(
    std::string, finished_drives, "",
    "The file in which finished drives are kept for --learn_speeds: class "
    "of road, hour and seconds, nothing else. Empty: that of --db with "
    ".drives behind it. See it with `housecall-map learned`.");
ABSL_FLAG(std::string, listen, "127.0.0.1:7443",
          "Where to serve. Without TLS a loopback address only; port 0: any.");
ABSL_FLAG(std::string, port_file, "",
          "Writes the port to this file once the server is ready.");
ABSL_FLAG(std::string, tls_cert, "", "PEM file of the server's certificate.");
ABSL_FLAG(std::string, tls_key, "", "PEM file of the server's key.");
ABSL_FLAG(std::string, tls_client_ca, "",
          "PEM file of the authorities of client certificates, if those are "
          "demanded.");
ABSL_FLAG(std::string, webhook_ca, "",
          "PEM file of further authorities that webhook receivers may have "
          "their certificates from.");
ABSL_FLAG(absl::Duration, webhook_timeout, absl::Seconds(15),
          "How long a webhook receiver may take to answer.");
ABSL_FLAG(bool, webhook_loopback_http, false,
          "Accept http:// webhook addresses on this machine, for "
          "demonstrations; else https only.");
ABSL_FLAG(std::string, web_listen, "",
          "Where to serve browsers, with the same TLS files; empty: nowhere. "
          "Without TLS a loopback address only; port 0: any.");
ABSL_FLAG(std::string, web_port_file, "",
          "Writes the port for browsers to this file once it is served.");
ABSL_FLAG(std::string, web_root, "",
          "The folder with the screens, as their build left them; empty: "
          "browsers get no page, only answers to calls.");
ABSL_FLAG(std::vector<std::string>, web_origin, {},
          "Where browsers reach the screens, such as https://center.example, "
          "if a reverse proxy is in front; several with commas.");
ABSL_FLAG(bool, plan, true, "Match calls by itself; off: operators do.");

ABSL_FLAG(std::string, to, "", "backup: the folder of the backups.");
ABSL_FLAG(std::string, from, "", "restore, drill: the folder of the backups.");
ABSL_FLAG(std::string, journal, "",
          "restore: a database whose journal goes on after the backup, such as "
          "the one that was damaged.");
ABSL_FLAG(std::string, until, "",
          "restore: nothing that was written later, such as "
          "2026-11-20T22:30:00+09:00.");
ABSL_FLAG(std::string, scratch, "",
          "drill: a folder with room for the database, for its trial; empty: "
          "that of temporary files.");

ABSL_FLAG(std::string, center, "", "create-center: the center's id.");
ABSL_FLAG(std::string, display_name, "", "create-center: its name.");
ABSL_FLAG(std::string, display_name_english, "",
          "create-center: its name in English.");
ABSL_FLAG(std::string, position, "",
          "create-center: its place, latitude,longitude in degrees.");
ABSL_FLAG(std::string, phone, "", "create-center: its number.");
ABSL_FLAG(std::string, last_resort_name, "",
          "create-center: whom to ring when nobody answers.");
ABSL_FLAG(std::string, last_resort_phone, "",
          "create-center: the number of the last resort.");
ABSL_FLAG(std::string, admin, "",
          "create-center, reset-password: the account's id.");

namespace housecall {
namespace {

constexpr char kUsage[] =
    R"(The dispatcher's daemon of housecall.

  housecalld serve --db=FILE [--map=FILE [--road_conditions=FILE]]
      [--listen=ADDRESS:PORT] [--web_listen=ADDRESS:PORT --web_root=FOLDER]
      Serves the centers in the database until SIGTERM or SIGINT, and browsers
      with the screens in FOLDER.

  housecalld create-center --db=FILE --center=ID --display_name=NAME
      --position=LAT,LNG --last_resort_name=NAME --last_resort_phone=NUMBER
      --admin=ACCOUNT < PASSWORD
      Makes a center and its first administrator, whose password is one line
      of standard input. The server must not be running.

  housecalld reset-password --db=FILE --center=ID --admin=ACCOUNT < PASSWORD
      Gives an account a new password, ends its sessions and enables it. The
      server must not be running.

  housecalld check --db=FILE
      Checks the database and says what is in it.

  housecalld backup --db=FILE --to=FOLDER
      Copies the database into the folder, also while the server runs. It only
      adds files there.

  housecalld restore --from=FOLDER --db=NEW_FILE [--journal=FILE]
      [--until=TIME]
      Makes a database of the newest backup and proves it. With --journal also
      of what that database's journal has beyond the backup; with --until of
      nothing later than that. The server must not be running.

  housecalld drill --from=FOLDER [--db=FILE] [--scratch=FOLDER]
      Restores the newest backup on trial and says whether it can be put back,
      how old it is, and what of the running database it lacks.

`housecalld --help=main` lists every flag.)";

// A mistake in the flags, as against one in what they name.
constexpr int kUsageError = 2;

absl::StatusOr<core::LatLng> ParsePosition(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  core::LatLng position;
  if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &position.latitude) ||
      !absl::SimpleAtod(parts[1], &position.longitude) ||
      !(std::abs(position.latitude) <= 90) ||
      !(std::abs(position.longitude) <= 180)) {
    return absl::InvalidArgumentError(
        "--position: must be latitude,longitude in degrees, such as "
        "35.6714,139.3950");
  }
  return position;
}

// The flag's text, as clients could have sent it.
absl::StatusOr<std::string> TextOf(const absl::Flag<std::string>& flag) {
  const std::string text = absl::GetFlag(flag);
  const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
  if (text.size() > 500 || has_control ||
      !google::protobuf::internal::IsStructurallyValidUTF8(
          text.data(), static_cast<int>(text.size()))) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", absl::GetFlagReflectionHandle(flag).Name(),
                     ": must be one line of UTF-8, at most 500 bytes"));
  }
  return text;
}

template <typename IdType>
absl::StatusOr<IdType> IdOf(const absl::Flag<std::string>& flag,
                            absl::string_view example) {
  const std::string id = absl::GetFlag(flag);
  if (!IsValidChosenId(id)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", absl::GetFlagReflectionHandle(flag).Name(),
                     ": must be an id of a-z, 0-9 and '-', such as ", example));
  }
  return IdType(id);
}

// One line of standard input; asked for, and not shown, on a terminal.
absl::StatusOr<PrivateText> ReadPassword() {
  termios shown = {};
  const bool terminal =
      isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &shown) == 0;
  if (terminal) {
    std::fprintf(stderr, "Password: ");
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  PrivateText password;
  std::string& line = password.MutableReveal();
  const bool read = static_cast<bool>(std::getline(std::cin, line));
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    std::fprintf(stderr, "\n");
  }
  if (!read) {
    return absl::InvalidArgumentError(
        "no password: write it as one line to standard input");
  }
  // The end of a line that was written on another system.
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return password;
}

// Only a command that makes things makes the database.
absl::StatusOr<std::unique_ptr<store::Store>> OpenStore(bool may_make) {
  const std::string path = absl::GetFlag(FLAGS_db);
  if (path.empty()) {
    return absl::InvalidArgumentError("--db: name the database file");
  }
  if (!may_make && access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    return absl::NotFoundError(
        absl::StrCat("--db: there is no database ", path,
                     "; name another, or make one with `housecalld "
                     "create-center`"));
  }
  return store::OpenSqliteStore(path);
}

// What the engine asks for travel times.
struct TravelTimes {
  // Null without a map.
  std::unique_ptr<router::RoadFiles> roads;
  std::unique_ptr<router::TravelTimeSource> source;
};

absl::StatusOr<TravelTimes> OpenTravelTimes() {
  TravelTimes times;
  router::RoadFiles::Options options;
  options.map_path = absl::GetFlag(FLAGS_map);
  options.conditions_path = absl::GetFlag(FLAGS_road_conditions);
  if (options.map_path.empty()) {
    if (!options.conditions_path.empty()) {
      return absl::InvalidArgumentError("--road_conditions needs --map");
    }
    if (!absl::GetFlag(FLAGS_finished_drives).empty()) {
      return absl::InvalidArgumentError("--finished_drives needs --map");
    }
    times.source = std::make_unique<router::StraightLine>();
    return times;
  }
  if (!absl::GetFlag(FLAGS_speeds_by_hour)) {
    options.roads.calendar = router::SpeedCalendar::AsOnTheMap();
  }
  if (absl::GetFlag(FLAGS_learn_speeds)) {
    options.drives_path = absl::GetFlag(FLAGS_finished_drives);
    if (options.drives_path.empty()) {
      options.drives_path = absl::StrCat(absl::GetFlag(FLAGS_db), ".drives");
    }
  }
  options.roads.calendar.is_public_holiday = [](absl::CivilDay day) {
    return !core::NationalHoliday(day).empty();
  };
  ASSIGN_OR_RETURN(times.roads,
                   router::RoadFiles::Open(std::move(options), absl::Now()));
  times.source =
      std::make_unique<router::RoadTravelTimes>(&times.roads->roads());
  return times;
}

// What was learned since `told`, which becomes what is now known.
void LogLearned(const router::LearnedSpeeds& learned,
                router::LearnedSpeeds* told) {
  // Many drives move factors by little.
  constexpr double kWorthTelling = 0.05;
  const std::vector<std::string> changes =
      learned.ChangesSince(*told, kWorthTelling);
  if (changes.empty()) return;
  for (const std::string& change : changes) {
    HC_LOG(kInfo, "speed_learned").With("change", change);
  }
  *told = learned;
}

// Until a signal comes: roads follow the time, their files and our own drives.
int FollowRoadsUntilSignal(const sigset_t& signals, router::RoadFiles* roads) {
  constexpr timespec kInterval = {30, 0};
  router::LearnedSpeeds told;
  if (roads != nullptr) {
    told = roads->learned();
    HC_LOG(kInfo, "speeds_known")
        .With("drives", static_cast<int64_t>(told.drives()))
        .With("unread_lines", static_cast<int64_t>(roads->unread_drives()));
  }
  while (true) {
    if (roads != nullptr) {
      if (absl::Status status = roads->Refresh(absl::Now()); !status.ok()) {
        HC_LOG(kError, "roads_not_refreshed").With("status", status.ToString());
      }
      LogLearned(roads->learned(), &told);
    }
    const int signal = sigtimedwait(&signals, nullptr, &kInterval);
    if (signal > 0) return signal;
  }
}

// One command after the other, through the same engine as everything else.
absl::Status SubmitAll(engine::Engine& engine, const core::CenterId& center,
                       std::vector<core::Command> commands) {
  for (core::Command& command : commands) {
    engine::Submission submission;
    submission.actor = core::SystemActor();
    submission.command = std::move(command);
    RETURN_IF_ERROR(
        engine.SubmitAndWait(center, std::move(submission)).status());
  }
  return absl::OkStatus();
}

absl::Status CreateCenter() {
  core::Center center;
  ASSIGN_OR_RETURN(center.id, IdOf<core::CenterId>(FLAGS_center, "hino"));
  ASSIGN_OR_RETURN(center.display_name, TextOf(FLAGS_display_name));
  if (center.display_name.empty()) {
    return absl::InvalidArgumentError("--display_name: give the center a name");
  }
  ASSIGN_OR_RETURN(center.display_name_english,
                   TextOf(FLAGS_display_name_english));
  ASSIGN_OR_RETURN(center.phone, TextOf(FLAGS_phone));
  ASSIGN_OR_RETURN(center.position,
                   ParsePosition(absl::GetFlag(FLAGS_position)));
  core::Contact last_resort;
  ASSIGN_OR_RETURN(last_resort.display_name.MutableReveal(),
                   TextOf(FLAGS_last_resort_name));
  ASSIGN_OR_RETURN(last_resort.phone.MutableReveal(),
                   TextOf(FLAGS_last_resort_phone));
  if (last_resort.phone.empty()) {
    return absl::InvalidArgumentError(
        "--last_resort_phone: the last resort is never empty");
  }
  center.last_resort_contacts.push_back(std::move(last_resort));

  core::Organization office;
  office.id = core::OrganizationId("center-office");
  office.kind = core::OrganizationKind::kCenterOffice;
  office.display_name = center.display_name;
  office.phone = center.phone;
  office.position = center.position;

  core::SaveAccount account;
  ASSIGN_OR_RETURN(account.account,
                   IdOf<core::AccountId>(FLAGS_admin, "admin"));
  core::Person person;
  person.id = core::PersonId(account.account.value());
  person.organization = office.id;
  person.display_name = account.account.value();
  account.person = person.id;
  account.roles = {core::Role::kAdministrator};
  account.create = true;
  ASSIGN_OR_RETURN(const PrivateText password, ReadPassword());
  RETURN_IF_ERROR(server::CheckPasswordStrength(account.account, password));
  ASSIGN_OR_RETURN(account.password_hash, server::HashPassword(password));

  ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store, OpenStore(true));
  const RealClock clock;
  const router::StraightLine travel_times;
  engine::Options options;
  options.plans = false;
  engine::Engine engine(store.get(), &clock, &travel_times, options);
  RETURN_IF_ERROR(engine.Start());
  const core::CenterId id = center.id;
  // A center without any account is one whose making was interrupted: it is
  // gone on with.
  std::vector<core::Command> commands;
  const engine::BoardPtr board = engine.Current(id);
  if (board != nullptr && board->table<core::Account>().size() > 0) {
    return absl::AlreadyExistsError(absl::StrCat(
        "--center: there is a center ", id.value(),
        " already; name another, or give its administrator a new password "
        "with `housecalld reset-password`"));
  }
  if (board == nullptr) {
    commands.push_back(core::Create<core::Center>{center});
  }
  if (board == nullptr ||
      board->Find<core::Organization>(office.id) == nullptr) {
    commands.push_back(core::Create<core::Organization>{office});
  }
  if (board == nullptr || board->Find<core::Person>(person.id) == nullptr) {
    commands.push_back(core::Create<core::Person>{person});
  }
  commands.push_back(core::Command(account));
  RETURN_IF_ERROR(SubmitAll(engine, id, std::move(commands)));
  std::printf("created center %s with administrator %s\n", id.value().c_str(),
              account.account.value().c_str());
  return absl::OkStatus();
}

absl::Status ResetPassword() {
  ASSIGN_OR_RETURN(const core::CenterId center,
                   IdOf<core::CenterId>(FLAGS_center, "hino"));
  ASSIGN_OR_RETURN(const core::AccountId id,
                   IdOf<core::AccountId>(FLAGS_admin, "admin"));
  ASSIGN_OR_RETURN(const PrivateText password, ReadPassword());
  RETURN_IF_ERROR(server::CheckPasswordStrength(id, password));
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store, OpenStore(false));
  const RealClock clock;
  const router::StraightLine travel_times;
  engine::Options options;
  options.plans = false;
  engine::Engine engine(store.get(), &clock, &travel_times, options);
  RETURN_IF_ERROR(engine.Start());
  const engine::BoardPtr board = engine.Current(center);
  const core::Account* account =
      board == nullptr ? nullptr : board->Find<core::Account>(id);
  if (account == nullptr) {
    return absl::NotFoundError(absl::StrCat("--center and --admin: center ",
                                            center.value(), " has no account ",
                                            id.value()));
  }
  // At once: at no time is it enabled with its old password.
  core::SaveAccount save;
  save.account = id;
  save.person = account->person;
  save.roles = account->roles;
  ASSIGN_OR_RETURN(save.password_hash, server::HashPassword(password));
  RETURN_IF_ERROR(SubmitAll(engine, center, {core::Command(save)}));
  std::printf("account %s has a new password; its sessions have ended\n",
              id.value().c_str());
  return absl::OkStatus();
}

absl::Status Check() {
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store, OpenStore(false));
  ASSIGN_OR_RETURN(const std::vector<core::CenterId> centers,
                   store->ListCenters());
  for (const core::CenterId& center : centers) {
    ASSIGN_OR_RETURN(const store::Snapshot snapshot,
                     store->Load(center, absl::InfiniteFuture()));
    std::printf(
        "center %s: %d patients, %d people, %d open calls, %d journal "
        "entries\n",
        center.value().c_str(),
        static_cast<int>(snapshot.board.table<core::Patient>().size()),
        static_cast<int>(snapshot.board.table<core::Person>().size()),
        static_cast<int>(snapshot.board.open_calls().size()),
        static_cast<int>(snapshot.sequence));
  }
  std::printf("the database is sound\n");
  return absl::OkStatus();
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

absl::StatusOr<std::string> FolderOf(const absl::Flag<std::string>& flag,
                                     absl::string_view what) {
  std::string folder = absl::GetFlag(flag);
  if (folder.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", absl::GetFlagReflectionHandle(flag).Name(),
                     ": name the folder of ", what));
  }
  return folder;
}

void PrintMarks(const store::Content& content) {
  for (const store::CenterMark& mark : content.centers) {
    absl::PrintF("center %s: %d journal entries, the last of %s\n",
                 mark.center.value(), mark.sequence, TimeText(mark.time));
  }
}

absl::Status Backup() {
  const std::string database = absl::GetFlag(FLAGS_db);
  if (database.empty()) {
    return absl::InvalidArgumentError("--db: name the database file");
  }
  ASSIGN_OR_RETURN(const std::string folder, FolderOf(FLAGS_to, "the backups"));
  ASSIGN_OR_RETURN(const store::Generation made,
                   store::MakeBackup(database, folder, RealClock().Now()));
  PrintMarks(made.content);
  absl::PrintF("wrote %s, %d bytes\n", made.file, made.bytes);
  return absl::OkStatus();
}

absl::Status Restore() {
  const std::string database = absl::GetFlag(FLAGS_db);
  if (database.empty()) {
    return absl::InvalidArgumentError("--db: name the database file to make");
  }
  ASSIGN_OR_RETURN(const std::string folder,
                   FolderOf(FLAGS_from, "the backups"));
  const std::string journal = absl::GetFlag(FLAGS_journal);
  absl::Time until = absl::InfiniteFuture();
  if (const std::string text = absl::GetFlag(FLAGS_until); !text.empty()) {
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, text, &until, &error)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--until: must be a time such as 2026-11-20T22:30:00+09:00"));
    }
  }
  ASSIGN_OR_RETURN(const std::vector<store::Generation> generations,
                   store::ListBackups(folder));
  // The newest with nothing in it that is too late.
  const auto usable = std::find_if(
      generations.begin(), generations.end(),
      [&](const store::Generation& generation) {
        return std::all_of(
            generation.content.centers.begin(),
            generation.content.centers.end(),
            [&](const store::CenterMark& mark) { return mark.time <= until; });
      });
  if (usable == generations.end()) {
    return absl::NotFoundError(
        absl::StrCat(folder, ": there is no complete backup",
                     generations.empty() ? "" : " that old",
                     "; name the folder that `housecalld backup` writes to"));
  }
  RETURN_IF_ERROR(store::Restore(folder, *usable, database));
  absl::PrintF("put back %s, begun %s\n", usable->file, TimeText(usable->time));
  if (!journal.empty()) {
    ASSIGN_OR_RETURN(const store::RolledForward rolled,
                     store::RollForward(journal, database, until));
    absl::PrintF("added %d entries of the journal of %s\n", rolled.entries,
                 journal);
    if (!rolled.stopped.ok()) {
      absl::PrintF("the rest of it cannot be read: %s\n",
                   std::string(rolled.stopped.message()));
    }
    RETURN_IF_ERROR(store::CheckReplay(database));
  }
  ASSIGN_OR_RETURN(const store::Content content, store::ContentOf(database));
  PrintMarks(content);
  absl::PrintF("the database is sound; enter by hand what came later\n");
  return absl::OkStatus();
}

absl::Status Drill() {
  ASSIGN_OR_RETURN(const std::string folder,
                   FolderOf(FLAGS_from, "the backups"));
  ASSIGN_OR_RETURN(const std::vector<store::Generation> generations,
                   store::ListBackups(folder));
  if (generations.empty()) {
    return absl::NotFoundError(
        absl::StrCat(folder,
                     ": there is no complete backup; name the folder that "
                     "`housecalld backup` writes to"));
  }
  const store::Generation& newest = generations.front();
  std::string scratch = absl::GetFlag(FLAGS_scratch);
  if (scratch.empty()) scratch = std::filesystem::temp_directory_path();
  // Patients' data: for nobody else, and gone afterwards.
  std::string trial = absl::StrCat(scratch, "/housecall-drill-XXXXXX");
  if (mkdtemp(trial.data()) == nullptr) {
    return absl::PermissionDeniedError(absl::StrCat(
        "--scratch: cannot make a folder in ", scratch, "; name another"));
  }
  const auto remove = absl::MakeCleanup([&trial] {
    std::error_code ignored;
    std::filesystem::remove_all(trial, ignored);
  });
  const RealClock clock;
  const absl::Time start_time = clock.Now();
  RETURN_IF_ERROR(
      store::Restore(folder, newest, absl::StrCat(trial, "/trial.db")));
  const absl::Duration took = clock.Now() - start_time;
  PrintMarks(newest.content);
  absl::PrintF(
      "%s can be put back: sum, integrity, row counts, chain and replay agree; "
      "it took %.1f s\n",
      newest.file, absl::ToDoubleSeconds(took));
  absl::PrintF("%d generations, the newest %s old\n", generations.size(),
               absl::FormatDuration(
                   absl::Trunc(clock.Now() - newest.time, absl::Seconds(1))));
  if (absl::GetFlag(FLAGS_db).empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<store::Loss> losses,
                   store::LossOf(newest, absl::GetFlag(FLAGS_db)));
  for (const store::Loss& loss : losses) {
    if (!loss.is_in_backup) {
      absl::PrintF("center %s is not in it\n", loss.center.value());
      continue;
    }
    absl::PrintF(
        "center %s would lose %d journal entries, written within %s\n",
        loss.center.value(), loss.entries,
        absl::FormatDuration(absl::Trunc(loss.span, absl::Seconds(1))));
  }
  return absl::OkStatus();
}

// Each client that watches keeps a socket open, and so does each that means
// harm. The usual limit of 1024 files is there for programs that use select().
void RaiseFileLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

absl::Status WritePortFile(const absl::Flag<std::string>& flag, int port) {
  const std::string path = absl::GetFlag(flag);
  if (path.empty()) return absl::OkStatus();
  std::ofstream file(path);
  file << port << std::endl;
  if (!file) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", absl::GetFlagReflectionHandle(flag).Name(),
                     ": cannot write ", path));
  }
  return absl::OkStatus();
}

// Null without --web_listen.
absl::StatusOr<std::unique_ptr<gateway::Gateway>> StartGateway(
    server::Server& server) {
  std::unique_ptr<gateway::Gateway> gateway;
  gateway::Options options;
  options.listen_address = absl::GetFlag(FLAGS_web_listen);
  if (options.listen_address.empty()) {
    if (!absl::GetFlag(FLAGS_web_root).empty()) {
      return absl::InvalidArgumentError(
          "--web_root: nobody is served it without --web_listen");
    }
    return gateway;
  }
  options.tls_certificate_file = absl::GetFlag(FLAGS_tls_cert);
  options.tls_key_file = absl::GetFlag(FLAGS_tls_key);
  options.tls_client_authority_file = absl::GetFlag(FLAGS_tls_client_ca);
  options.web_root = absl::GetFlag(FLAGS_web_root);
  options.origins = absl::GetFlag(FLAGS_web_origin);
  ASSIGN_OR_RETURN(gateway,
                   gateway::Gateway::Start(server.InProcessChannel(), options));
  HC_LOG(kInfo, "serving_browsers").With("port", gateway->port());
  return gateway;
}

absl::Status Serve() {
  // Before any thread is started, so that only this one is told.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  RaiseFileLimit();

  // What cannot be parsed is told to whoever sent it; the log is for those who
  // can do something about it.
  google::protobuf::SetLogHandler(nullptr);

  const absl::Time start_time = absl::Now();
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store, OpenStore(false));
  ASSIGN_OR_RETURN(const TravelTimes travel_times, OpenTravelTimes());
  const RealClock clock;
  engine::Options engine_options;
  engine_options.plans = absl::GetFlag(FLAGS_plan);
  if (travel_times.roads != nullptr) {
    engine_options.drive_finished = [roads = travel_times.roads.get()](
                                        const engine::FinishedDrive& drive) {
      roads->AddDrive(drive.begin_time, drive.unlearned_durations, drive.taken);
    };
  }
  engine::Engine engine(store.get(), &clock, travel_times.source.get(),
                        engine_options);
  RETURN_IF_ERROR(engine.Start());
  if (engine.Centers().empty()) {
    return absl::FailedPreconditionError(
        "the database has no center yet; make one with `housecalld "
        "create-center`");
  }

  outbox::WebhookOptions webhook_options;
  webhook_options.ca_file = absl::GetFlag(FLAGS_webhook_ca);
  webhook_options.timeout = absl::GetFlag(FLAGS_webhook_timeout);
  webhook_options.allow_loopback_http =
      absl::GetFlag(FLAGS_webhook_loopback_http);
  ASSIGN_OR_RETURN(const std::unique_ptr<outbox::WebhookChannel> webhook,
                   outbox::WebhookChannel::Create(&clock, webhook_options));
  outbox::Relay relay(
      store.get(), &clock, {{core::ChannelKind::kWebhook, webhook.get()}},
      {.board =
           [&engine](const core::CenterId& center) {
             return engine.Current(center);
           },
       .submit =
           [&engine](const core::CenterId& center, core::RecordAttempt attempt,
                     std::function<void(absl::Status)> done) {
             engine::Submission submission;
             submission.actor = core::SystemActor();
             submission.command = std::move(attempt);
             submission.done = [done = std::move(done)](
                                   absl::StatusOr<engine::Result> result) {
               done(result.status());
             };
             engine.Submit(center, std::move(submission));
           }});
  // Also when it cannot start: the engine calls the relay, the relay the
  // engine and the channel.
  const auto stop = absl::MakeCleanup([&] {
    relay.Stop();
    webhook->Stop();
    engine.Stop();
  });
  // A commit with deliveries in it wakes the relay, which else looks each
  // second.
  for (const core::CenterId& center : engine.Centers()) {
    RETURN_IF_ERROR(
        engine
            .Subscribe(
                center, -1,
                [&relay](const engine::Commit& commit) {
                  for (const auto& entry : commit.entries) {
                    if (!core::OutboxFor({&entry.event, 1}).put.empty()) {
                      relay.Wake();
                      return;
                    }
                  }
                })
            .status());
  }
  relay.Start();

  server::Options options;
  options.listen_address = absl::GetFlag(FLAGS_listen);
  options.tls_certificate_file = absl::GetFlag(FLAGS_tls_cert);
  options.tls_key_file = absl::GetFlag(FLAGS_tls_key);
  options.tls_client_authority_file = absl::GetFlag(FLAGS_tls_client_ca);
  ASSIGN_OR_RETURN(const std::unique_ptr<server::Server> server,
                   server::Server::Start(&engine, options));
  HC_LOG(kInfo, "serving")
      .With("port", server->port())
      .With("centers", static_cast<int64_t>(engine.Centers().size()))
      .With("travel_times", travel_times.source->description())
      .With("start_milliseconds",
            absl::ToInt64Milliseconds(absl::Now() - start_time));
  ASSIGN_OR_RETURN(const std::unique_ptr<gateway::Gateway> gateway,
                   StartGateway(*server));
  if (gateway != nullptr) {
    RETURN_IF_ERROR(WritePortFile(FLAGS_web_port_file, gateway->port()));
  }
  RETURN_IF_ERROR(WritePortFile(FLAGS_port_file, server->port()));

  const int signal = FollowRoadsUntilSignal(signals, travel_times.roads.get());
  HC_LOG(kInfo, "stopping").With("signal", static_cast<int64_t>(signal));
  // The server ends the streams, and the gateway tells the browsers so.
  if (gateway != nullptr) gateway->StopAccepting();
  server->Shutdown(absl::Seconds(5));
  if (gateway != nullptr) gateway->Shutdown(absl::Seconds(1));
  relay.Stop();
  webhook->Stop();
  engine.Stop();
  HC_LOG(kInfo, "stopped");
  return absl::OkStatus();
}

// What gRPC has to say of its peers stands in the log as everything else does,
// and not at all in the answer to a command.
void LogOfGrpc(gpr_log_func_args* args) {
  if (args->severity != GPR_LOG_SEVERITY_ERROR) return;
  HC_LOG(kWarning, "grpc").With("message", args->message);
}

int Main(int argc, char** argv) {
  absl::SetProgramUsageMessage(kUsage);
  const std::vector<char*> arguments = absl::ParseCommandLine(argc, argv);
  const std::string command = arguments.size() == 2 ? arguments[1] : "";
  absl::Status status;
  if (command == "serve") {
    gpr_set_log_function(LogOfGrpc);
    status = Serve();
  } else if (command == "create-center") {
    status = CreateCenter();
  } else if (command == "reset-password") {
    status = ResetPassword();
  } else if (command == "check") {
    status = Check();
  } else if (command == "backup") {
    status = Backup();
  } else if (command == "restore") {
    status = Restore();
  } else if (command == "drill") {
    status = Drill();
  } else {
    std::fprintf(stderr, "%s\n", kUsage);
    return kUsageError;
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "housecalld: %s\n",
               std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) ? kUsageError : 1;
}

}  // namespace
}  // namespace housecall

int main(int argc, char** argv) { return housecall::Main(argc, argv); }
