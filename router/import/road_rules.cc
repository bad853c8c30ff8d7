#include "router/import/road_rules.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "router/import/hour_rules.h"
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
struct AccessRule {
  Access access = Access::kUnknown;
  // Which key says it; that many if none does.
  size_t key = kAccessKeys.size();
};

AccessRule AccessOf(const Tags& tags, absl::string_view direction) {
  for (size_t i = 0; i < kAccessKeys.size(); ++i) {
    for (const std::string& full :
         {absl::StrCat(kAccessKeys[i], ":", direction),
          std::string(kAccessKeys[i])}) {
      const Access access = ParseAccess(tags.Get(full));
      if (access != Access::kUnknown) return {access, i};
    }
  }
  return {};
}

constexpr absl::string_view kConditional = ":conditional";

void Close(const RoadHours& when, RoadHours* closed) {
  RoadHours both = *closed;
  both.insert(both.end(), when.begin(), when.end());
  *closed = SortedHours(both);
}

void Open(const RoadHours& when, RoadHours* closed) {
  RoadHours open = OtherHours(*closed);
  open.insert(open.end(), when.begin(), when.end());
  *closed = OtherHours(open);
}

// When cars may not drive in a direction by the conditional keys of access, at
// least as special as the one that counts otherwise.
RoadHours HoursWithoutAccess(const Tags& tags, absl::string_view direction,
                             const AccessRule& rule) {
  RoadHours closed =
      rule.access == Access::kClosed ? AlwaysHours() : RoadHours();
  // The most special one has the last word.
  for (size_t i = std::min(rule.key + 1, kAccessKeys.size()); i-- > 0;) {
    for (const std::string& full :
         {absl::StrCat(kAccessKeys[i], kConditional),
          absl::StrCat(kAccessKeys[i], ":", direction, kConditional)}) {
      for (const ConditionalValue& one : ParseConditional(tags.Get(full))) {
        const Access access = ParseAccess(one.value);
        if (access == Access::kUnknown || !one.hours.has_value()) continue;
        if (access == Access::kClosed) {
          Close(*one.hours, &closed);
        } else {
          Open(*one.hours, &closed);
        }
      }
    }
  }
  return closed;
}

