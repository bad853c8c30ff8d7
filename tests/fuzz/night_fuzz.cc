// Nights and what a referee says in the course of one, as files and lines:
// what is read names only what the night has, and no line breaks what the lines
// before it said.
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "dispatcher/night/night.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<night::Night> read = night::ReadNight(text);
  if (read.ok()) {
    const auto nodes = static_cast<int>(read->nodes.size());
    const auto physicians = static_cast<int>(read->physicians.size());
    for (const night::Call& call : read->calls) {
      fuzz::Require(call.node >= 0 && call.node < nodes, "calls have nodes");
      const int own = call.own_physician.value_or(0);
      fuzz::Require(
          !call.own_physician.has_value() || (own >= 0 && own < physicians),
          "a patient's own physician is one of the night");
    }
    for (const night::Car& car : read->cars) {
      fuzz::Require(car.base >= 0 && car.base < nodes, "cars have nodes");
    }
  }
  night::Protocol protocol;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const absl::StatusOr<night::Protocol::Kind> kind = protocol.Read(line);
    if (!kind.ok()) {
      fuzz::Require(!kind.status().message().empty(), "a refusal has words");
    } else if (protocol.has_night()) {
      fuzz::Require(!protocol.Write({}).empty(), "there is an answer");
    }
  }
  return 0;
}
