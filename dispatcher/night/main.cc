// housecall-night: nights against the real planner.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/night/history.h"
#include "dispatcher/night/policy.h"
#include "dispatcher/night/settings.h"
#include "dispatcher/night/study.h"
#include "dispatcher/store/sqlite_store.h"
#include "router/road_files.h"
#include "router/router.h"

namespace housecall::night {
namespace {

constexpr int kOk = 0;
constexpr int kFailure = 1;
constexpr int kUsage = 2;

struct Arguments {
  Settings settings;
  std::vector<std::string> files;
  std::string html;
  bool timeline = false;
  std::vector<Variant> policies;
  std::optional<RotaChanges> changes;
  // Of from-center.
  std::string database;
  std::string center;
  std::string night;
  std::string begin = "18:00";
  double hours = 14;
  std::string map;
};

// "-1,+2".
absl::Status ParseCounts(const std::string& text, std::vector<int>* counts) {
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    constexpr int kMost = 100;
    int count = 0;
    if (!absl::SimpleAtoi(part, &count) || count == 0 ||
        std::abs(count) > kMost) {
      return absl::InvalidArgumentError(
          "numbers such as -1,+2 wanted, 100 at most");
    }
    counts->push_back(count);
  }
  return absl::OkStatus();
}

// "0.7,1.3".
absl::Status ParseFactors(const std::string& text,
                          std::vector<double>* factors) {
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    double factor = 0;
    if (!absl::SimpleAtod(part, &factor) || !(factor > 0 && factor <= 2)) {
      return absl::InvalidArgumentError(
          "numbers such as 0.7,1.3 wanted, more than 0 and at most 2");
    }
    factors->push_back(factor);
  }
  return absl::OkStatus();
}

// The changes of a sweep: as usual until one is asked for.
RotaChanges* ChangesOf(Arguments* arguments) {
  if (!arguments->changes.has_value()) arguments->changes = {{}, {}, {}};
  return &*arguments->changes;
}

absl::Status SetText(const std::string& value, std::string* text) {
  if (value.empty()) return absl::InvalidArgumentError("must not be empty");
  *text = value;
  return absl::OkStatus();
}

struct Flag {
  const char* name;
  // What is to be given, or null.
  const char* value;
  const char* help;
  absl::Status (*set)(const std::string& value, Arguments* arguments);
};

constexpr Flag kSet = {
    "--set", "NAME=VALUE",
    R"(a value of the center's policy, or an option of the planner; again for
      further ones. The same limits hold as in housecalld. Names and defaults
      are below.)",
    [](const std::string& value, Arguments* arguments) {
      return arguments->settings.Set(value);
    }};
constexpr Flag kMaxSteps = {
    "--max_steps", "NUMBER",
    R"(how long the planner may search for each decision, in steps of some
      20 ns; 0: calls are planned for those who are free now.)",
    [](const std::string& value, Arguments* arguments) {
      return arguments->settings.Set("max_steps=" + value);
    }};
constexpr Flag kSeed = {
    "--seed", "NUMBER",
    R"(of everything that is drawn by chance, such as the calls to come that the
      planner imagines. The same seed gives the same night.)",
    [](const std::string& value, Arguments* arguments) {
      return arguments->settings.Set("seed=" + value);
    }};
constexpr Flag kHtml = {"--html", "FILE",
                        "also writes the table as a page with bars.",
                        [](const std::string& value, Arguments* arguments) {
                          return SetText(value, &arguments->html);
                        }};
constexpr Flag kTimeline = {"--timeline", nullptr,
                            "also prints each car's stops.",
                            [](const std::string&, Arguments* arguments) {
                              arguments->timeline = true;
                              return absl::OkStatus();
                            }};
constexpr Flag kPolicy = {
    "--policy", "TITLE:NAME=VALUE,…",
    R"(instead of the two others: a policy of your own, by a title and what is
      set in it besides --set; again for further ones.)",
    [](const std::string& value, Arguments* arguments) {
      const std::vector<std::string> parts =
          absl::StrSplit(value, absl::MaxSplits(':', 1));
      if (parts.size() != 2 || parts[0].empty()) {
        return absl::InvalidArgumentError("TITLE:NAME=VALUE,… wanted");
      }
      for (const Variant& other : arguments->policies) {
        if (other.name == parts[0]) {
          return absl::InvalidArgumentError("each title once wanted");
        }
      }
      // Upon what --set says, which may come later: see Main.
      Variant variant = {parts[0], Settings(),
                         [](const Night& night) { return night; }};
      absl::Status status = variant.settings.SetAll(parts[1]);
      arguments->policies.push_back(std::move(variant));
      return status;
    }};
