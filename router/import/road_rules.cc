#include "router/import/road_rules.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "router/import/speed.h"

namespace housecall::router {
namespace {

// The keys that say who may pass, the most special one first.
constexpr std::array<absl::string_view, 4> kAccessKeys = {
    "motorcar", "motor_vehicle", "vehicle", "access"};

template <size_t N>
bool IsAnyOf(absl::string_view value, const char* const (&list)[N]) {
  return std::find(std::begin(list), std::end(list), value) != std::end(list);
}

enum class Access { kUnknown, kOpen, kEndsOnly, kClosed };

Access ParseAccess(absl::string_view value) {
  static constexpr const char* kOpen[] = {
      "yes", "permissive", "designated", "official", "public", "discouraged"};
  static constexpr const char* kEndsOnly[] = {
      "private", "destination", "customers", "delivery",
      "permit",  "residents",   "resident"};
  static constexpr const char* kClosed[] = {
      "no",  "forestry", "agricultural", "military", "emergency", "psv",
      "bus", "hgv",      "use_sidepath", "dismount", "restricted"};
  // "agricultural;forestry": as good as the best of them.
  Access best = Access::kUnknown;
  for (absl::string_view part : absl::StrSplit(value, ';')) {
    part = absl::StripAsciiWhitespace(part);
    Access access = Access::kUnknown;
    if (IsAnyOf(part, kOpen)) access = Access::kOpen;
    if (IsAnyOf(part, kEndsOnly)) access = Access::kEndsOnly;
    if (IsAnyOf(part, kClosed)) access = Access::kClosed;
    if (access == Access::kUnknown) continue;
    if (best == Access::kUnknown || access < best) best = access;
  }
  return best;
}

// What the tags say about cars in one direction ("forward", "backward").
Access AccessOf(const Tags& tags, absl::string_view direction) {
  for (const absl::string_view key : kAccessKeys) {
    for (const std::string& full :
         {absl::StrCat(key, ":", direction), std::string(key)}) {
      const Access access = ParseAccess(tags.Get(full));
      if (access != Access::kUnknown) return access;
    }
  }
  return Access::kUnknown;
}

// True if the tags say of motor vehicles in particular that they may.
bool MotorVehiclesAreAllowed(const Tags& tags) {
  for (const char* key : {"motorcar", "motor_vehicle"}) {
    const Access access = ParseAccess(tags.Get(key));
    if (access == Access::kUnknown) continue;
    return access != Access::kClosed;
  }
  return false;
}

struct Highway {
  const char* value;
  RoadClass road_class;
  bool is_link;
  // Only where motor vehicles are allowed in so many words.
  bool needs_permission;
};

constexpr Highway kHighways[] = {
    {"motorway", RoadClass::kMotorway, false, false},
    {"motorway_link", RoadClass::kMotorway, true, false},
    {"trunk", RoadClass::kTrunk, false, false},
    {"trunk_link", RoadClass::kTrunk, true, false},
    {"primary", RoadClass::kPrimary, false, false},
    {"primary_link", RoadClass::kPrimary, true, false},
    {"secondary", RoadClass::kSecondary, false, false},
    {"secondary_link", RoadClass::kSecondary, true, false},
    {"tertiary", RoadClass::kTertiary, false, false},
    {"tertiary_link", RoadClass::kTertiary, true, false},
    {"unclassified", RoadClass::kUnclassified, false, false},
    {"road", RoadClass::kUnclassified, false, false},
    {"residential", RoadClass::kResidential, false, false},
    {"living_street", RoadClass::kLivingStreet, false, false},
    {"service", RoadClass::kService, false, false},
    {"track", RoadClass::kTrack, false, true},
    {"pedestrian", RoadClass::kPedestrian, false, true},
};

enum class Oneway { kBoth, kForward, kBackward, kNeither };

Oneway OnewayOf(const Tags& tags, RoadClass road_class, bool is_link) {
  for (const char* key : {"oneway:motorcar", "oneway:motor_vehicle",
                          "oneway:vehicle", "oneway"}) {
    const absl::string_view value = tags.Get(key);
    if (value == "yes" || value == "true" || value == "1") {
      return Oneway::kForward;
    }
    if (value == "-1" || value == "reverse") return Oneway::kBackward;
    if (value == "no" || value == "false" || value == "0" ||
        value == "alternating") {
      return Oneway::kBoth;
    }
    // Changes with the hour; nobody should be promised a way that is closed.
    if (value == "reversible") return Oneway::kNeither;
  }
  if (tags.Get("junction") == "roundabout" ||
      tags.Get("junction") == "circular" ||
      (road_class == RoadClass::kMotorway && !is_link)) {
    return Oneway::kForward;
  }
  return Oneway::kBoth;
}

std::optional<double> LimitOf(const Tags& tags, absl::string_view direction) {
  for (const std::string& key :
       {absl::StrCat("maxspeed:", direction), std::string("maxspeed"),
        std::string("zone:maxspeed")}) {
    const std::optional<double> limit = ParseMaxSpeed(tags.Get(key));
    if (limit.has_value()) return limit;
  }
  return std::nullopt;
}

// Where two cars cannot pass each other at speed: Japan's narrow streets of
// less than four metres, as the Building Standards Act counts them.
constexpr double kNarrowMeters = 4;
constexpr double kNarrowFactor = 0.8;

bool IsNarrow(const Tags& tags) {
  for (const char* key : {"width:carriageway", "width", "est_width"}) {
    absl::string_view value = tags.Get(key);
    if (absl::ConsumeSuffix(&value, "m")) {
      value = absl::StripTrailingAsciiWhitespace(value);
    }
    double meters;
    if (!value.empty() && absl::SimpleAtod(value, &meters)) {
      return meters > 0 && meters < kNarrowMeters;
    }
  }
  return false;
}

// The number of the tag `dimacs:KEY`, also spelled with a space.
std::optional<uint32_t> GivenNumber(const Tags& tags, absl::string_view key) {
  for (const char* separator : {":", " "}) {
    uint32_t number;
    if (absl::SimpleAtoi(tags.Get(absl::StrCat("dimacs", separator, key)),
                         &number)) {
      return number;
    }
  }
  return std::nullopt;
}

}  // namespace

absl::string_view Tags::Get(absl::string_view key) const {
  for (const auto& [tag_key, value] : tags_) {
    if (tag_key == key) return value;
  }
  return "";
}

std::optional<RoadRules> JudgeWay(const Tags& tags) {
  const absl::string_view value = tags.Get("highway");
  const auto* const highway =
      std::find_if(std::begin(kHighways), std::end(kHighways),
                   [&](const Highway& h) { return value == h.value; });
  if (highway == std::end(kHighways)) return std::nullopt;
  if (highway->needs_permission && !MotorVehiclesAreAllowed(tags)) {
    return std::nullopt;
  }
  if (tags.Get("route") == "ferry" || tags.Get("area") == "yes" ||
      tags.Get("impassable") == "yes" ||
      tags.Get("smoothness") == "impassable" ||
      tags.Get("service") == "emergency_access") {
    return std::nullopt;
  }

  RoadRules rules;
  rules.road_class = highway->road_class;
  if (highway->is_link) rules.flags |= Segment::kLink;

  const Oneway oneway = OnewayOf(tags, rules.road_class, highway->is_link);
  const Access forward = AccessOf(tags, "forward");
  const Access backward = AccessOf(tags, "backward");
  const bool may_forward = forward != Access::kClosed &&
                           oneway != Oneway::kBackward &&
                           oneway != Oneway::kNeither;
  const bool may_backward = backward != Access::kClosed &&
                            oneway != Oneway::kForward &&
                            oneway != Oneway::kNeither;
  if (!may_forward && !may_backward) return std::nullopt;
  // The drive of a house leads nowhere else, unless the map says that everybody
  // may pass.
  const bool is_driveway = tags.Get("service") == "driveway" &&
                           forward == Access::kUnknown &&
                           backward == Access::kUnknown;
  if (is_driveway || (may_forward && forward == Access::kEndsOnly) ||
      (may_backward && backward == Access::kEndsOnly)) {
    rules.flags |= Segment::kEndsOnly;
  }
  if (may_forward) {
    rules.forward_km_per_hour = AverageSpeed(rules.road_class, highway->is_link,
                                             LimitOf(tags, "forward"));
  }
  if (may_backward) {
    rules.backward_km_per_hour = AverageSpeed(
        rules.road_class, highway->is_link, LimitOf(tags, "backward"));
  }

  for (const char* key : {"toll:motorcar", "toll:motor_vehicle", "toll"}) {
    const absl::string_view toll = tags.Get(key);
    if (toll.empty()) continue;
    if (toll != "no") rules.flags |= Segment::kToll;
    break;
  }
  if (IsNarrow(tags)) {
    rules.forward_km_per_hour *= kNarrowFactor;
    rules.backward_km_per_hour *= kNarrowFactor;
  }

  rules.name = std::string(tags.Get("name"));
  if (rules.name.empty()) rules.name = std::string(tags.Get("ref"));
  const std::optional<uint32_t> weight = GivenNumber(tags, "t");
  if (weight.has_value() && *weight <= kMaxSegmentWeight) {
    rules.given_weight = weight;
    // Decimetres.
    const std::optional<uint32_t> length = GivenNumber(tags, "d");
    if (length.has_value() && *length > 0 && *length < 10'000'000) {
      rules.given_length_millimeters = *length * 100;
    }
  }
  return rules;
}

bool IsLevelCrossing(const Tags& tags) {
  return tags.Get("railway") == "level_crossing" ||
         tags.Get("railway") == "tram_level_crossing";
}

bool StopsCars(const Tags& tags) {
  const absl::string_view barrier = tags.Get("barrier");
  if (barrier.empty() || barrier == "no") return false;
  // Said in so many words, it counts for more than the kind of barrier.
  for (const absl::string_view key : kAccessKeys) {
    const Access access = ParseAccess(tags.Get(key));
    if (access == Access::kUnknown) continue;
    return access != Access::kOpen && tags.Get(key) != "destination" &&
           tags.Get(key) != "customers";
  }
  if (tags.Get("locked") == "yes") return true;
  static constexpr const char* kPassable[] = {
      "border_control", "bump_gate",  "cattle_grid",       "coupure",
      "entrance",       "gate",       "height_restrictor", "kerb",
      "lift_gate",      "sally_port", "swing_gate",        "toll_booth"};
  return !IsAnyOf(barrier, kPassable);
}

}  // namespace housecall::router
