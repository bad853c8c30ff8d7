// Commands as scenario files write them: any bytes are read or refused, and
// what was read is read again from what is written of it.
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "dispatcher/core/text.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  const core::TextTimes times = {absl::FromUnixSeconds(1'795'000'000),
                                 absl::FixedTimeZone(9 * 60 * 60)};
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<core::Command> command =
      core::ParseCommand(text, 1, times);
  if (command.ok()) {
    const std::string written = core::FormatCommand(*command, times);
    const absl::StatusOr<core::Command> again =
        core::ParseCommand(written, 1, times);
    fuzz::Require(again.ok(), "what is written can be read");
    fuzz::Require(core::FormatCommand(*again, times) == written,
                  "what is written says the same");
  }
  const absl::StatusOr<absl::Time> time = core::ParseTextTime(text, times);
  if (time.ok()) (void)core::FormatTextTime(*time, times);
  return 0;
}
