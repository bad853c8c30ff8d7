// housecall-night: nights against the real planner.
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/night/history.h"
#include "dispatcher/night/policy.h"
#include "dispatcher/night/study.h"
#include "dispatcher/store/sqlite_store.h"
#include "router/road_files.h"
#include "router/router.h"

namespace housecall::night {
namespace {

constexpr int kOk = 0;
constexpr int kFailure = 1;
constexpr int kUsage = 2;

constexpr char kHelp[] =
    R"(housecall-night: nights against the real planner.

  housecall-night policy [--max_steps NUMBER] [--set NAME=NUMBER …]
      Speaks the night referee's protocol: JSON lines on standard input and
      output. The planner is the daemon's, with its defaults.

  housecall-night simulate NIGHT.json… [--timeline] [--max_steps …] [--set …]
      Runs the nights on a simulated clock and prints their figures, and with
      --timeline each car's stops. "promises kept": of all arrivals that people
      were told of ("by 22:40"), those that came in time; "of crews": of those
      that a crew had accepted.

  housecall-night compare NIGHT.json… [--html FILE] [--max_steps …] [--set …]
      The planner, the planner without looking ahead, and whoever is free now:
      their figures side by side.

  housecall-night sweep NIGHT.json… [--html FILE] [--max_steps …] [--set …]
      The same nights with one car or physician more or fewer, and with 30 %
      more calls.

  housecall-night from-center --database FILE --center ID --night YYYY-MM-DD
                              [--map FILE] > NIGHT.json
      The night that began at 18:00 of that day as the center lived through it:
      its rota and its calls, without patients' data; places are moved by up to
      some hundred meters. The database must not be in use: take a backup.
      Travel times are the map's, or those of straight lines.

  --html FILE: the table as a page with bars.
  --max_steps NUMBER: how long the planner may search for each decision, in
      steps of some 20 ns; 0: calls are planned for those who are free now.
  --set: a number of the center's policy, such as tardiness_weight=20,
      promise_share=0.95, anticipates=0 (free crews are not moved) or holds=1
      (a crew is kept free for an urgent call that is expected), or an option
      of the planner: forecast (0: it does not look ahead), relocates,
      calls_per_car, horizon_minutes, scenarios, forecast_steps, max_steps.
  Exit status: 0 done, 1 failed, 2 wrong usage.
)";

int Usage(const std::string& error) {
  std::cerr << "housecall-night: " << error << "\n\n" << kHelp;
  return kUsage;
}

// A number of the policy, by its name.
bool SetPolicy(const std::string& name, double number, core::Policy* policy) {
  bool set = false;
  VisitFields(*policy, [&](const char* field, auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, double> ||
                  std::is_same_v<Value, bool>) {
      if (name == field) {
        value = static_cast<Value>(number);
        set = true;
      }
    }
  });
  return set;
}

// An option of the planner, by its name.
bool SetPlan(const std::string& name, double number,
             planner::PlanOptions* plan) {
  planner::ForecastOptions& forecast = plan->forecast;
  const std::map<std::string, std::function<void()>> setters = {
      {"forecast", [&] { forecast.on = number != 0; }},
      {"relocates", [&] { forecast.relocates = number != 0; }},
      {"calls_per_car", [&] { forecast.calls_per_car = number; }},
      {"horizon_minutes", [&] { forecast.horizon_minutes = number; }},
      {"scenarios", [&] { forecast.scenarios = static_cast<int>(number); }},
      {"forecast_steps",
       [&] { forecast.max_steps = static_cast<int64_t>(number); }},
      {"max_steps", [&] { plan->max_steps = static_cast<int64_t>(number); }},
  };
  const auto found = setters.find(name);
  if (found == setters.end()) return false;
  found->second();
  return true;
}

struct Arguments {
  DispatcherOptions options;
  std::vector<std::string> files;
  std::string html;
  bool timeline = false;
  // Of from-center.
  std::string database;
  std::string center;
  std::string night;
  std::string map;
};

// The error, or empty.
std::string ParseFromCenter(const std::vector<std::string>& arguments,
                            Arguments* parsed) {
  const std::map<std::string, std::string*> values = {
      {"--database", &parsed->database},
      {"--center", &parsed->center},
      {"--night", &parsed->night},
      {"--map", &parsed->map}};
  for (size_t i = 1; i < arguments.size(); i += 2) {
    const auto found = values.find(arguments[i]);
    if (found == values.end() || i + 1 == arguments.size()) {
      return absl::StrCat("unknown argument ", arguments[i]);
    }
    *found->second = arguments[i + 1];
  }
  if (parsed->database.empty() || parsed->center.empty() ||
      parsed->night.empty()) {
    return "from-center wants --database, --center and --night";
  }
  return "";
}

