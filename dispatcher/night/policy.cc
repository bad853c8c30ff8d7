#include "dispatcher/night/policy.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/time/time.h"

namespace housecall::night {

namespace {

// Of the daemon's 50 ms from the question to the answer, what is left once the
// plan is explained and written.
constexpr absl::Duration kPlanBudget = absl::Milliseconds(45);

std::string ErrorAnswer(const absl::Status& status) {
  nlohmann::json answer;
  answer["plans"] = nlohmann::json::object();
  answer["error"] = std::string(status.message());
  return answer.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

// Whether a line that was not understood begins a night, which is not answered.
bool BeginsNight(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  return json.is_object() && json.contains("type") && json["type"] == "night";
}

}  // namespace

int RunPolicy(const DispatcherOptions& options, const Clock& clock,
              std::istream& in, std::ostream& out, std::ostream& errors) {
  int wrong = 0;
  // As in the daemon: the steps end a search as a rule; on a slow machine the
  // clock does.
  absl::Time end_time = absl::InfiniteFuture();
  DispatcherOptions timed = options;
  timed.plan.is_over = [&] { return clock.Now() >= end_time; };
  Protocol protocol;
  std::optional<Dispatcher> dispatcher;
  absl::Status state = absl::InvalidArgumentError("a night first");
  std::string line;
  while (std::getline(in, line)) {
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    end_time = clock.Now() + kPlanBudget;
    const absl::StatusOr<Protocol::Kind> kind = protocol.Read(line);
    absl::Status status = kind.status();
    const bool is_night =
        kind.ok() ? *kind == Protocol::Kind::kNight : BeginsNight(line);
    if (is_night) {
      dispatcher.reset();
      if (status.ok()) {
        absl::StatusOr<Dispatcher> made =
            Dispatcher::Make(&protocol.night(), timed);
        status = made.status();
        if (made.ok()) dispatcher.emplace(*std::move(made));
      }
      state = status;
    } else if (status.ok()) {
      status = state;
    }
    if (!status.ok()) {
      ++wrong;
      errors << "housecall-night: " << status.message() << std::endl;
    }
    if (is_night) continue;
    out << (status.ok()
                ? protocol.Write(dispatcher->Decide(protocol.situation()))
                : ErrorAnswer(status))
        << std::endl;
  }
  return wrong;
}

}  // namespace housecall::night
