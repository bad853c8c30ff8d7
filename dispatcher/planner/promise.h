// What may be promised of an arrival: "by 22:40", so that nine of ten such
// promises hold. Arithmetic on minutes.
#ifndef HOUSECALL_DISPATCHER_PLANNER_PROMISE_H_
#define HOUSECALL_DISPATCHER_PLANNER_PROMISE_H_

#include "absl/time/time.h"
#include "dispatcher/core/board.h"

namespace housecall::planner {

// How long something takes that is made of parts of which each takes longer or
// shorter than expected: ways, visits, an answer. In minutes from now.
//
// Each part is lognormal with a mean and a spread (standard deviation over
// mean), as travel times are found to be (Budge, Ingolfsson and Zerom 2010,
// "Empirical analysis of ambulance travel times", Management Science 56) and
// times of treatment (Strum, May and Vargas 2000, "Modeling the uncertainty of
// surgical procedure times", Anesthesiology 92). Parts vary independently of
// each other. The sum is taken for lognormal with the sum's mean and variance
// (Fenton 1960, "The sum of log-normal probability distributions in scatter
// transmission systems"), which keeps what matters here: late ones are later
// than early ones are early. What is certain does not vary and is not part of
// that.
class Arrival {
 public:
  // A part that is certain.
  void AddCertain(double minutes) { certain_ += minutes; }
  // One that varies.
  void Add(double mean_minutes, double spread);
  // One that has been going on for `elapsed_minutes` and is not over: what is
  // left of it (the mean and variance of a lognormal beyond a limit). One that
  // should have been over long ago is expected to last on.
  void AddRest(double mean_minutes, double spread, double elapsed_minutes);
  // It goes on no earlier than this many minutes from now: the start of an
  // agreed window, the end of somebody else's visit.
  void WaitUntil(double minutes);
  // It goes on when another is ready too, who is independent of this one: the
  // later of the two (as WaitUntil, at the other's mean, with the variance of
  // the later one).
  void WaitFor(const Arrival& other);

  double mean() const { return certain_ + mean_; }
  double deviation() const;
  // So that `share` of such arrivals are no later; share in (0, 1).
  double Quantile(double share) const;

 private:
  double certain_ = 0;
  double mean_ = 0;
  double variance_ = 0;
};

// How long visits take and how much that varies, of which a center learns from
// its own.
struct VisitTimes {
  // Their mean is so many times what was expected of them.
  double factor = 1;
  // Standard deviation over mean.
  double spread = 0;
};

// From the visits on the board that are over, each compared with
// policy.visit_duration; as if kVisitsBefore of them had been seen before that
// were as the policy says. One visit of a trip of several counts its share.
inline constexpr int kVisitsBefore = 30;
VisitTimes LearnVisitTimes(const core::Board& board);

// Until physician and driver have both said yes and have left: a share of the
// time for which an offer of that urgency rings, and how much that varies.
inline constexpr double kAnswerShare = 0.5;
inline constexpr double kAnswerSpread = 0.7;
double AnswerMinutes(const core::Policy& policy, core::Urgency urgency);

// Until a crew that has accepted sets out, on average: a fifth of the time
// after which it is reminded.
double DepartMinutes(const core::Policy& policy);

}  // namespace housecall::planner

#endif  // HOUSECALL_DISPATCHER_PLANNER_PROMISE_H_
