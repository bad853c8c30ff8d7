// The product's planner at the head of a night: puts a situation on a board as
// the daemon's would be, plans, and turns proposals into orders for the cars.
#ifndef HOUSECALL_DISPATCHER_NIGHT_DISPATCHER_H_
#define HOUSECALL_DISPATCHER_NIGHT_DISPATCHER_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/night/night.h"
#include "dispatcher/planner/planner.h"
#include "dispatcher/planner/search.h"

namespace housecall::night {

// How crews answer what they are offered: drawn for each offer.
struct CrewAnswers {
  // Off: they obey at once, as a night referee's do.
  bool on = false;
  // Of the offers: declined; not answered until the last ring is over.
  double decline_share = 0.05;
  double silent_share = 0.03;
  // Of the accepted ones, those for which it has to ring again. The others are
  // accepted soon: after a third of a ring, on average.
  double late_share = 0.12;
};

struct DispatcherOptions {
  // The center's configuration. Targets are the night's.
  core::Policy policy;
  planner::PlanOptions plan;
  CrewAnswers crews;
};

// One night, from its first situation to its last. An offer counts as accepted
// by both at once, and its crew as departed: it is not planned anew, unless a
// visit could no longer end within the shifts. Where crews answer, they are
// asked first, as the daemon asks them: they say yes, no or nothing, and set
// out some time after a yes. Borrows the night, of which the nodes and roads
// may grow.
class Dispatcher {
 public:
  // InvalidArgument if the night asks for more skills or urgencies than the
  // product has words for.
  static absl::StatusOr<Dispatcher> Make(const Night* night,
                                         DispatcherOptions options);

  Orders Decide(const Situation& situation);

  const core::Board& board() const { return board_; }

 private:
  Dispatcher(const Night* night, DispatcherOptions options);

  absl::Status LearnWords();
  void PutDirectory();
  void LearnRoads();
  template <typename R>
  void Put(const R& record);
  void PutDuties(const Situation& situation);
  void PutCalls(const Situation& situation);
  void PutCrew(const Situation& situation, int car);
  void EndAssignments(const Situation& situation);
  // Those with their patients whose drivers have left.
  void PutThoseAlone(const Situation& situation);
  // Free cars for those whom nobody has waited for, before their duty ends.
  void FetchHome(const Situation& situation, Orders* orders) const;
  // Whether the referee would refuse the next stop of a car between stops.
  bool IsNextStopTooLate(const Situation& situation, int car) const;
  bool CanBeFetched(const Situation& situation, int car, int physician) const;
  // The car that the offer means.
  int CarFor(const Situation& situation, const core::OfferVisit& offer) const;
  // The driver; of a physician's own car the physician.
  core::PersonId DriverOf(const Car& car) const;
  // Whether the car stays during a visit.
  bool Waits(int car) const;

  // Asks the crew of a car for these stops.
  void Ask(int car, const core::OfferVisit& offer, std::vector<Stop> stops,
           double now);
  // What has been answered, and who sets out. Those who have not yet have their
  // stops as their plan in `situation`.
  void HearAnswers(Situation* situation, Orders* orders);
  // Nobody is asked any more; with what the call is to remember.
  void EndOffer(int car, core::OfferState state);
  // As the planner proposes.
  void TakeBack(const core::TakeBackOffer& take_back, Situation* situation,
                Orders* orders);

  // Tells of an arrival if that is worth telling.
  void Tell(const core::CallId& call, absl::Time expect_time,
            absl::Time promise_time, bool has_crew, Orders* orders);
  // Of the crews that are under way.
  void TellOfCrews(const Situation& situation, Orders* orders);

  absl::Time At(double seconds) const;
  core::LatLng PlaceOf(int node) const;
  int NodeAt(const core::LatLng& place) const;
  core::Skill SkillOf(const std::string& skill) const;
  core::Urgency UrgencyOf(const std::string& urgency) const;

  const Night* night_;
  DispatcherOptions options_;
  std::map<std::string, core::Skill> skills_;
  std::map<std::string, core::Urgency> urgencies_;
  core::Board board_;
  planner::TravelTimes travel_times_;
  int known_nodes_ = 0;
  // Every call shown so far, by id.
  std::map<int, CallNow> calls_;
  // By DriverOf.
  std::map<core::PersonId, int> cars_by_driver_;
  std::map<core::PersonId, int> physicians_by_person_;
  std::map<core::CallId, int> calls_by_record_;
  // By car: the plan's calls as one assignment, or none.
  std::vector<core::AssignmentId> assignments_;
  std::vector<int> visits_;
  // By physician: the visit during which no driver waits for him, or none.
  std::vector<core::AssignmentId> alone_;
  int made_assignments_ = 0;
  // An offer on its way.
  struct Asked {
    core::OfferId offer;
    std::vector<Stop> stops;
    core::OfferState outcome = core::OfferState::kPending;
    double answer_time = 0;
    bool has_accepted = false;
    double depart_time = 0;
    double next_time() const {
      return has_accepted ? depart_time : answer_time;
    }
  };
  // By car.
  std::vector<std::optional<Asked>> asked_;
  int made_offers_ = 0;
  planner::SearchRandom random_;
  // By car: when it was last seen between stops, which is when its current stop
  // began.
  std::vector<double> between_stops_;
  // For the next plan.
  std::vector<planner::PlannedRoute> previous_;
  // The wake that was asked for last.
  double wakes_at_ = -1;
};

}  // namespace housecall::night

#endif  // HOUSECALL_DISPATCHER_NIGHT_DISPATCHER_H_
