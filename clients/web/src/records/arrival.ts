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
// The server gives an instant. How far off it may be is not known to it, so the
// screens allow a quarter of the way that is left, at least three minutes, and
// more by the estimate's age: a promise that is wide is better than one that is
// broken.
export function arrivalOf(
  assignment: Assignment | undefined,
  policy: Policy | undefined,
): Arrival | undefined {
  if (!assignment || !isUnderWay(assignment)) return undefined;
  const arriveMs = msOf(assignment.estimate?.arriveTime);
  if (arriveMs === undefined) return undefined;
  const ageMs = Math.max(0, now.value - (msOf(assignment.estimateTime) ?? now.value));
  const leftMs = Math.max(0, arriveMs - now.value);
  const slackMs = Math.max(3 * 60_000, leftMs / 4);
  return {
    earliestMs: Math.max(arriveMs - slackMs / 2, now.value),
    latestMs: Math.max(arriveMs, now.value) + slackMs,
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
