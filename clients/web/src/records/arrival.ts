// When somebody is expected at the door, as honestly as it is known.
import type { Call } from "../gen/housecall/v1/call_pb";
import type { Policy } from "../gen/housecall/v1/directory_pb";
import type { Assignment } from "../gen/housecall/v1/visit_pb";
import { AssignmentState } from "../gen/housecall/v1/visit_pb";
import { msOf, now } from "../app/clock";
import { durationMs } from "../text/format";

export interface Arrival {
  // Not before and hardly after, by the server's clock.
  readonly earliestMs: number;
  readonly latestMs: number;
  // How old the estimate is.
  readonly ageMs: number;
  // Older than the center's policy takes for fresh: shown as old.
  readonly stale: boolean;
}

// The expected arrival of a crew that has not arrived; undefined: not known.
//
// From what is expected to when the center's policy lets people be told "by
// then": at least three minutes, for roads are not that regular.
export function arrivalOf(
  assignment: Assignment | undefined,
  policy: Policy | undefined,
): Arrival | undefined {
  if (!assignment || !isUnderWay(assignment)) return undefined;
  const arriveMs = msOf(assignment.estimate?.arriveTime);
  if (arriveMs === undefined) return undefined;
  const ageMs = Math.max(0, now.value - (msOf(assignment.estimateTime) ?? now.value));
  const earliestMs = Math.max(arriveMs, now.value);
  const promiseMs = msOf(assignment.estimate?.promiseTime) ?? arriveMs;
  return {
    earliestMs,
    latestMs: Math.max(promiseMs, earliestMs + 3 * 60_000),
    ageMs,
    stale: ageMs > (durationMs(policy?.positionStaleAfter) ?? 5 * 60_000),
  };
}

export function isUnderWay(assignment: Assignment): boolean {
  return (
    assignment.state === AssignmentState.ACCEPTED ||
    assignment.state === AssignmentState.EN_ROUTE ||
    assignment.state === AssignmentState.WAITING_FOR_CAR
  );
}

// How long until a call's target, in ms; negative: late. undefined: it has none.
export function msToTarget(call: Call): number | undefined {
  const target = msOf(call.targetTime);
  return target === undefined ? undefined : target - now.value;
}