// True if a way that is closed otherwise is opened by conditional keys only to
// those who begin or end their drive there.
bool OpensToEndsOnly(const Tags& tags, absl::string_view direction,
                     const AccessRule& rule) {
  if (rule.access != Access::kClosed) return false;
  bool opens = false;
  for (size_t i = 0; i <= std::min(rule.key, kAccessKeys.size() - 1); ++i) {
    for (const std::string& full :
         {absl::StrCat(kAccessKeys[i], kConditional),
          absl::StrCat(kAccessKeys[i], ":", direction, kConditional)}) {
      for (const ConditionalValue& one : ParseConditional(tags.Get(full))) {
        const Access access = ParseAccess(one.value);
        if (!one.hours.has_value()) continue;
        if (access == Access::kOpen) return false;
        opens = opens || access == Access::kEndsOnly;
      }
    }
  }
  return opens;
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

std::optional<Oneway> ParseOneway(absl::string_view value) {
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
  return std::nullopt;
}

constexpr const char* kOnewayKeys[] = {
    "oneway:motorcar", "oneway:motor_vehicle", "oneway:vehicle", "oneway"};

Oneway OnewayOf(const Tags& tags, RoadClass road_class, bool is_link) {
  for (const char* key : kOnewayKeys) {
    const std::optional<Oneway> oneway = ParseOneway(tags.Get(key));
    if (oneway.has_value()) return *oneway;
  }
  if (tags.Get("junction") == "roundabout" ||
      tags.Get("junction") == "circular" ||
      (road_class == RoadClass::kMotorway && !is_link)) {
    return Oneway::kForward;
  }
  return Oneway::kBoth;
}

bool IsAgainst(Oneway oneway, bool backward) {
  return oneway == Oneway::kNeither ||
         oneway == (backward ? Oneway::kForward : Oneway::kBackward);
}

// When a direction is against the only one.
RoadHours HoursAgainst(const Tags& tags, bool backward, Oneway usual) {
  RoadHours closed = IsAgainst(usual, backward) ? AlwaysHours() : RoadHours();
  for (const char* key : kOnewayKeys) {
    const std::string conditional(tags.Get(absl::StrCat(key, kConditional)));
    if (conditional.empty()) continue;
    for (const ConditionalValue& one : ParseConditional(conditional)) {
      const std::optional<Oneway> oneway = ParseOneway(one.value);
      if (!oneway.has_value() || !one.hours.has_value()) continue;
      if (IsAgainst(*oneway, backward)) {
        Close(*one.hours, &closed);
      } else {
        Open(*one.hours, &closed);
      }
    }
    break;
  }
  return closed;
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
// less than four metres, as the Building Standards Act counts them. Where
// nobody has measured, one lane for both directions says the same.
constexpr double kNarrowMeters = 4;
constexpr double kNarrowFactor = 0.8;

bool IsNarrow(const Tags& tags, bool is_two_way) {
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
  return is_two_way && (tags.Get("lanes") == "1" || tags.Get("lanes") == "1.5");
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

bool Tags::HasKeyThatEnds(absl::string_view end) const {
  return std::any_of(tags_.begin(), tags_.end(), [&](const auto& tag) {
    return absl::EndsWith(tag.first, end);
  });
}

absl::string_view Tags::Get(absl::string_view key) const {
  for (const auto& [tag_key, value] : tags_) {
    if (tag_key == key) return value;
  }
  return "";
}

namespace {

// OpenStreetMap writes the time that a ferry takes as minutes, H:MM or H:MM:SS,
// or as ISO 8601 does (PT1H30M).
std::optional<absl::Duration> ParseDuration(absl::string_view value) {
  absl::Duration duration;
  int32_t number;
  if (absl::ConsumePrefix(&value, "PT")) {
    std::string text(value);
    absl::AsciiStrToLower(&text);
    if (!absl::ParseDuration(text, &duration)) return std::nullopt;
  } else {
    const std::vector<absl::string_view> parts = absl::StrSplit(value, ':');
    if (parts.size() > 3) return std::nullopt;
    absl::Duration unit = parts.size() == 1 ? absl::Minutes(1) : absl::Hours(1);
    for (const absl::string_view part : parts) {
      if (!absl::SimpleAtoi(part, &number) || number < 0) return std::nullopt;
      duration += number * unit;
      unit /= 60;
    }
  }
  if (duration <= absl::ZeroDuration() || duration > absl::Hours(48)) {
    return std::nullopt;
  }
  return duration;
}

// A ferry for cars, and only one of which the map says that it takes them: most
// take people. It goes now and then: half an hour between two is assumed.
std::optional<RoadRules> JudgeFerry(const Tags& tags) {
  constexpr double kKmPerHour = 15;
  constexpr absl::Duration kWaiting = absl::Minutes(15);
  if (!MotorVehiclesAreAllowed(tags) &&
      ParseAccess(tags.Get("vehicle")) != Access::kOpen) {
    return std::nullopt;
  }
  const Access access = AccessOf(tags, "forward").access;
  if (access == Access::kClosed) return std::nullopt;
  RoadRules rules;
  rules.road_class = RoadClass::kService;
  rules.flags = Segment::kFerry;
  if (access == Access::kEndsOnly) rules.flags |= Segment::kEndsOnly;
  const Oneway oneway = OnewayOf(tags, rules.road_class, false);
  if (!IsAgainst(oneway, false)) rules.forward_km_per_hour = kKmPerHour;
  if (!IsAgainst(oneway, true)) rules.backward_km_per_hour = kKmPerHour;
  if (oneway == Oneway::kNeither) return std::nullopt;
  rules.waiting = kWaiting;
  rules.crossing = ParseDuration(tags.Get("duration"));
  rules.name = std::string(tags.Get("name"));
  if (rules.name.empty()) rules.name = std::string(tags.Get("ref"));
  return rules;
}

}  // namespace

std::optional<RoadRules> JudgeWay(const Tags& tags) {
  if (tags.Get("route") == "ferry") return JudgeFerry(tags);
  const absl::string_view value = tags.Get("highway");
  const auto* const highway =
      std::find_if(std::begin(kHighways), std::end(kHighways),
                   [&](const Highway& h) { return value == h.value; });
  if (highway == std::end(kHighways)) return std::nullopt;
  if (highway->needs_permission && !MotorVehiclesAreAllowed(tags)) {
    return std::nullopt;
  }
  if (tags.Get("area") == "yes" || tags.Get("impassable") == "yes" ||
      tags.Get("smoothness") == "impassable" ||
      tags.Get("service") == "emergency_access") {
    return std::nullopt;
  }

  RoadRules rules;
  rules.road_class = highway->road_class;
  if (highway->is_link) rules.flags |= Segment::kLink;

  const Oneway oneway = OnewayOf(tags, rules.road_class, highway->is_link);
  const AccessRule forward_rule = AccessOf(tags, "forward");
  const AccessRule backward_rule = AccessOf(tags, "backward");
  const Access forward = forward_rule.access;
  const Access backward = backward_rule.access;
  bool may_forward =
      forward != Access::kClosed && !IsAgainst(oneway, /*backward=*/false);
  bool may_backward =
      backward != Access::kClosed && !IsAgainst(oneway, /*backward=*/true);
  if (tags.HasKeyThatEnds(kConditional)) {
    const auto judge = [&](bool is_backward, bool* may,
                           RoadBuilder::Closure* closure) {
      RoadHours closed =
          HoursWithoutAccess(tags, is_backward ? "backward" : "forward",
                             is_backward ? backward_rule : forward_rule);
      Close(HoursAgainst(tags, is_backward, oneway), &closed);
      const bool may_ever = closed != AlwaysHours();
      if (may_ever && !closed.empty()) *closure = {std::move(closed), !*may};
      *may = may_ever;
    };
    judge(false, &may_forward, &rules.forward_closure);
    judge(true, &may_backward, &rules.backward_closure);
  }
  if (!may_forward && !may_backward) return std::nullopt;
  // The drive of a house leads nowhere else, unless the map says that everybody
  // may pass.
  const bool is_driveway = tags.Get("service") == "driveway" &&
                           forward == Access::kUnknown &&
                           backward == Access::kUnknown;
  if (is_driveway || (may_forward && forward == Access::kEndsOnly) ||
      (may_backward && backward == Access::kEndsOnly) ||
      OpensToEndsOnly(tags, "forward", forward_rule) ||
      OpensToEndsOnly(tags, "backward", backward_rule)) {
    rules.flags |= Segment::kEndsOnly;
  }
  if (rules.road_class == RoadClass::kMotorway ||
      tags.Get("motorroad") == "yes" || tags.Get("bridge") == "viaduct" ||
      (!tags.Get("tunnel").empty() && tags.Get("tunnel") != "no" &&
       tags.Get("tunnel") != "building_passage")) {
    rules.flags |= Segment::kApart;
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
  if (IsNarrow(tags, may_forward && may_backward)) {
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
  return tags.Get("railway") == "level_crossing";
}

Barrier BarrierOf(const Tags& tags) {
  const absl::string_view barrier = tags.Get("barrier");
  if (barrier.empty() || barrier == "no") return Barrier::kNone;
  // Said in so many words, it counts for more than the kind of barrier.
  for (const absl::string_view key : kAccessKeys) {
    const Access access = ParseAccess(tags.Get(key));
    if (access == Access::kUnknown) continue;
    if (access == Access::kClosed) return Barrier::kClosed;
    const bool is_private = access == Access::kEndsOnly &&
                            tags.Get(key) != "destination" &&
                            tags.Get(key) != "customers";
    return is_private ? Barrier::kPrivate : Barrier::kNone;
  }
  if (tags.Get("locked") == "yes") return Barrier::kClosed;
  static constexpr const char* kPassable[] = {
      "border_control", "bump_gate",  "cattle_grid",       "coupure",
      "entrance",       "gate",       "height_restrictor", "kerb",
      "lift_gate",      "sally_port", "swing_gate",        "toll_booth"};
  return IsAnyOf(barrier, kPassable) ? Barrier::kNone : Barrier::kClosed;
}

}  // namespace housecall::router