constexpr Flag kCars = {
    "--cars", "-1,+1,…", "so many cars with a driver fewer or more.",
    [](const std::string& value, Arguments* arguments) {
      return ParseCounts(value, &ChangesOf(arguments)->cars);
    }};
constexpr Flag kPhysicians = {
    "--physicians", "-1,+1,…", "so many physicians fewer or more.",
    [](const std::string& value, Arguments* arguments) {
      return ParseCounts(value, &ChangesOf(arguments)->physicians);
    }};
constexpr Flag kCalls = {"--calls", "0.7,1.3,…", "so many times the calls.",
                         [](const std::string& value, Arguments* arguments) {
                           return ParseFactors(value,
                                               &ChangesOf(arguments)->calls);
                         }};
constexpr Flag kDatabase = {
    "--database", "FILE",
    "of housecalld; not one that is in use, see above. Wanted.",
    [](const std::string& value, Arguments* arguments) {
      return SetText(value, &arguments->database);
    }};
constexpr Flag kCenter = {"--center", "ID", "the center's. Wanted.",
                          [](const std::string& value, Arguments* arguments) {
                            return SetText(value, &arguments->center);
                          }};
constexpr Flag kNight = {"--night", "YYYY-MM-DD",
                         "the day on whose evening it began. Wanted.",
                         [](const std::string& value, Arguments* arguments) {
                           return SetText(value, &arguments->night);
                         }};
constexpr Flag kBegin = {"--begin", "HH:MM",
                         "when it began, in the center's time; 18:00.",
                         [](const std::string& value, Arguments* arguments) {
                           return SetText(value, &arguments->begin);
                         }};
constexpr Flag kHours = {
    "--hours", "NUMBER", "how long it was; 14.",
    [](const std::string& value, Arguments* arguments) {
      double hours = 0;
      if (!absl::SimpleAtod(value, &hours) || !(hours > 0 && hours <= 72)) {
        return absl::InvalidArgumentError("more than 0 and at most 72 wanted");
      }
      arguments->hours = hours;
      return absl::OkStatus();
    }};
constexpr Flag kMap = {
    "--map", "FILE",
    "made by housecall-map import; without it, straight lines.",
    [](const std::string& value, Arguments* arguments) {
      return SetText(value, &arguments->map);
    }};

struct Command {
  const char* name;
  const char* arguments;
  const char* title;
  const char* help;
  std::vector<Flag> flags;
  int (*run)(const Arguments&);
};

absl::StatusOr<std::vector<Night>> ReadNights(
    const std::vector<std::string>& files) {
  std::vector<Night> nights;
  for (const std::string& file : files) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) return absl::NotFoundError(absl::StrCat(file, ": cannot be read"));
    absl::StatusOr<Night> night = ReadNight(text.str());
    if (!night.ok()) {
      return absl::Status(night.status().code(),
                          absl::StrCat(file, ": ", night.status().message()));
    }
    nights.push_back(*std::move(night));
  }
  return nights;
}

// A bar on the terminal, if somebody looks; `done` counts nights, and parts of
// the one that is under way.
class ProgressBar {
 public:
  ~ProgressBar() {
    if (!shown_.empty()) std::cerr << "\n";
  }
  void Show(double done, size_t all) {
    if (!is_watched_ || all == 0) return;
    constexpr size_t kWidth = 30;
    const double share = std::clamp(done / static_cast<double>(all), 0.0, 1.0);
    const size_t filled = static_cast<size_t>(kWidth * share);
    const std::string bar = absl::StrCat(
        "[", std::string(filled, '#'), std::string(kWidth - filled, ' '), "] ",
        std::floor(100 * share), " %, ", std::floor(done), " of ", all,
        all == 1 ? " night" : " nights");
    // Decisions come in thousands.
    if (bar == shown_) return;
    std::cerr << "\r" << bar << std::flush;
    shown_ = bar;
  }