// The error, or empty.
std::string Parse(const std::vector<std::string>& arguments,
                  Arguments* parsed) {
  const bool is_policy = arguments[0] == "policy";
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--timeline" && arguments[0] == "simulate") {
      parsed->timeline = true;
      continue;
    }
    if (!absl::StartsWith(argument, "--") && !is_policy) {
      parsed->files.push_back(argument);
      continue;
    }
    const bool takes_html =
        arguments[0] == "compare" || arguments[0] == "sweep";
    if ((argument != "--max_steps" && argument != "--set" &&
         !(argument == "--html" && takes_html)) ||
        i + 1 == arguments.size()) {
      return absl::StrCat("unknown argument ", argument);
    }
    const std::string& value = arguments[++i];
    if (argument == "--html") {
      parsed->html = value;
    } else if (argument == "--max_steps") {
      if (!absl::SimpleAtoi(value, &parsed->options.plan.max_steps) ||
          parsed->options.plan.max_steps < 0) {
        return absl::StrCat("--max_steps ", value, ": a number wanted");
      }
    } else {
      const std::vector<std::string> parts =
          absl::StrSplit(value, absl::MaxSplits('=', 1));
      double number = 0;
      if (parts.size() != 2 || !absl::SimpleAtod(parts[1], &number) ||
          !(SetPolicy(parts[0], number, &parsed->options.policy) ||
            SetPlan(parts[0], number, &parsed->options.plan))) {
        return absl::StrCat("--set ", value, ": NAME=NUMBER wanted");
      }
    }
  }
  if (!is_policy && parsed->files.empty()) return "which nights?";
  return "";
}

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

// A bar on the terminal, if somebody looks.
void ShowProgress(size_t done, size_t all) {
  if (isatty(STDERR_FILENO) == 0) return;
  constexpr size_t kWidth = 30;
  const size_t filled = all == 0 ? kWidth : kWidth * done / all;
  std::cerr << "\r[" << std::string(filled, '#')
            << std::string(kWidth - filled, ' ') << "] " << done << "/" << all
            << (done == all ? "\n" : "") << std::flush;
}

int Fail(const absl::Status& status) {
  std::cerr << "housecall-night: " << status.message() << "\n";
  return kFailure;
}

int RunSimulate(const Arguments& arguments, const std::vector<Night>& nights) {
  std::vector<StudyRow> rows;
  std::vector<NightResult> results;
  for (size_t i = 0; i < nights.size(); ++i) {
    const Night& night = nights[i];
    ShowProgress(i, nights.size());
    absl::StatusOr<NightResult> result = RunNight(night, arguments.options);
    if (!result.ok()) return Fail(result.status());
    if (arguments.timeline) {
      std::cout << night.id << "\n" << TimelineText(night, *result) << "\n";
    }
    rows.push_back(MeanOf(night.id, {*result}));
    results.push_back(*std::move(result));
  }
  ShowProgress(nights.size(), nights.size());
  if (nights.size() > 1) rows.push_back(MeanOf("mean", results));
  std::cout << StudyTable(rows);
  return kOk;
}

int RunVariants(const std::string& title, const Arguments& arguments,
                const std::vector<Night>& nights,
                const std::vector<Variant>& variants) {
  const absl::StatusOr<std::vector<StudyRow>> rows =
      RunStudy(nights, variants, ShowProgress);
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

absl::StatusOr<Night> NightOfCenter(const Arguments& arguments) {
  // Opening would make it.
  if (!std::ifstream(arguments.database)) {
    return absl::NotFoundError(
        absl::StrCat(arguments.database, ": cannot be read"));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<store::Store> store,
                   store::OpenSqliteStore(arguments.database));
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
  if (!absl::ParseTime("%Y-%m-%d %H:%M", arguments.night + " 18:00",
                       core::ZoneNamed(now.board.center().time_zone),
                       &options.begin_time, &error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--night ", arguments.night, ": ", error));
  }
  ASSIGN_OR_RETURN(const store::Snapshot then,
                   store->Load(center, options.begin_time));
  std::unique_ptr<router::RoadFiles> roads;
  std::unique_ptr<router::TravelTimeSource> source;
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
    source = std::make_unique<router::RoadTravelTimes>(&roads->roads());
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

int Main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return Usage("which command?");
  const std::string& command = arguments[0];
  if (command == "--help" || command == "help") {
    std::cout << kHelp;
    return kOk;
  }
  if (command != "policy" && command != "simulate" && command != "compare" &&
      command != "sweep" && command != "from-center") {
    return Usage("unknown command " + command);
  }
  Arguments parsed;
  const std::string error = command == "from-center"
                                ? ParseFromCenter(arguments, &parsed)
                                : Parse(arguments, &parsed);
  if (!error.empty()) return Usage(error);
  if (command == "from-center") return RunFromCenter(parsed);
  if (command == "policy") {
    return RunPolicy(parsed.options, RealClock(), std::cin, std::cout,
                     std::cerr) == 0
               ? kOk
               : kFailure;
  }
  const absl::StatusOr<std::vector<Night>> nights = ReadNights(parsed.files);
  if (!nights.ok()) return Fail(nights.status());
  if (command == "simulate") return RunSimulate(parsed, *nights);
  if (command == "compare") {
    return RunVariants("Policies compared", parsed, *nights,
                       PolicyVariants(parsed.options));
  }
  return RunVariants("What if", parsed, *nights, RotaVariants(parsed.options));
}

}  // namespace
}  // namespace housecall::night

int main(int argc, char** argv) {
  return housecall::night::Main({argv + 1, argv + argc});
}
