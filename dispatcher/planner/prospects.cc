#include "dispatcher/planner/prospects.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "dispatcher/planner/calls.h"

namespace housecall::planner {

namespace {

using core::Call;
using core::LatLng;
using core::Ruling;
using core::Verdict;

// Of the burden, for each of these people: visits for each hour on duty, as if
// everybody had been on duty as long as all have been on average.
template <typename People>
std::vector<double> FairSharesOf(const core::Policy& policy, absl::Time now,
                                 const People& people) {
  const auto hours = [&](const core::Duty& duty) {
    return std::max(1.0, absl::ToDoubleHours(now - duty.since));
  };
  double all = 0;
  double count = 0;
  for (const auto& each : people) {
    all += hours(*each.duty);
    count += 1;
  }
  std::vector<double> shares;
  shares.reserve(people.size());
  for (const auto& each : people) {
    shares.push_back(FairnessCost(policy, 1) * each.duty->visits * all /
                     (count * hours(*each.duty)));
  }
  return shares;
}

}  // namespace

Prospects::Prospects(const core::Board& board, const TravelTimes& travel_times,
                     absl::Time now, const PlanOptions& options,
                     const Crews& crews)
    : board_(board),
      policy_(board.center().policy),
      travel_times_(travel_times),
      now_(now),
      options_(options),
      crews_(crews),
      physician_fairness_(FairSharesOf(policy_, now, crews.physicians)),
      driver_fairness_(FairSharesOf(policy_, now, crews.drivers)) {
  for (size_t d = 0; d < crews_.drivers.size(); ++d) {
    for (size_t p = 0; p < crews_.physicians.size(); ++p) {
      const Physician& physician = crews_.physicians[p];
      fetch_minutes_.push_back(crews_.drivers[d].ruling.ok() && physician.may_go
                                   ? FetchMinutesFrom(d, p, physician.place)
                                   : kNoWay);
      later_fetch_minutes_.push_back(
          FetchMinutesFrom(d, p, physician.free_place()));
    }
  }
}

double Prospects::FetchMinutesFrom(size_t driver, size_t physician,
                                   const LatLng& place) const {
  const Driver& d = crews_.drivers[driver];
  const int seat = crews_.physicians[physician].driver;
  if (seat != kNone) return static_cast<size_t>(seat) == driver ? 0 : kNoWay;
  if (d.aboard == kNone) return travel_times_.Minutes(d.place, place);
  // Whoever is in the car is brought home first.
  const LatLng& home = crews_.physicians[d.aboard].home;
  return travel_times_.Minutes(d.place, home) +
         travel_times_.Minutes(home, place);
}

Stop Prospects::StopOf(std::vector<const Call*> calls,
                       const core::Assignment* waits,
                       double continuity_share) const {
  Stop stop;
  stop.calls = std::move(calls);
  stop.waits = waits;
  stop.position = *stop.calls.front()->place.position;
  for (const Call* call : stop.calls) {
    stop.visit_minutes +=
        absl::ToDoubleMinutes(VisitDuration(policy_, options_, *call));
    stop.clocks.push_back(ClockOf(policy_, *call, now_));
    stop.ready_minutes =
        std::max(stop.ready_minutes, stop.clocks.back().ready_minutes);
  }
  for (size_t p = 0; p < crews_.physicians.size(); ++p) {
    const Physician& physician = crews_.physicians[p];
    const Ruling ruling = RulingOf(stop, physician);
    stop.physician_rulings.push_back(ruling);
    stop.go_minutes.push_back(
        ruling.ok() ? travel_times_.Minutes(physician.place, stop.position)
                    : kNoWay);
    stop.physician_costs.push_back(CostOf(stop, p, continuity_share));
  }
  for (const Driver& driver : crews_.drivers) {
    Ruling ruling = driver.ruling;
    for (const Call* call : stop.calls) {
      ruling = core::JoinRulings(
          ruling, core::RuleDriverForCall(driver.person->id, *call, false));
    }
    stop.driver_rulings.push_back(ruling);
  }
  return stop;
}

Ruling Prospects::RulingOf(const Stop& stop, const Physician& physician) const {
  if (stop.waits != nullptr) {
    return {stop.waits->physician == physician.person->id ? Verdict::kChosen
                                                          : Verdict::kBusy};
  }
  Ruling ruling = physician.ruling;
  for (const Call* call : stop.calls) {
    ruling = core::JoinRulings(
        ruling,
        core::RulePhysicianForCall(board_, physician.person->id, *call, false));
  }
  return ruling;
}

Cost Prospects::CostOf(const Stop& stop, size_t physician,
                       double continuity_share) const {
  const Physician& p = crews_.physicians[physician];
  Cost cost;
  cost.fairness = physician_fairness_[physician];
  for (const Call* call : stop.calls) {
    const core::Patient* patient = board_.Find<core::Patient>(call->patient);
    cost.continuity +=
        continuity_share *
        ContinuityCost(policy_, patient, p.person->id, p.duty->organization);
    cost.platform += PlatformCost(policy_, p.employer, patient);
  }
  return cost;
}

Prospect Prospects::Of(const Stop& stop, size_t physician,
                       size_t wheels) const {
  const Physician& p = crews_.physicians[physician];
  const bool own = wheels == crews_.own_wheels();
  Prospect prospect;
  prospect.ruling = stop.physician_rulings[physician];
  if (!prospect.ok()) return prospect;
  double end_minutes = p.end_minutes;
  double fetch_minutes = 0;
  if (own) {
    if (!p.person->self_drive) {
      prospect.ruling = {Verdict::kNoCar};
      return prospect;
    }
  } else {
    prospect.ruling = stop.driver_rulings[wheels];
    if (!prospect.ok()) return prospect;
    // He sits in another car.
    if (p.driver != kNone && static_cast<size_t>(p.driver) != wheels) {
      prospect.ruling = {Verdict::kBusy};
      return prospect;
    }
    end_minutes = std::min(end_minutes, crews_.drivers[wheels].end_minutes);
    fetch_minutes = FetchMinutes(wheels, physician);
  }
  prospect.arrive_minutes = fetch_minutes + stop.go_minutes[physician];
  if (prospect.arrive_minutes == kNoWay) {
    prospect.ruling = {Verdict::kUnreachable};
    return prospect;
  }
  const double over = std::max(prospect.arrive_minutes, stop.ready_minutes) +
                      stop.visit_minutes - end_minutes;
  // Less than a nanosecond is rounding.
  if (over > 1e-12) {
    prospect.ruling = {Verdict::kShiftEndsBefore, over};
    // He was on duty when he accepted; the rota has changed since.
    if (std::isinf(over)) prospect.ruling = {Verdict::kNotOnRota};
    return prospect;
  }
  prospect.cost = stop.physician_costs[physician];
  if (!own) prospect.cost.fairness += driver_fairness_[wheels];
  for (const CallClock& clock : stop.clocks) {
    prospect.cost.response += ResponseCost(clock, prospect.arrive_minutes);
    prospect.cost.tardiness +=
        TardinessCost(clock, policy_, prospect.arrive_minutes);
  }
  prospect.cost.drive = DriveCost(policy_, prospect.arrive_minutes);
  return prospect;
}

FirstVisit Prospects::FirstVisitOf(const Stop& stop) const {
  FirstVisit first;
  const auto may = [&](const Ruling& ruling) {
    return options_.plans_night() ? NowOrLater(ruling) : ruling.ok();
  };
  for (size_t p = 0; p < crews_.physicians.size(); ++p) {
    const Physician& physician = crews_.physicians[p];
    if (!may(stop.physician_rulings[p]) || physician.waits_for_car) continue;
    const double go_minutes =
        travel_times_.Minutes(physician.free_place(), stop.position);
    const auto consider = [&](double leave_minutes, double end_minutes) {
      const double arrive = leave_minutes + go_minutes;
      const double begin = std::max(arrive, stop.ready_minutes);
      // Less is rounding.
      if (begin + stop.visit_minutes >
          std::min(end_minutes, physician.end_minutes) + 1e-9) {
        return;
      }
      if (std::tie(begin, arrive) <
          std::tie(first.begin_minutes, first.arrive_minutes)) {
        first = {arrive, begin};
      }
    };
    if (physician.drives_himself()) {
      consider(physician.free_minutes(), kNever);
    }
    for (size_t d = 0; d < crews_.drivers.size(); ++d) {
      if (!may(stop.driver_rulings[d])) continue;
      const Driver& driver = crews_.drivers[d];
      const double fetch_minutes =
          later_fetch_minutes_[d * crews_.physicians.size() + p];
      consider(std::max(driver.free_minutes + fetch_minutes,
                        physician.free_minutes()),
               driver.end_minutes);
    }
  }
  return first;
}

bool Prospects::IsForSomebodyInAnotherCar(const Stop& stop) const {
  for (size_t p = 0; p < crews_.physicians.size(); ++p) {
    const Physician& physician = crews_.physicians[p];
    if (physician.driver == kNone || physician.waits_for_car ||
        !NowOrLater(stop.physician_rulings[p])) {
      continue;
    }
    const LatLng& place = physician.free_place();
    for (size_t d = 0; d < crews_.drivers.size(); ++d) {
      if (static_cast<size_t>(physician.driver) == d ||
          !NowOrLater(stop.driver_rulings[d])) {
        continue;
      }
      const Driver& driver = crews_.drivers[d];
      const double arrive =
          std::max(
              driver.free_minutes + travel_times_.Minutes(driver.place, place),
              physician.free_minutes()) +
          travel_times_.Minutes(place, stop.position);
      if (std::max(arrive, stop.ready_minutes) + stop.visit_minutes <=
          std::min(driver.end_minutes, physician.end_minutes)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace housecall::planner
