#include "tests/tidy/include_rules.h"

#include <cctype>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace housecall::tidy {
namespace {

// The generated headers lie in the build folder; they stand for proto/.
std::string NormalizedInclude(absl::string_view path) {
  if (absl::StartsWith(path, "housecall/")) return absl::StrCat("proto/", path);
  return std::string(path);
}

bool IsOurs(absl::string_view include) {
  for (const char* folder :
       {"dispatcher/", "router/", "clients/", "proto/", "tests/"}) {
    if (absl::StartsWith(include, folder)) return true;
  }
  return false;
}

// `pattern` is a folder that ends in "/", or a file.
bool Covers(absl::string_view pattern, absl::string_view path) {
  if (absl::EndsWith(pattern, "/")) return absl::StartsWith(path, pattern);
  return path == pattern;
}

bool CoversAny(const std::vector<std::string>& patterns,
               absl::string_view path) {
  for (const std::string& pattern : patterns) {
    if (Covers(pattern, path)) return true;
  }
  return false;
}

const FolderRule* RuleFor(absl::string_view path) {
  const FolderRule* best = nullptr;
  for (const FolderRule& rule : FolderRules()) {
    if (Covers(rule.folder, path) &&
        (best == nullptr || rule.folder.size() > best->folder.size())) {
      best = &rule;
    }
  }
  return best;
}

bool IsIdentifierChar(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// Whether `line` uses the identifier `token` itself, not as a part of another:
// neither my_token, nor other::token, nor x.token.
bool UsesToken(absl::string_view line, absl::string_view token) {
  size_t at = line.find(token);
  for (; at != absl::string_view::npos; at = line.find(token, at + 1)) {
    const absl::string_view before = line.substr(0, at);
    const size_t end = at + token.size();
    if (!before.empty() &&
        (IsIdentifierChar(before.back()) || before.back() == '.' ||
         absl::EndsWith(before, "->"))) {
      continue;
    }
    if (end < line.size() && IsIdentifierChar(line[end]) &&
        token.back() != '(') {
      continue;
    }
    // "::absl::Now" is absl::Now, "other::Now" is not Now.
    if (absl::EndsWith(before, "::")) {
      const absl::string_view qualifier = absl::StripSuffix(before, "::");
      if (!qualifier.empty() && IsIdentifierChar(qualifier.back())) continue;
    }
    return true;
  }
  return false;
}

}  // namespace

const std::vector<FolderRule>& FolderRules() {
  static const auto& rules = *new std::vector<FolderRule>{
      {"dispatcher/base/", {}},
      {"dispatcher/core/", {"dispatcher/base/"}},
      {"dispatcher/planner/", {"dispatcher/base/", "dispatcher/core/"}},
      // Reads a center's database, and the roads that a night took place on.
      {"dispatcher/night/main.cc",
       {"dispatcher/base/", "dispatcher/core/", "dispatcher/planner/",
        "dispatcher/night/", "dispatcher/store/", "router/"}},
      {"dispatcher/night/",
       {"dispatcher/base/", "dispatcher/core/", "dispatcher/planner/"}},
      // The interface of the stores knows the core and nothing else, not even
      // the stores beside it.
      {"dispatcher/store/store.h", {"dispatcher/base/", "dispatcher/core/"}},
      {"dispatcher/store/", {"dispatcher/base/", "dispatcher/core/"}},
      // Of the router: its front door, and the interface of travel times that
      // the road graph and the straight line implement.
      {"dispatcher/engine/",
       {"dispatcher/base/", "dispatcher/core/", "dispatcher/planner/",
        "dispatcher/store/store.h", "router/router.h",
        "router/travel_time_source.h"}},
      {"dispatcher/server/",
       {"dispatcher/base/", "dispatcher/core/", "dispatcher/engine/",
        "dispatcher/store/store.h", "router/router.h",
        "router/travel_time_source.h", "proto/"}},
      {"dispatcher/outbox/",
       {"dispatcher/base/", "dispatcher/core/", "dispatcher/store/store.h"}},
      {"dispatcher/gateway/", {"dispatcher/base/"}},
      {"dispatcher/main.cc", {"dispatcher/", "router/", "proto/"}},
      {"router/", {}},
      {"clients/", {"proto/"}},
      {"tests/", {"dispatcher/", "router/", "clients/", "proto/"}},
  };
  return rules;
}

const std::vector<Ban>& Bans() {
  using Kind = Ban::Kind;
  static const std::vector<std::string>& pure =
      *new std::vector<std::string>{"dispatcher/core/", "dispatcher/planner/"};
  static const auto& bans = *new std::vector<Ban>{
      {Kind::kInclude,
       pure,
       {},
       {"thread", "mutex", "shared_mutex", "condition_variable", "future",
        "atomic", "stop_token", "semaphore", "latch", "barrier",
        "absl/synchronization/", "dispatcher/base/mutex.h"},
       "a decision is a pure function of its arguments; threads belong to the "
       "engine"},
      {Kind::kInclude,
       pure,
       {},
       {"fstream", "filesystem", "iostream", "cstdio", "stdio.h", "unistd.h",
        "fcntl.h", "sys/", "dispatcher/base/log.h"},
       "a decision reads and writes nothing outside its arguments"},
      {Kind::kInclude,
       pure,
       {},
       {"chrono", "ctime", "time.h", "absl/time/clock.h",
        "dispatcher/base/clock.h"},
       "time is given (`now`), never taken, so that a run can be replayed"},
      {Kind::kInclude,
       pure,
       {},
       {"random", "absl/random/", "openssl/"},
       "the same board and command must give the same events; ties are broken "
       "by id"},
      {Kind::kInclude,
       pure,
       {},
       {"unordered_map", "unordered_set", "absl/container/flat_hash",
        "absl/container/node_hash", "absl/hash/"},
       "hash containers iterate in another order in every process; use an "
       "ordered one"},
      {Kind::kToken,
       pure,
       {},
       {"getenv(", "std::getenv", "rand(", "std::rand", "time(", "std::time(",
        "clock_gettime", "absl::GetCurrentTimeNanos", "std::hash",
        "absl::Hash"},
       "nothing may come in but through the arguments"},
      {Kind::kToken,
       pure,
       {"dispatcher/core/calendar.cc"},
       {"absl::LoadTimeZone"},
       "reads the machine's time zone files; a center's zone comes from "
       "FindZone"},
      {Kind::kToken,
       {"dispatcher/core/", "dispatcher/server/"},
       {"dispatcher/core/refusal.cc", "dispatcher/server/watch.h"},
       {"absl::FailedPreconditionError", "absl::PermissionDeniedError",
        "absl::ResourceExhaustedError"},
       "people read why they were refused in their own language: the functions "
       "of core/refusal.h ask for the reason"},
      {Kind::kToken,
       pure,
       {},
       {"absl::LocalTimeZone"},
       "the machine's zone is not the center's"},
      {Kind::kInclude,
       {"dispatcher/base/", "dispatcher/core/", "dispatcher/planner/",
        "dispatcher/engine/", "dispatcher/server/", "dispatcher/gateway/",
        "clients/", "router/"},
       {},
       {"sqlite3.h", "libpq-fe.h"},
       "SQL stays in dispatcher/store"},
      {Kind::kInclude,
       {"dispatcher/base/", "dispatcher/core/", "dispatcher/planner/",
        "dispatcher/store/", "dispatcher/engine/", "dispatcher/outbox/",
        "router/"},
       {},
       {"grpc/", "grpcpp/", "google/protobuf/", "google/rpc/"},
       "the wire stays in dispatcher/server and the clients"},
      {Kind::kInclude,
       {"dispatcher/gateway/"},
       {},
       {"google/protobuf/"},
       "the gateway moves bytes and parses none"},
      {Kind::kInclude,
       {"dispatcher/base/", "dispatcher/core/", "dispatcher/planner/",
        "dispatcher/store/", "dispatcher/engine/", "dispatcher/server/",
        "dispatcher/gateway/"},
       {},
       {"curl/", "httplib.h"},
       "what leaves the machine goes through a channel of dispatcher/outbox"},
      {Kind::kToken,
       {"dispatcher/", "router/"},
       {"dispatcher/base/clock.h", "dispatcher/base/clock.cc",
        "dispatcher/base/log.h", "dispatcher/base/log.cc",
        "dispatcher/base/mutex.h", "dispatcher/main.cc",
        "dispatcher/night/main.cc", "router/tools/"},
       {"absl::Now", "std::chrono::system_clock", "system_clock::now",
        "gettimeofday", "RealClock"},
       "time is given by a Clock, never taken; only main.cc makes a real one"},
      {Kind::kInclude,
       {"dispatcher/", "router/", "clients/", "tests/"},
       {"tests/sanitizers/tsan_sees_grpc.cc"},
       {"absl/synchronization/mutex.h"},
       "ThreadSanitizer reports false races on Debian's absl::Mutex; use "
       "dispatcher/base/mutex.h"},
      {Kind::kToken,
       {"dispatcher/"},
       {"dispatcher/base/mutex.h"},
       {"std::mutex", "std::condition_variable", "std::lock_guard",
        "std::unique_lock", "std::scoped_lock"},
       "clang checks who holds a lock only through dispatcher/base/mutex.h"},
      {Kind::kToken,
       {"dispatcher/", "router/", "clients/"},
       {},
       {"throw"},
       "errors are absl::Status; no exception crosses our functions"},
      {Kind::kToken,
       {"dispatcher/"},
       {"dispatcher/base/log.cc", "dispatcher/gateway/main.cc",
        "dispatcher/main.cc", "dispatcher/night/main.cc"},
       {"std::cout", "std::cerr", "std::clog", "printf(", "std::printf(",
        "fprintf(", "std::fprintf(", "puts(", "std::puts("},
       "the daemon speaks through dispatcher/base/log.h, which keeps names and "
       "clinical text out"},
      {Kind::kInclude,
       {"dispatcher/", "router/", "clients/", "tests/"},
       {},
       {"format"},
       "g++ 12 has no <format>; use absl::StrFormat"},
      {Kind::kToken,
       {"dispatcher/", "router/", "clients/", "tests/"},
       {},
       {"std::uniform_int_distribution", "std::uniform_real_distribution",
        "std::normal_distribution", "std::exponential_distribution",
        "std::poisson_distribution", "std::bernoulli_distribution",
        "std::discrete_distribution"},
       "each standard library draws other numbers from the same seed; use our "
       "own generator"},
      {Kind::kToken,
       {"tests/"},
       // A process is killed at moments that nobody chooses.
       {"tests/end_to_end/", "tests/benchmarks/", "tests/crash/"},
       {"absl::SleepFor", "std::this_thread::sleep_for",
        "std::this_thread::sleep_until", "sleep(", "usleep("},
       "a test waits for what happens, never for time to pass"},
  };
  return bans;
}

std::vector<Finding> CheckIncludes(const SourceFile& file) {
  std::vector<Finding> findings;
  const FolderRule* rule = RuleFor(file.path);
  if (rule == nullptr) {
    findings.push_back({file.path, 0,
                        "no rule says what this folder may include; see "
                        "tests/tidy/include_rules.cc"});
    return findings;
  }
  const std::string code = CodeOnly(file.text);
  int number = 0;
  for (absl::string_view line : absl::StrSplit(code, '\n')) {
    ++number;
    absl::string_view rest = absl::StripLeadingAsciiWhitespace(line);
    const bool is_include = absl::ConsumePrefix(&rest, "#include");
    if (is_include) {
      rest = absl::StripLeadingAsciiWhitespace(rest);
      const bool quoted = absl::ConsumePrefix(&rest, "\"");
      if (!quoted && !absl::ConsumePrefix(&rest, "<")) continue;
      const std::string include =
          NormalizedInclude(rest.substr(0, rest.find_first_of("\">")));
      if (quoted && !absl::StrContains(include, '/')) {
        findings.push_back({file.path, number,
                            absl::StrCat("\"", include,
                                         "\": include our files from the "
                                         "repository's root, libraries that "
                                         "have no folder with <>")});
      }
      if (IsOurs(include) && include != file.path &&
          !Covers(rule->folder, include) &&
          !CoversAny(rule->may_include, include)) {
        findings.push_back(
            {file.path, number,
             absl::StrCat(rule->folder, " may not include ", include,
                          " (ARCHITECTURE.md, who may "
                          "include whom)")});
      }
      for (const Ban& ban : Bans()) {
        if (ban.kind != Ban::Kind::kInclude ||
            !CoversAny(ban.where, file.path) ||
            CoversAny(ban.except, file.path)) {
          continue;
        }
        for (const std::string& what : ban.what) {
          // "thread" is one header, "absl/random/" and "flat_hash" begin some.
          const bool whole =
              !absl::StrContains(what, '/') || absl::EndsWith(what, ".h");
          if (whole ? include == what : absl::StartsWith(include, what)) {
            findings.push_back(
                {file.path, number, absl::StrCat(include, ": ", ban.reason)});
          }
        }
      }
      continue;
    }
    for (const Ban& ban : Bans()) {
      if (ban.kind != Ban::Kind::kToken || !CoversAny(ban.where, file.path) ||
          CoversAny(ban.except, file.path)) {
        continue;
      }
      for (const std::string& what : ban.what) {
        if (UsesToken(line, what)) {
          findings.push_back(
              {file.path, number, absl::StrCat(what, ": ", ban.reason)});
        }
      }
    }
  }
  return findings;
}

}  // namespace housecall::tidy