 private:
  const bool is_watched_ = isatty(STDERR_FILENO) != 0;
  std::string shown_;
};

int Fail(const absl::Status& status) {
  std::cerr << "housecall-night: " << status.message() << "\n";
  return kFailure;
}

// With what the settings say of nights; an error if they do not fit one.
absl::StatusOr<std::vector<Night>> NightsOf(const Arguments& arguments) {
  ASSIGN_OR_RETURN(std::vector<Night> nights, ReadNights(arguments.files));
  for (size_t i = 0; i < nights.size(); ++i) {
    const absl::Status fits = arguments.settings.For(nights[i]).status();
    if (!fits.ok()) {
      return absl::Status(
          fits.code(),
          absl::StrCat(arguments.files[i], ": policy: ", fits.message()));
    }
  }
  return nights;
}

int RunSimulate(const Arguments& arguments) {
  const absl::StatusOr<std::vector<Night>> nights = NightsOf(arguments);
  if (!nights.ok()) return Fail(nights.status());
  std::vector<StudyRow> rows;
  std::vector<NightResult> results;
  std::string timelines;
  {
    ProgressBar bar;
    for (size_t i = 0; i < nights->size(); ++i) {
      const Night& night = (*nights)[i];
      SimulateOptions options;
      options.progress = [&](double seconds) {
        bar.Show(static_cast<double>(i) + seconds / night.horizon,
                 nights->size());
      };
      absl::StatusOr<NightResult> result =
          RunNight(night, arguments.settings, options);
      if (!result.ok()) return Fail(result.status());
      if (arguments.timeline) {
        absl::StrAppend(&timelines, night.id, "\n",
                        TimelineText(night, *result), "\n");
      }
      rows.push_back(MeanOf(night.id, {*result}));
      results.push_back(*std::move(result));
    }
    bar.Show(static_cast<double>(nights->size()), nights->size());
  }
  if (nights->size() > 1) rows.push_back(MeanOf("mean", results));
  std::cout << timelines << StudyTable(rows);
  return kOk;
}

int RunVariants(const std::string& title, const Arguments& arguments,
                const std::vector<Night>& nights,
                const std::vector<Variant>& variants) {
  absl::StatusOr<std::vector<StudyRow>> rows;
  {
    ProgressBar bar;
    rows = RunStudy(nights, variants,
                    [&](double done, size_t all) { bar.Show(done, all); });
  }
  if (!rows.ok()) return Fail(rows.status());
  std::cout << StudyTable(*rows);
  if (arguments.html.empty()) return kOk;
  std::ofstream out(arguments.html);
  out << StudyHtml(title, *rows);
  out.close();
  if (!out) {
    return Fail(absl::UnavailableError(
        absl::StrCat(arguments.html, ": cannot be written")));
  }
  return kOk;
}

int RunCompare(const Arguments& arguments) {
  const absl::StatusOr<std::vector<Night>> nights = NightsOf(arguments);
  if (!nights.ok()) return Fail(nights.status());
  std::vector<Variant> variants = PolicyVariants(arguments.settings);
  if (!arguments.policies.empty()) {
    variants.resize(1);
    variants.insert(variants.end(), arguments.policies.begin(),
                    arguments.policies.end());
  }
  return RunVariants("Policies compared", arguments, *nights, variants);
}

int RunSweep(const Arguments& arguments) {
  const absl::StatusOr<std::vector<Night>> nights = NightsOf(arguments);
  if (!nights.ok()) return Fail(nights.status());
  return RunVariants("What if", arguments, *nights,
                     RotaVariants(*nights, arguments.settings,
                                  arguments.changes.value_or(RotaChanges())));
}

absl::StatusOr<std::vector<std::vector<double>>> TableOf(
    const router::TravelTimeSource& source,
    const std::vector<core::LatLng>& places) {
  std::vector<router::LatLng> all;
  for (const core::LatLng& place : places) {
    all.push_back({place.latitude, place.longitude});
  }
  ASSIGN_OR_RETURN(const router::TravelTable table, source.Times(all, all));
  std::vector<std::vector<double>> rows(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < all.size(); ++j) {
      const router::TravelCell& cell = table.at(i, j);
      rows[i].push_back(i == j ? 0
                        : !cell.reachable
                            ? -1
                            : absl::ToDoubleSeconds(cell.duration));
    }
  }
  return rows;
}

