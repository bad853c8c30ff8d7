#include "dispatcher/base/log.h"

#include <cstdio>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "dispatcher/base/mutex.h"

namespace housecall {
namespace {

struct Sink {
  Mutex mutex;
  std::function<void(LogLevel, absl::string_view)> write
      HOUSECALL_GUARDED_BY(mutex);
};

// Never destroyed: lines may still be written while the process ends.
Sink& GlobalSink() {
  static Sink* const sink = new Sink;
  return *sink;
}

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "?";
}

bool NeedsQuotes(absl::string_view value) {
  if (value.empty()) return true;
  for (char c : value) {
    if (!absl::ascii_isalnum(c) && !absl::StrContains("-_.:/+", c)) {
      return true;
    }
  }
  return false;
}

}  // namespace

void SetLogSink(std::function<void(LogLevel, absl::string_view)> write) {
  Sink& sink = GlobalSink();
  MutexLock lock(sink.mutex);
  sink.write = std::move(write);
}

LogLine::LogLine(LogLevel level, absl::string_view event)
    : level_(level),
      line_(absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%E6S%Ez", absl::Now(),
                                          absl::LocalTimeZone()),
                         " ", LevelName(level), " ", event)) {}

LogLine& LogLine::With(absl::string_view key, absl::string_view value) {
  if (NeedsQuotes(value)) {
    absl::StrAppend(&line_, " ", key, "=\"", absl::Utf8SafeCEscape(value),
                    "\"");
  } else {
    absl::StrAppend(&line_, " ", key, "=", value);
  }
  return *this;
}

LogLine::~LogLine() {
  Sink& sink = GlobalSink();
  MutexLock lock(sink.mutex);
  if (sink.write) {
    sink.write(level_, line_);
    return;
  }
  line_.push_back('\n');
  std::fwrite(line_.data(), 1, line_.size(), stderr);
}

}  // namespace housecall
