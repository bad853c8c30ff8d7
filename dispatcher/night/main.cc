// housecall-night: nights against the real planner.
#include <iostream>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "dispatcher/base/fields.h"
#include "dispatcher/night/policy.h"

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

int Main(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return Usage("which command?");
  if (arguments[0] == "--help" || arguments[0] == "help") {
    std::cout << kHelp;
    return kOk;
  }
  if (arguments[0] != "policy") {
    return Usage("unknown command " + arguments[0]);
  }
  DispatcherOptions options;
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (i + 1 == arguments.size()) {
      return Usage("unknown argument " + arguments[i]);
    }
    if (arguments[i] == "--max_steps") {
      if (!absl::SimpleAtoi(arguments[++i], &options.plan.max_steps) ||
          options.plan.max_steps < 0) {
        return Usage("--max_steps " + arguments[i] + ": a number wanted");
      }
      continue;
    }
    if (arguments[i] != "--set") {
      return Usage("unknown argument " + arguments[i]);
    }
    const std::vector<std::string> parts =
        absl::StrSplit(arguments[++i], absl::MaxSplits('=', 1));
    double number = 0;
    if (parts.size() != 2 || !absl::SimpleAtod(parts[1], &number) ||
        !SetPolicy(parts[0], number, &options.policy)) {
      return Usage("--set " + arguments[i] + ": a weight's NAME=NUMBER wanted");
    }
  }
  return RunPolicy(options, std::cin, std::cout, std::cerr) == 0 ? kOk
                                                                 : kFailure;
}

}  // namespace
}  // namespace housecall::night

int main(int argc, char** argv) {
  return housecall::night::Main({argv + 1, argv + argc});
}