// A server holds its database; a backup must stay as it was made.
absl::StatusOr<std::unique_ptr<store::Store>> OpenCopy(
    const std::string& file) {
  absl::StatusOr<std::unique_ptr<store::Store>> store =
      store::OpenSqliteStore(file);
  if (store.ok() ||
      store.status().code() != absl::StatusCode::kFailedPrecondition) {
    return store;
  }
  return absl::FailedPreconditionError(absl::StrCat(
      store.status().message(),
      "\nOf a database that is in use take a copy: `housecalld backup --db=",
      file,
      " --to=FOLDER`, then `housecalld restore --from=FOLDER "
      "--db=COPY`, and name COPY here."));
}

absl::StatusOr<Night> NightOfCenter(const Arguments& arguments) {
  // Opening would make it.
  if (!std::ifstream(arguments.database)) {
    return absl::NotFoundError(
        absl::StrCat(arguments.database, ": cannot be read"));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                   OpenCopy(arguments.database));
  const core::CenterId center(arguments.center);
  // The time zone stands on the board.
  ASSIGN_OR_RETURN(const store::Snapshot now,
                   store->Load(center, absl::InfiniteFuture()));
  if (now.version == 0) {
    return absl::NotFoundError(
        absl::StrCat("--center ", arguments.center, ": not in the database"));
  }
  HistoryOptions options;
  std::string error;
  options.length = absl::Hours(arguments.hours);
  if (!absl::ParseTime("%Y-%m-%d %H:%M",
                       arguments.night + " " + arguments.begin,
                       core::ZoneNamed(now.board.center().time_zone),
                       &options.begin_time, &error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--night ", arguments.night, " --begin ", arguments.begin,
                     ": a day such as 2026-11-20 and a time such as 18:00 "
                     "wanted (",
                     error, ")"));
  }
  ASSIGN_OR_RETURN(const store::Snapshot then,
                   store->Load(center, options.begin_time));
  std::unique_ptr<router::RoadFiles> roads;
  std::unique_ptr<const router::TravelTimeSource> source;
  if (arguments.map.empty()) {
    source = std::make_unique<router::StraightLine>();
  } else {
    router::RoadFiles::Options files;
    files.map_path = arguments.map;
    files.roads.calendar.is_public_holiday = [](absl::CivilDay day) {
      return !core::NationalHoliday(day).empty();
    };
    ASSIGN_OR_RETURN(
        roads, router::RoadFiles::Open(std::move(files), options.begin_time));
    const core::Policy& policy = then.board.center().policy;
    source = router::RoadTravelTimes(&roads->roads())
                 .Pinned({policy.use_tolls, policy.use_ferries});
  }
  return NightFromHistory(then.board, options,
                          [&](const std::vector<core::LatLng>& places) {
                            return TableOf(*source, places);
                          });
}

int RunFromCenter(const Arguments& arguments) {
  const absl::StatusOr<Night> night = NightOfCenter(arguments);
  if (!night.ok()) return Fail(night.status());
  std::cout << WriteNight(*night) << "\n";
  return kOk;
}

int RunPolicyCommand(const Arguments& arguments) {
  const absl::StatusOr<DispatcherOptions> options = arguments.settings.Alone();
  if (!options.ok()) return Fail(options.status());
  return RunPolicy(*options, RealClock(), std::cin, std::cout, std::cerr) == 0
             ? kOk
             : kFailure;
}

