// What operators and other programs write for the daemon and the import: files
// of road conditions, hours of roads, conditional tags, speeds.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "router/import/hour_rules.h"
#include "router/import/speed.h"
#include "router/road_conditions.h"
#include "router/road_files.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace housecall;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::vector<router::RoadCondition>> conditions =
      router::ParseRoadConditions(text);
  if (conditions.ok()) {
    for (const router::RoadCondition& condition : *conditions) {
      fuzz::Require(router::CheckRoadCondition(condition).ok(),
                    "what is taken is right");
    }
  } else {
    fuzz::Require(!conditions.status().message().empty(),
                  "a refusal has words");
  }
  (void)router::ParseHours(text);
  (void)router::ParseConditional(text);
  const std::optional<double> speed = router::ParseMaxSpeed(text);
  fuzz::Require(!speed.has_value() || (std::isfinite(*speed) && *speed > 0),
                "a speed is one");
  return 0;
}
