#include "dispatcher/night/history.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "dispatcher/base/enum_names.h"
#include "dispatcher/base/status_macros.h"
#include "dispatcher/core/calendar.h"
#include "dispatcher/core/rota.h"
#include "dispatcher/core/rules.h"
#include "dispatcher/night/settings.h"

namespace housecall::night {

namespace {

using core::LatLng;
using core::Role;
using core::RotaDuty;
using core::Skill;

constexpr double kMetersPerDegree = 111'195;
constexpr double kPi = 3.14159265358979323846;

double MinuteOf(absl::Duration since_begin) {
  return 60 * std::floor(absl::ToDoubleMinutes(since_begin));
}

std::string WordOf(Skill skill) {
  if (skill == Skill::kUnspecified) return "general";
  if (skill == Skill::kGeneral) return "general";
  if (skill == Skill::kChild) return "pediatric";
  return NameOf(skill);
}

const char* LetterOf(core::Urgency urgency) {
  switch (urgency) {
    case core::Urgency::kUrgent:
      return "A";
    case core::Urgency::kStandard:
    case core::Urgency::kUnspecified:
      return "B";
    case core::Urgency::kRoutine:
      return "C";
  }
  return "B";
}

class History {
 public:
  History(const core::Board& board, const HistoryOptions& options)
      : board_(board),
        policy_(board.center().policy),
        options_(options),
        end_time_(options.begin_time + options.length) {}

  absl::StatusOr<Night> Make(const RoadTimes& road_times) {
    if (options_.begin_time == absl::InfinitePast() ||
        options_.length <= absl::ZeroDuration()) {
      return absl::InvalidArgumentError("the night's beginning: wanted");
    }
    if (!(options_.grid_meters > 0)) {
      return absl::InvalidArgumentError("the grid: some meters wanted");
    }
    night_.id = absl::FormatTime("%Y-%m-%d", options_.begin_time,
                                 core::ZoneNamed(board_.center().time_zone));
    night_.horizon = absl::ToDoubleSeconds(options_.length);
    night_.driver_waits = policy_.driver_waits;
    night_.policy = PolicyTexts(policy_);
    night_.targets = {{"A", absl::ToDoubleSeconds(policy_.urgent_target)},
                      {"B", absl::ToDoubleSeconds(policy_.standard_target)},
                      {"C", absl::ToDoubleSeconds(policy_.routine_target)}};
    night_.weights = {{"A", policy_.urgent_weight},
                      {"B", policy_.standard_weight},
                      {"C", policy_.routine_weight}};
    AddCrews();
    if (night_.cars.empty() || night_.physicians.empty()) {
      return absl::NotFoundError(
          night_.physicians.empty()
              ? "the rota of that night has no physician"
              : "the rota of that night has neither a driver nor a physician "
                "who drives himself");
    }
    AddCalls();
    ASSIGN_OR_RETURN(std::vector<std::vector<double>> rows,
                     road_times(places_));
    if (rows.size() != places_.size()) {
      return absl::InvalidArgumentError("road times: a row for each place");
    }
    for (const std::vector<double>& row : rows) {
      for (double seconds : row) {
        if (seconds >= 0 && std::isfinite(seconds)) continue;
        return absl::UnavailableError(
            "there is no way by car between two places of that night");
      }
    }
    night_.expected.Set(rows);
    night_.actual.Set(std::move(rows));
    return std::move(night_);
  }

 private:
  // The middle of the square that the place is in.
  LatLng Moved(const LatLng& place) const {
    const LatLng& center = board_.center().position;
    const double north = options_.grid_meters / kMetersPerDegree;
    const double east =
        north / std::max(0.01, std::cos(center.latitude * kPi / 180));
    const auto middle = [](double value, double origin, double step) {
      return origin + (std::floor((value - origin) / step) + 0.5) * step;
    };
    return {middle(place.latitude, center.latitude, north),
            middle(place.longitude, center.longitude, east)};
  }

  int AddNode(const LatLng& place) {
    const LatLng moved = Moved(place);
    const LatLng& center = board_.center().position;
    places_.push_back(moved);
    // To ten meters: the squares' middles need no more.
    const auto km = [](double degrees) {
      return std::round(degrees * kMetersPerDegree / 10) / 100;
    };
    night_.nodes.push_back({km((moved.longitude - center.longitude) *
                               std::cos(center.latitude * kPi / 180)),
                            km(moved.latitude - center.latitude)});
    return static_cast<int>(places_.size()) - 1;
  }

