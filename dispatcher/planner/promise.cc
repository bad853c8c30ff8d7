#include "dispatcher/planner/promise.h"

#include <algorithm>
#include <cmath>

namespace housecall::planner {

namespace {

// Below that a part counts as certain.
constexpr double kLeast = 1e-9;

// Of the standard normal distribution.
double Probability(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// Its inverse: Acklam's rational approximation (relative error below 1.2e-9).
double NormalQuantile(double p) {
  constexpr double kA[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                           -2.759285104469687e+02, 1.383577518672690e+02,
                           -3.066479806614716e+01, 2.506628277459239e+00};
  constexpr double kB[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                           -1.556989798598866e+02, 6.680131188771972e+01,
                           -1.328068155288572e+01};
  constexpr double kC[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                           -2.400758277161838e+00, -2.549732539343734e+00,
                           4.374664141464968e+00,  2.938163982698783e+00};
  constexpr double kD[] = {7.784695709041462e-03, 3.224671290700398e-01,
                           2.445134137142996e+00, 3.754408661907416e+00};
  constexpr double kTail = 0.02425;
  const auto tail = [&](double q) {
    return (((((kC[0] * q + kC[1]) * q + kC[2]) * q + kC[3]) * q + kC[4]) * q +
            kC[5]) /
           ((((kD[0] * q + kD[1]) * q + kD[2]) * q + kD[3]) * q + 1);
  };
  if (p < kTail) return tail(std::sqrt(-2 * std::log(p)));
  if (p > 1 - kTail) return -tail(std::sqrt(-2 * std::log(1 - p)));
  const double q = p - 0.5;
  const double r = q * q;
  return (((((kA[0] * r + kA[1]) * r + kA[2]) * r + kA[3]) * r + kA[4]) * r +
          kA[5]) *
         q /
         (((((kB[0] * r + kB[1]) * r + kB[2]) * r + kB[3]) * r + kB[4]) * r +
          1);
}

// Of the logarithm.
struct LogNormal {
  double mean = 0;
  double deviation = 0;
};

LogNormal LogNormalOf(double mean, double variance) {
  LogNormal log;
  log.deviation = std::sqrt(std::log1p(variance / (mean * mean)));
  log.mean = std::log(mean) - log.deviation * log.deviation / 2;
  return log;
}

}  // namespace

void Arrival::Add(double mean_minutes, double spread) {
  if (mean_minutes < kLeast) return;
  if (spread < kLeast) return AddCertain(mean_minutes);
  mean_ += mean_minutes;
  variance_ += mean_minutes * mean_minutes * spread * spread;
}

void Arrival::AddRest(double mean_minutes, double spread,
                      double elapsed_minutes) {
  if (elapsed_minutes < kLeast) return Add(mean_minutes, spread);
  if (mean_minutes < kLeast) return;
  if (spread < kLeast) {
    return AddCertain(std::max(0.0, mean_minutes - elapsed_minutes));
  }
  const double variance = mean_minutes * mean_minutes * spread * spread;
  const LogNormal log = LogNormalOf(mean_minutes, variance);
  // Later than any such part ever is, the formula would divide by nothing.
  constexpr double kMostDeviations = 6;
  const double z = std::min(
      (std::log(elapsed_minutes) - log.mean) / log.deviation, kMostDeviations);
  const double elapsed = std::exp(log.mean + z * log.deviation);
  const double beyond = Probability(-z);
  const double mean = mean_minutes * Probability(log.deviation - z) / beyond;
  const double square = (variance + mean_minutes * mean_minutes) *
                        Probability(2 * log.deviation - z) / beyond;
  const double rest = std::max(kLeast, mean - elapsed);
  mean_ += rest;
  variance_ += std::max(0.0, square - mean * mean);
}

void Arrival::WaitUntil(double minutes) {
  const double limit = minutes - certain_;
  if (limit <= kLeast) return;
  if (mean_ < kLeast || variance_ < kLeast) {
    if (mean() < minutes) {
      certain_ = minutes;
      mean_ = variance_ = 0;
    }
    return;
  }
  // The mean and variance of the greater of a lognormal and a number.
  const LogNormal log = LogNormalOf(mean_, variance_);
  const double z = (std::log(limit) - log.mean) / log.deviation;
  const double below = Probability(z);
  const double mean = limit * below + mean_ * Probability(log.deviation - z);
  const double square =
      limit * limit * below +
      (variance_ + mean_ * mean_) * Probability(2 * log.deviation - z);
  // From then on it varies; before it is certain.
  certain_ = minutes;
  mean_ = std::max(0.0, mean - limit);
  variance_ = std::max(0.0, square - mean * mean);
  if (mean_ < kLeast) mean_ = variance_ = 0;
}

void Arrival::WaitFor(const Arrival& other) {
  // He is ready.
  if (other.mean() < kLeast) return;
  // Clark (1961), "The greatest of a finite set of random variables", for two
  // that are taken for normal.
  const double spread = std::sqrt(variance_ + other.variance_);
  if (spread < kLeast) {
    WaitUntil(other.mean());
    return;
  }
  const double z = (mean() - other.mean()) / spread;
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
  const double first = mean();
  const double second = other.mean();
  const double greatest =
      first * Probability(z) + second * Probability(-z) + spread * density;
  const double square = (first * first + variance_) * Probability(z) +
                        (second * second + other.variance_) * Probability(-z) +
                        (first + second) * spread * density;
  certain_ = std::min(greatest, std::max(certain_, other.certain_));
  mean_ = greatest - certain_;
  variance_ = std::max(0.0, square - greatest * greatest);
}

double Arrival::deviation() const { return std::sqrt(variance_); }

double Arrival::Quantile(double share) const {
  if (mean_ < kLeast || variance_ < kLeast) return mean();
  const LogNormal log = LogNormalOf(mean_, variance_);
  return certain_ + std::exp(log.mean + log.deviation * NormalQuantile(share));
}

VisitTimes LearnVisitTimes(const core::Board& board) {
  const core::Policy& policy = board.center().policy;
  const double expected = absl::ToDoubleMinutes(policy.visit_duration);
  // Nobody treats for less; what took longer is a crew that forgot to say that
  // it left.
  constexpr double kLeastShare = 0.1;
  constexpr double kGreatestShare = 5;
  double count = kVisitsBefore;
  // Of the logarithms of the shares.
  const double prior_variance =
      std::log1p(policy.visit_spread * policy.visit_spread);
  double sum = -kVisitsBefore * prior_variance / 2;
  double squares =
      kVisitsBefore * (prior_variance + prior_variance * prior_variance / 4);
  board.table<core::Assignment>().ForEach(
      [&](const core::AssignmentId&, const core::Assignment& assignment) {
        if (!assignment.arrive.has_value() || !assignment.leave.has_value() ||
            assignment.calls.empty()) {
          return;
        }
        const double share =
            absl::ToDoubleMinutes(assignment.leave->moment() -
                                  assignment.arrive->moment()) /
            (expected * static_cast<double>(assignment.calls.size()));
        if (!(share >= kLeastShare && share <= kGreatestShare)) return;
        const double log = std::log(share);
        count += 1;
        sum += log;
        squares += log * log;
      });
  const double mean = sum / count;
  const double variance = std::max(0.0, squares / count - mean * mean);
  VisitTimes times;
  times.factor = std::exp(mean + variance / 2);
  times.spread = std::sqrt(std::expm1(variance));
  return times;
}

double AnswerMinutes(const core::Policy& policy, core::Urgency urgency) {
  return kAnswerShare * absl::ToDoubleMinutes(urgency == core::Urgency::kUrgent
                                                  ? policy.urgent_offer_timeout
                                                  : policy.offer_timeout);
}

double DepartMinutes(const core::Policy& policy) {
  constexpr double kShare = 0.2;
  return kShare * absl::ToDoubleMinutes(policy.departure_nudge);
}

}  // namespace housecall::planner
