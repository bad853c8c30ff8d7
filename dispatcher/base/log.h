// Log lines: one line each, key=value, ids and never names, nothing clinical.
//
//   HC_LOG(kInfo, "call_triaged") .With("call", call_id).With("urgency", u);
//
// prints
//
//   2026-11-21T02:00:00.123456+09:00 INFO call_triaged call=c-1 urgency=URGENT
//
// kInfo: a change of state. kWarning: a retry. kError: what a human must do;
// each has a page in deploy/playbook. Thread-safe; a line is written whole.
#ifndef HOUSECALL_DISPATCHER_BASE_LOG_H_
#define HOUSECALL_DISPATCHER_BASE_LOG_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "dispatcher/base/id.h"

namespace housecall {

enum class LogLevel { kInfo, kWarning, kError };

// Where lines go; standard error at the start. The line has no newline. Call
// it before threads start (main, or a test's set-up).
void SetLogSink(std::function<void(LogLevel, absl::string_view line)> sink);

// One log line, written when the object dies. Values are quoted where they
// hold anything but letters, digits and -_.:/+ so that a line can be parsed
// and no value can forge a second line.
class LogLine {
 public:
  LogLine(LogLevel level, absl::string_view event);
  ~LogLine();
  LogLine(const LogLine&) = delete;
  LogLine& operator=(const LogLine&) = delete;

  LogLine& With(absl::string_view key, absl::string_view value);
  LogLine& With(absl::string_view key, const char* value) {
    return With(key, absl::string_view(value));
  }
  LogLine& With(absl::string_view key, const std::string& value) {
    return With(key, absl::string_view(value));
  }
  LogLine& With(absl::string_view key, int64_t value) {
    return With(key, absl::string_view(absl::StrCat(value)));
  }
  LogLine& With(absl::string_view key, const absl::Status& status) {
    return With(key, absl::string_view(status.ToString()));
  }
  template <typename Tag>
  LogLine& With(absl::string_view key, const Id<Tag>& id) {
    return With(key, absl::string_view(id.value()));
  }

 private:
  LogLevel level_;
  std::string line_;
};

#define HC_LOG(level, event) \
  ::housecall::LogLine(::housecall::LogLevel::level, event)

}  // namespace housecall

#endif  // HOUSECALL_DISPATCHER_BASE_LOG_H_