  LatLng BaseOf(const RotaDuty& duty) const {
    if (duty.base_position.has_value()) return *duty.base_position;
    const core::Person* person = board_.Find<core::Person>(duty.person);
    if (person != nullptr && person->home_position.has_value()) {
      return *person->home_position;
    }
    return board_.center().position;
  }

  void AddCrews() {
    // Duties that adjoin are one.
    std::map<std::pair<core::PersonId, Role>, std::vector<RotaDuty>> duties;
    // The file has one number for all cars: the least.
    std::optional<int> passengers;
    for (RotaDuty duty :
         core::RotaBetween(board_, options_.begin_time, end_time_)) {
      if (duty.reserve) continue;
      if (duty.role == Role::kDriver) {
        const auto* car = board_.Find<core::Car>(duty.car);
        const int seats = (car != nullptr ? *car : core::Car()).seats - 1;
        passengers = std::min(passengers.value_or(seats), seats);
      }
      std::vector<RotaDuty>& of = duties[{duty.person, duty.role}];
      if (!of.empty() && duty.start_time <= of.back().end_time) {
        of.back().end_time = std::max(of.back().end_time, duty.end_time);
      } else {
        of.push_back(std::move(duty));
      }
    }
    const auto span = [&](const RotaDuty& duty) {
      return Span{
          MinuteOf(std::max(duty.start_time, options_.begin_time) -
                   options_.begin_time),
          MinuteOf(std::min(duty.end_time, end_time_) - options_.begin_time)};
    };
    for (const auto& [key, of] : duties) {
      for (const RotaDuty& duty : of) {
        if (key.second == Role::kDriver) {
          Car car;
          car.id = static_cast<int>(night_.cars.size());
          car.base = AddNode(BaseOf(duty));
          car.shift = span(duty);
          night_.cars.push_back(car);
        } else if (key.second == Role::kPhysician) {
          Physician physician;
          physician.id = static_cast<int>(night_.physicians.size());
          physician.home = AddNode(BaseOf(duty));
          physician.shift = span(duty);
          physician.skills = {WordOf(Skill::kGeneral)};
          if (const auto* person = board_.Find<core::Person>(key.first)) {
            for (Skill skill : person->skills) {
              const std::string word = WordOf(skill);
              if (word != physician.skills.front()) {
                physician.skills.push_back(word);
              }
            }
            if (person->self_drive) {
              Car car;
              car.id = static_cast<int>(night_.cars.size());
              car.base = physician.home;
              car.shift = physician.shift;
              car.owner = physician.id;
              night_.cars.push_back(car);
            }
          }
          physician_indexes_.try_emplace(key.first, physician.id);
          night_.physicians.push_back(std::move(physician));
        }
      }
    }
    night_.seats = std::max(1, passengers.value_or(core::Car().seats - 1));
  }

  // From when on somebody might have been sent. Of a call that was on paper
  // that is when it was written: what it says of its triage is when the crew
  // left, or when somebody entered it.
  absl::Time StartOf(const core::Call& call) const {
    if (!call.triage_time.has_value() || call.written_time.has_value()) {
      return core::WaitingSince(call);
    }
    const core::Visit* visit = board_.Find<core::Visit>(call.visit);
    const bool is_from_paper = visit != nullptr && visit->depart.has_value() &&
                               visit->depart->moment() <= *call.triage_time;
    return is_from_paper ? core::WaitingSince(call) : *call.triage_time;
  }

  // A file knows one skill for a call: that which the fewest have.
  std::string SkillOf(const core::Call& call) const {
    std::string rarest = WordOf(Skill::kGeneral);
    int64_t fewest = static_cast<int64_t>(night_.physicians.size()) + 1;
    for (Skill skill : core::RequiredSkills(board_, call)) {
      const std::string word = WordOf(skill);
      const int64_t have =
          std::count_if(night_.physicians.begin(), night_.physicians.end(),
                        [&](const Physician& physician) {
                          return std::count(physician.skills.begin(),
                                            physician.skills.end(), word) > 0;
                        });
      if (have < fewest) {
        fewest = have;
        rarest = word;
      }
    }
    return rarest;
  }

  double VisitSeconds(const core::Call& call) const {
    const double expected = absl::ToDoubleSeconds(policy_.visit_duration);
    const core::Visit* visit = board_.Find<core::Visit>(call.visit);
    if (visit == nullptr || !visit->arrive.has_value() ||
        !visit->leave.has_value()) {
      return expected;
    }
    const absl::Duration took =
        visit->leave->moment() - visit->arrive->moment();
    return took > absl::ZeroDuration() ? std::max(60.0, MinuteOf(took))
                                       : expected;
  }

