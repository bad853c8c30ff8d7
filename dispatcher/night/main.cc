// housecall-night: nights against the real planner.
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "dispatcher/base/clock.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/night/policy.h"
#include "dispatcher/night/study.h"

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
      --timeline each car's stops.

  housecall-night compare NIGHT.json… [--html FILE] [--max_steps …] [--set …]
      The planner, the planner without looking ahead, and whoever is free now:
      their figures side by side.

  housecall-night sweep NIGHT.json… [--html FILE] [--max_steps …] [--set …]
      The same nights with one car or physician more or fewer, and with 30 %
      more calls.

  --html FILE: the table as a page with bars.
  --max_steps NUMBER: how long the planner may search for each decision, in
      steps of some 20 ns; 0: calls are planned for those who are free now.
  --set: a weight of the center's policy, such as tardiness_weight=20.
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
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, double>) {
      if (name == field) {
        value = number;
        set = true;
      }
    }
  });
  return set;
}

struct Arguments {
  DispatcherOptions options;
  std::vector<std::string> files;
  std::string html;
  bool timeline = false;
};

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
          !SetPolicy(parts[0], number, &parsed->options.policy)) {
        return absl::StrCat("--set ", value, ": a weight's NAME=NUMBER wanted");
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

int Main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return Usage("which command?");
  const std::string& command = arguments[0];
  if (command == "--help" || command == "help") {
    std::cout << kHelp;
    return kOk;
  }
  if (command != "policy" && command != "simulate" && command != "compare" &&
      command != "sweep") {
    return Usage("unknown command " + command);
  }
  Arguments parsed;
  if (const std::string error = Parse(arguments, &parsed); !error.empty()) {
    return Usage(error);
  }
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
