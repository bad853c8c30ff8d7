// What a seed stands for: how many nodes, what fails and how often, how much
// is to be done. Everything else in a run is drawn from the same seed on the
// way.
#ifndef HOUSECALL_TESTS_SIMULATION_PLAN_H_
#define HOUSECALL_TESTS_SIMULATION_PLAN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "dispatcher/base/fields.h"

namespace housecall::simulation {

// Chances are per mille, of one call of the store, one message and so on.
struct Plan {
  uint64_t seed = 0;
  // When the night begins.
  absl::Time start_time = absl::UnixEpoch();

  // --- The center ---
  int32_t nodes = 1;
  int32_t calls = 8;
  // Of those that came by telephone or stand on paper, which the operator
  // enters; in addition.
  int32_t paper_calls = 0;
  int32_t nurses = 3;
  int32_t physicians = 4;
  int32_t drivers = 3;
  // Somebody who does anything at any time.
  bool meddler = true;
  // Somebody who changes the directory, the rota, accounts and cards.
  bool administrator = false;
  // How long a login lasts.
  absl::Duration session_duration = absl::Hours(14);
  // Requests before which their sender logs out and in again, or changes his
  // password; at all times but the end.
  int32_t logs_out = 0;
  // Drivers wait at the door, or go on and another fetches the physician.
  bool driver_waits = true;
  // Watchers of the board.
  int32_t watchers = 2;

  // --- Storms, between which nothing fails ---
  int32_t storms = 3;
  absl::Duration storm_duration = absl::Minutes(5);
  absl::Duration calm_duration = absl::Minutes(6);

  // --- What fails in a storm ---
  int32_t store_fails_before = 0;
  int32_t store_fails_after = 0;
  int32_t disk_full = 0;
  // A commit that arrives after its sender has given it up.
  int32_t commit_arrives_late = 0;
  // A crash at a call of the store: before it is done, or after.
  int32_t crash_at_store_call = 0;
  // A node that cannot reach the store for a while.
  bool partitions = false;
  // Requests and answers that are lost, or come twice, or late.
  int32_t message_lost = 0;
  int32_t message_doubled = 0;
  int32_t message_late = 0;
  // Receivers that reject, hang, lie about success, send back what they got.
  int32_t receiver_fails = 0;
  int32_t receiver_hangs = 0;
  int32_t receiver_lies = 0;
  // Requests in which a client uses an id again for something else.
  int32_t request_id_reused = 0;
  // Positions that lie about when they were taken.
  int32_t position_lies = 0;

  // --- The store: the real one on a disk that fails, or in memory ---
  bool on_disk = false;
  // Of the disk's writes and syncs, those at which the power is cut, and those
  // that fail.
  int32_t power_cuts = 0;
  int32_t disk_writes_fail = 0;
  int32_t disk_syncs_fail = 0;
  int32_t disk_is_full = 0;
  int32_t disk_is_slow = 0;

  // --- At all times ---
  // How far a node's clock is from the true time at most.
  absl::Duration max_skew;
  // From a node to the store and back, at most.
  absl::Duration store_delay = absl::Milliseconds(20);
  int32_t preempt = 0;
  absl::Duration timer_interval = absl::Seconds(1);
  // Offers and departures have clocks; this is how often they are let run out.
  int32_t offers_ignored_percent = 10;

  bool operator==(const Plan&) const = default;
  HOUSECALL_FIELDS(
      seed, start_time, nodes, calls, paper_calls, nurses, physicians, drivers,
      meddler, administrator, session_duration, logs_out, driver_waits,
      watchers, storms, storm_duration, calm_duration, store_fails_before,
      store_fails_after, disk_full, commit_arrives_late, crash_at_store_call,
      partitions, message_lost, message_doubled, message_late, receiver_fails,
      receiver_hangs, receiver_lies, request_id_reused, position_lies, on_disk,
      power_cuts, disk_writes_fail, disk_syncs_fail, disk_is_full, disk_is_slow,
      max_skew, store_delay, preempt, timer_interval, offers_ignored_percent);
};

Plan PlanOf(uint64_t seed);

// "nodes 2, calls 7, …": every field that is not as in a plan without faults.
std::string Describe(const Plan& plan);

// The same run with one thing less in it, for each thing that there is: what
// shrinking tries.
std::vector<Plan> SimplerPlans(const Plan& plan);

}  // namespace housecall::simulation

#endif  // HOUSECALL_TESTS_SIMULATION_PLAN_H_