const std::vector<Command>& Commands() {
  static const auto& commands = *new std::vector<Command>{
      {"simulate",
       "NIGHT.json…",
       "figures of each night; each car's stops",
       R"(Runs the nights on a simulated clock, with the daemon's planner, and prints
their figures. A night is a file of the format house-call-night/1; an invented
one is deploy/demo/night.json, and from-center makes one of a center's history.

"promises kept": of all arrivals that people were told of ("by 22:40"), those
that came in time; "of crews": of those that a crew had accepted.
"own doctor": of the calls whose own physician was on duty. "burden spread": how
unevenly visits fell upon the physicians, for each hour on duty. "overtime":
minutes from the end of physicians' shifts until they were home.

Crews do at once what they are told. With --set crews_answer=true they are asked
first and take their time, as at a center; some decline or do not answer.)",
       {kTimeline, kMaxSteps, kSeed, kSet},
       RunSimulate},
      {"compare",
       "NIGHT.json…",
       "the planner, without looking ahead, whoever is free now",
       R"(The same nights under several policies, side by side: the planner; the planner
without looking ahead; whoever is free now. With --policy: the planner as --set
leaves it, and each policy of your own, such as

  housecall-night compare NIGHT.json --policy "punctual:tardiness_weight=20" \
    --policy "familiar:own_physician_bonus_minutes=30,anticipates=false")",
       {kPolicy, kHtml, kMaxSteps, kSeed, kSet},
       RunCompare},
      {"sweep",
       "NIGHT.json…",
       "other rotas and loads side by side",
       R"(The same nights with one car or physician more or fewer and with 30 % more
calls; or, as soon as one of --cars, --physicians and --calls is given, with
what these say.

A car more is on duty all night, with a driver, at the base that most cars have.
A car fewer is the one that is on duty for the shortest time, of equals the
last. A physician more is on duty all night, has the skills of the one who has
most, and is fetched from that one's home. A physician fewer is the one who is
missed least: first those calls count that nobody else on duty has the skill
for, then the hours on duty, then the calls whose own physician he is. Where all
nights lose the same one, the table says which. Further calls come from where
calls came from, 37 minutes later; those that are left out are spread over the
night.)",
       {kCars, kPhysicians, kCalls, kHtml, kMaxSteps, kSeed, kSet},
       RunSweep},
      {"from-center",
       "> NIGHT.json",
       "a night file from a center's history",
       R"(Writes the night as the center lived through it: its rota, its calls and its
configuration, without patients' data. People and calls are numbered, places are
moved by up to some hundred meters, times are to the minute.

The database must not be in use, and a backup must stay as it was made, so take
a copy:

  housecalld backup --db=housecall.db --to=backups
  housecalld restore --from=backups --db=copy.db
  housecall-night from-center --database copy.db --center hino \
    --night 2026-11-20 --map center.map > night.json)",
       {kDatabase, kCenter, kNight, kBegin, kHours, kMap},
       RunFromCenter},
      {"policy",
       "",
       "one side of a night referee's protocol",
       R"(Speaks the night referee's protocol: JSON lines on standard input and output.
The planner is the daemon's, with its defaults. Exit status 1 if a line could
not be understood.)",
       {kMaxSteps, kSeed, kSet},
       RunPolicyCommand},
  };
  return commands;
}

std::string Help() {
  std::string help =
      "housecall-night: nights against the real planner, to size a rota.\n\n";
  for (const Command& command : Commands()) {
    // The ellipsis has three bytes.
    const int width = absl::StrContains(command.arguments, "…") ? 16 : 14;
    absl::StrAppendFormat(&help, "  housecall-night %-11s %-*s %s\n",
                          command.name, width, command.arguments,
                          command.title);
  }
  return help + R"(
housecall-night COMMAND --help says more, with every flag.
Exit status: 0 done, 1 failed, 2 wrong usage.
)";
}

std::string HelpOf(const Command& command) {
  std::string help =
      absl::StrCat("housecall-night ", command.name, " [FLAG…] ",
                   command.arguments, "\n\n", command.help, "\n\n");
  bool has_set = false;
  for (const Flag& flag : command.flags) {
    absl::StrAppend(&help, "  ", flag.name,
                    flag.value == nullptr ? "" : absl::StrCat(" ", flag.value),
                    "\n      ", flag.help, "\n");
    has_set = has_set || flag.set == kSet.set;
  }
  if (has_set) {
    absl::StrAppend(&help, "\nNames of --set, with their defaults:\n",
                    Settings::Names());
  }
  return help;
}

int Usage(absl::string_view command, absl::string_view error) {
  std::cerr << "housecall-night: " << error << "; see housecall-night "
            << command << (command.empty() ? "" : " ") << "--help\n";
  return kUsage;
}

