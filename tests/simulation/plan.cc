#include "tests/simulation/plan.h"

#include <type_traits>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "tests/simulation/random.h"

namespace housecall::simulation {
namespace {

absl::Time InTokyo(int day, int hour) {
  return absl::FromCivil(absl::CivilHour(2026, 11, day, hour),
                         absl::FixedTimeZone(9 * 60 * 60));
}

std::string Words(int32_t value) { return absl::StrCat(value); }
std::string Words(uint64_t value) { return absl::StrCat(value); }
std::string Words(bool value) { return value ? "yes" : "no"; }
std::string Words(absl::Duration value) { return absl::FormatDuration(value); }
std::string Words(absl::Time value) {
  return absl::FormatTime("%H:%M", value, absl::FixedTimeZone(9 * 60 * 60));
}

}  // namespace

Plan PlanOf(uint64_t seed) {
  // Not the numbers that the run itself draws.
  Random random(seed ^ 0x5eed5eed5eed5eed);
  Plan plan;
  plan.seed = seed;
  // The crews are on duty from 18:00 to 08:00: in some runs it ends.
  plan.start_time = random.Chance(75)   ? InTokyo(20, 20)
                    : random.Chance(50) ? InTokyo(20, 23)
                                        : InTokyo(21, 6);
  plan.nodes = random.Chance(50) ? 1 : random.Chance(60) ? 2 : 3;
  plan.calls = static_cast<int32_t>(random.Between(3, 10));
  plan.nurses = static_cast<int32_t>(random.Between(2, 3));
  plan.physicians = static_cast<int32_t>(random.Between(2, 4));
  plan.drivers = static_cast<int32_t>(random.Between(1, 3));
  plan.meddler = random.Chance(60);
  plan.watchers = static_cast<int32_t>(random.Between(1, 3));
  plan.storms = static_cast<int32_t>(random.Between(1, 4));
  plan.storm_duration = absl::Minutes(random.Between(2, 10));
  plan.calm_duration = absl::Minutes(random.Between(4, 10));

  // Each kind of fault is in some runs only: alone it is found sooner, and
  // together they hide one another.
  const auto maybe = [&](int percent, int64_t most) {
    return random.Chance(percent)
               ? static_cast<int32_t>(random.Between(1, most))
               : 0;
  };
  plan.store_fails_before = maybe(50, 100);
  plan.store_fails_after = maybe(50, 100);
  plan.disk_full = maybe(30, 60);
  plan.commit_arrives_late = maybe(40, 80);
  plan.crash_at_store_call = maybe(60, 15);
  plan.partitions = random.Chance(30);
  plan.message_lost = maybe(50, 100);
  plan.message_doubled = maybe(60, 200);
  plan.message_late = maybe(40, 100);
  plan.receiver_fails = maybe(60, 500);
  plan.receiver_hangs = maybe(40, 300);
  plan.receiver_lies = maybe(20, 200);
  plan.request_id_reused = maybe(30, 50);
  plan.position_lies = maybe(50, 300);
  plan.max_skew = random.Chance(50)
                      ? absl::ZeroDuration()
                      : absl::Milliseconds(random.Between(1, 3000));
  plan.store_delay = absl::Milliseconds(random.Between(1, 60));
  plan.preempt = maybe(50, 100);
  plan.timer_interval = absl::Milliseconds(random.Between(500, 2000));
  plan.offers_ignored_percent = static_cast<int32_t>(random.Between(0, 30));
  plan.on_disk = random.Chance(40);
  plan.administrator = random.Chance(40);
  plan.driver_waits = random.Chance(75);
  plan.paper_calls = static_cast<int32_t>(random.Between(0, 3));
  if (random.Chance(30)) {
    plan.session_duration = absl::Minutes(random.Between(15, 60));
  }
  plan.logs_out = maybe(60, 60);
  if (plan.on_disk) {
    plan.power_cuts = maybe(60, 8);
    plan.disk_writes_fail = maybe(30, 20);
    plan.disk_syncs_fail = maybe(40, 60);
    plan.disk_is_full = maybe(30, 20);
    plan.disk_is_slow = maybe(30, 30);
  }
  return plan;
}

std::string Describe(const Plan& plan) {
  std::string out;
  const Plan none;
  VisitFields(plan, [&](const char* name, const auto& value) {
    bool same = false;
    VisitFields(none, [&](const char* other, const auto& plain) {
      if constexpr (std::is_same_v<decltype(value), decltype(plain)>) {
        if (absl::string_view(name) == other) same = value == plain;
      }
    });
    if (same) return;
    absl::StrAppend(&out, out.empty() ? "" : ", ", name, " ", Words(value));
  });
  return out;
}

std::vector<Plan> SimplerPlans(const Plan& plan) {
  std::vector<Plan> plans;
  const auto add = [&](auto change) {
    Plan simpler = plan;
    change(simpler);
    if (!(simpler == plan)) plans.push_back(simpler);
  };
  add([](Plan& p) { p.nodes = 1; });
  add([](Plan& p) { p.storms = 0; });
  add([](Plan& p) { p.storms /= 2; });
  add([](Plan& p) { p.calls = 1; });
  add([](Plan& p) { p.calls = (p.calls + 1) / 2; });
  add([](Plan& p) {
    if (p.calls > 1) --p.calls;
  });
  add([](Plan& p) { p.paper_calls = 0; });
  add([](Plan& p) { p.meddler = false; });
  add([](Plan& p) { p.administrator = false; });
  add([](Plan& p) { p.session_duration = absl::Hours(14); });
  add([](Plan& p) { p.logs_out = 0; });
  add([](Plan& p) { p.driver_waits = true; });
  add([](Plan& p) { p.watchers = 0; });
  add([](Plan& p) { p.nurses = 1; });
  add([](Plan& p) { p.physicians = 1; });
  add([](Plan& p) { p.drivers = 1; });
  add([](Plan& p) { p.partitions = false; });
  add([](Plan& p) { p.max_skew = absl::ZeroDuration(); });
  add([](Plan& p) {
    p.on_disk = false;
    p.power_cuts = p.disk_writes_fail = p.disk_syncs_fail = 0;
    p.disk_is_full = p.disk_is_slow = 0;
  });
  for (int32_t Plan::*chance : {&Plan::store_fails_before,
                                &Plan::store_fails_after,
                                &Plan::disk_full,
                                &Plan::commit_arrives_late,
                                &Plan::crash_at_store_call,
                                &Plan::message_lost,
                                &Plan::message_doubled,
                                &Plan::message_late,
                                &Plan::receiver_fails,
                                &Plan::receiver_hangs,
                                &Plan::receiver_lies,
                                &Plan::request_id_reused,
                                &Plan::position_lies,
                                &Plan::power_cuts,
                                &Plan::disk_writes_fail,
                                &Plan::disk_syncs_fail,
                                &Plan::disk_is_full,
                                &Plan::disk_is_slow,
                                &Plan::preempt,
                                &Plan::offers_ignored_percent}) {
    add([&](Plan& p) { p.*chance = 0; });
  }
  return plans;
}

}  // namespace housecall::simulation
