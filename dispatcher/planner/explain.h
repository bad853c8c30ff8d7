// Why each stop is served as it is: for every physician why he or why not, for
// every driver, and why a call waits. Pure.
#ifndef HOUSECALL_DISPATCHER_PLANNER_EXPLAIN_H_
#define HOUSECALL_DISPATCHER_PLANNER_EXPLAIN_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/core/board.h"
#include "dispatcher/core/rules.h"
#include "dispatcher/planner/assignment.h"
#include "dispatcher/planner/crews.h"
#include "dispatcher/planner/plan.h"
#include "dispatcher/planner/prospects.h"
#include "dispatcher/planner/routes.h"

namespace housecall::planner {

// What was decided: who is sent where now, and who is meant for what later.
struct Choices {
  // Nobody is sent anywhere.
  Choices(size_t stops, const Crews& crews);
  void Send(size_t stop, const Crew& crew);
  bool IsSent(size_t stop) const { return !crews[stop].empty(); }

  // By stop: indexes of physicians and wheels (crews.h); and when such a crew
  // comes.
  std::vector<Crew> crews;
  std::vector<core::Estimate> estimates;
  // By stop, where the whole night is planned; of those without a crew.
  std::vector<std::optional<core::Waiting>> waiting;
  // In a crew that is sent.
  std::vector<char> physician_is_used;
  std::vector<char> driver_is_used;
  // Where the whole night is planned: the first stop of the route that has
  // them, or kNone.
  std::vector<int> first_stop_of_physician;
  std::vector<int> first_stop_of_driver;
};

// Constant after construction; borrows what it is given. Choices may still be
// made; they are looked up when they are asked about.
class Explainer {
 public:
  // `travel_times`: their description.
  Explainer(const core::Board& board, absl::Time now, std::string travel_times,
            const Crews& crews, const Prospects& prospects,
            const std::vector<Stop>& stops, const Choices& choices);

  // Why nobody is offered this stop now, and what is meant to become of it:
  // `plan`, and `result` as far as arrivals and expected calls are in it.
  core::Waiting WhyItWaits(size_t stop, const RoutePlan& plan,
                           const PlanResult& result) const;

  // Without the call, of which a stop may have several.
  core::Match MatchOf(size_t stop) const;

  // Of a call that nobody can find.
  core::Match MatchWithoutPlace(const core::Call& call) const;

 private:
  core::Match NewMatch() const;
  core::Candidate Bare(size_t physician, const core::Ruling& ruling) const;
  core::Candidate CandidateOf(size_t physician, size_t wheels,
                              const Prospect& prospect) const;
  core::Candidate ExplainPhysician(size_t stop, size_t physician) const;
  core::Candidate Obstacle(const Stop& stop, size_t physician) const;
  std::vector<core::Candidate> ExplainDrivers(size_t stop,
                                              size_t physician) const;
  void AddAbsent(std::vector<core::Candidate>* candidates) const;
  Prospect ProspectOfChosen(size_t stop) const;
  bool IsChosen(size_t stop, size_t wheels) const;
  bool IsFree(size_t stop, size_t wheels) const;
  bool IsPhysicianMeant(size_t stop, size_t physician) const;
  bool IsDriverMeant(size_t stop, size_t wheels) const;
  std::optional<absl::Time> FreeTimeOf(const std::optional<Busy>& busy) const;
  std::optional<absl::Time> FreeTimeInPlan(
      const core::Candidate& candidate) const;

  const core::Board& board_;
  const absl::Time now_;
  const std::string travel_times_;
  const Crews& crews_;
  const Prospects& prospects_;
  const std::vector<Stop>& stops_;
  const Choices& choices_;
};

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_EXPLAIN_H_