// --NAME VALUE, or --NAME=VALUE. InvalidArgument says what is wrong.
absl::Status Parse(const Command& command,
                   const std::vector<std::string>& words,
                   Arguments* arguments) {
  const bool takes_files = absl::StartsWith(command.arguments, "NIGHT");
  for (size_t i = 0; i < words.size(); ++i) {
    if (!absl::StartsWith(words[i], "-") && takes_files) {
      arguments->files.push_back(words[i]);
      continue;
    }
    const std::vector<std::string> parts =
        absl::StrSplit(words[i], absl::MaxSplits('=', 1));
    const auto flag =
        std::find_if(command.flags.begin(), command.flags.end(),
                     [&](const Flag& each) { return each.name == parts[0]; });
    if (flag == command.flags.end() ||
        (flag->value == nullptr && parts.size() > 1)) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown argument ", words[i]));
    }
    std::string value;
    if (flag->value != nullptr) {
      if (parts.size() > 1) {
        value = parts[1];
      } else if (i + 1 < words.size()) {
        value = words[++i];
      } else {
        return absl::InvalidArgumentError(
            absl::StrCat(flag->name, ": ", flag->value, " wanted"));
      }
    }
    const absl::Status set = flag->set(value, arguments);
    if (!set.ok()) {
      // Messages about settings begin with what was said.
      return absl::InvalidArgumentError(
          absl::StrCat(flag->name, " ",
                       absl::StartsWith(set.message(), value + ":")
                           ? ""
                           : absl::StrCat(value, ": "),
                       set.message()));
    }
  }
  if (takes_files && arguments->files.empty()) {
    return absl::InvalidArgumentError("NIGHT.json wanted");
  }
  return absl::OkStatus();
}

// What is to be known of all arguments together. InvalidArgument says what is
// wrong.
absl::Status Check(const Command& command, Arguments* arguments) {
  if (command.run == RunFromCenter &&
      (arguments->database.empty() || arguments->center.empty() ||
       arguments->night.empty())) {
    return absl::InvalidArgumentError("--database, --center, --night wanted");
  }
  if (const absl::Status status = arguments->settings.Alone().status();
      !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--set ", status.message()));
  }
  if (command.run == RunPolicyCommand) {
    const std::vector<std::string> names = arguments->settings.OfTheNight();
    if (!names.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--set ", names.front(), ": the referee's night says it"));
    }
  }
  for (Variant& policy : arguments->policies) {
    Settings settings = arguments->settings;
    settings.Add(policy.settings);
    policy.settings = std::move(settings);
    if (const absl::Status status = policy.settings.Alone().status();
        !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--policy ", policy.name, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& words) {
  const auto is_help = [](const std::string& word) {
    return word == "--help" || word == "-h" || word == "help";
  };
  if (words.empty()) return Usage("", "a command is wanted");
  const bool wants_all = is_help(words[0]) && words.size() == 1;
  const std::string& name =
      is_help(words[0]) && words.size() > 1 ? words[1] : words[0];
  if (wants_all) {
    std::cout << Help();
    return kOk;
  }
  const std::vector<Command>& commands = Commands();
  const auto command =
      std::find_if(commands.begin(), commands.end(),
                   [&](const Command& each) { return each.name == name; });
  if (command == commands.end()) return Usage("", "unknown command " + name);
  if (is_help(words[0]) ||
      std::any_of(words.begin() + 1, words.end(), [](const std::string& word) {
        return word == "--help" || word == "-h";
      })) {
    std::cout << HelpOf(*command);
    return kOk;
  }
  Arguments arguments;
  absl::Status status =
      Parse(*command, {words.begin() + 1, words.end()}, &arguments);
  if (status.ok()) status = Check(*command, &arguments);
  if (!status.ok()) return Usage(command->name, status.message());
  const int exit_status = command->run(arguments);
  std::cout.flush();
  if (!std::cout) {
    return Fail(absl::UnavailableError("standard output: cannot be written"));
  }
  return exit_status;
}

}  // namespace
}  // namespace housecall::night

int main(int argc, char** argv) {
  return housecall::night::Main({argv + 1, argv + argc});
}