  void AddCalls() {
    std::vector<std::pair<double, const core::Call*>> calls;
    board_.table<core::Call>().ForEach(
        [&](const core::CallId&, const core::Call& call) {
          const absl::Time time = StartOf(call);
          if (call.disposition != core::Disposition::kVisit ||
              !call.place.position.has_value() || !call.merged_into.empty() ||
              time < options_.begin_time || time >= end_time_) {
            return;
          }
          calls.push_back({MinuteOf(time - options_.begin_time), &call});
        });
    std::stable_sort(
        calls.begin(), calls.end(),
        [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [time, from] : calls) {
      Call call;
      call.id = static_cast<int>(night_.calls.size());
      call.node = AddNode(*from->place.position);
      call.receive_time = time;
      call.urgency = LetterOf(from->urgency);
      call.skill = SkillOf(*from);
      call.expected_visit = absl::ToDoubleSeconds(policy_.visit_duration);
      call.actual_visit = VisitSeconds(*from);
      const auto* patient = board_.Find<core::Patient>(from->patient);
      if (patient != nullptr) {
        const auto own = physician_indexes_.find(patient->primary_physician);
        if (own != physician_indexes_.end()) call.own_physician = own->second;
      }
      night_.calls.push_back(std::move(call));
    }
  }

  const core::Board& board_;
  const core::Policy& policy_;
  const HistoryOptions& options_;
  const absl::Time end_time_;
  Night night_;
  // By node.
  std::vector<LatLng> places_;
  std::map<core::PersonId, int> physician_indexes_;
};

nlohmann::json SpanJson(const Span& span) { return {span.begin, span.end}; }

nlohmann::json RoadsJson(const Roads& roads) {
  nlohmann::json rows = nlohmann::json::array();
  for (int i = 0; i < roads.nodes(); ++i) {
    nlohmann::json row = nlohmann::json::array();
    for (int j = 0; j < roads.nodes(); ++j) row.push_back(roads.at(i, j));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

absl::StatusOr<Night> NightFromHistory(const core::Board& board,
                                       const HistoryOptions& options,
                                       const RoadTimes& road_times) {
  return History(board, options).Make(road_times);
}

std::string WriteNight(const Night& night) {
  using nlohmann::json;
  json out;
  out["format"] = "house-call-night/1";
  out["id"] = night.id;
  out["horizon_s"] = night.horizon;
  out["detour"] = night.detour;
  out["rules"] = {{"driver_waits", night.driver_waits}, {"seats", night.seats}};
  out["targets_s"] = night.targets;
  out["weights"] = night.weights;
  out["nodes"] = json::array();
  for (size_t i = 0; i < night.nodes.size(); ++i) {
    out["nodes"].push_back(
        {{"id", i}, {"x", night.nodes[i].x}, {"y", night.nodes[i].y}});
  }
  out["doctors"] = json::array();
  for (const Physician& physician : night.physicians) {
    out["doctors"].push_back({{"id", physician.id},
                              {"home", physician.home},
                              {"shift", SpanJson(physician.shift)},
                              {"skills", physician.skills}});
  }
  out["cars"] = json::array();
  for (const Car& car : night.cars) {
    json one = {
        {"id", car.id}, {"base", car.base}, {"shift", SpanJson(car.shift)}};
    if (car.owner.has_value()) {
      one["doctor"] = night.physicians[*car.owner].id;
    }
    out["cars"].push_back(std::move(one));
  }
  out["calls"] = json::array();
  for (const Call& call : night.calls) {
    json one = {{"id", call.id},
                {"node", call.node},
                {"t", call.receive_time},
                {"urgency", call.urgency},
                {"skill", call.skill},
                {"service_expected", call.expected_visit},
                {"service_actual", call.actual_visit},
                {"own_doctor", nullptr}};
    if (call.own_physician.has_value()) {
      one["own_doctor"] = night.physicians[*call.own_physician].id;
    }
    out["calls"].push_back(std::move(one));
  }
  for (const auto& [name, value] : night.policy) {
    // Numbers and flags as such, durations as texts.
    json parsed = json::parse(value, nullptr, false);
    out["policy"][name] = parsed.is_discarded() ? json(value) : parsed;
  }
  out["travel_expected"] = RoadsJson(night.expected);
  out["travel_actual"] = RoadsJson(night.actual);
  return out.dump();
}

}  // namespace housecall::night
