// The order in which an operator looks at calls, and their clocks.
import { msOf, now } from "../app/clock";
import { CallState, type Call } from "../gen/housecall/v1/call_pb";
import type { Policy } from "../gen/housecall/v1/directory_pb";
import { Urgency } from "../gen/housecall/v1/types_pb";
import { effectiveState, hasArrived, triageDueMs } from "../records/call_view";

export type Group = "all" | "untriaged" | "seeking" | "under_way" | "papers";

export function groupOf(call: Call): Exclude<Group, "all"> {
  switch (effectiveState(call)) {
    case CallState.RECEIVED:
    case CallState.UNSPECIFIED:
      return "untriaged";
    case CallState.TRIAGED:
    case CallState.SCHEDULED:
    case CallState.MATCHING:
    case CallState.OFFERED:
    case CallState.ON_HOLD:
    case CallState.EMERGENCY_119:
    case CallState.NOT_FOUND:
      return "seeking";
    case CallState.ACCEPTED:
    case CallState.EN_ROUTE:
    case CallState.ON_SCENE:
      return "under_way";
    case CallState.DEPARTED_SCENE:
    case CallState.NOTE_SENT:
    case CallState.CLOSED:
    case CallState.MERGED:
    case CallState.CANCELLED:
      return "papers";
  }
}

// When the next thing is due for a call, in ms since 1970: its triage, then its
// arrival. undefined: nothing.
export function dueMs(call: Call, policy: Policy | undefined): number | undefined {
  if (hasArrived(call)) return undefined;
  const triage = triageDueMs(call, policy);
  if (triage !== undefined) return triage;
  return msOf(call.targetTime) ?? msOf(call.schedule?.startTime);
}

// What cannot wait first: 119 undecided, red flags, then by urgency (not
// triaged counts as urgent: nobody knows yet), then by what is due first.
export function rank(call: Call, policy: Policy | undefined): readonly [number, number, string] {
  const group = groupOf(call);
  const due = dueMs(call, policy) ?? Number.MAX_SAFE_INTEGER;
  let level: number;
  if (call.state === CallState.EMERGENCY_119 || call.state === CallState.NOT_FOUND) level = 0;
  else if (group === "papers") level = 9;
  else if (hasArrived(call)) level = 8;
  else if (call.state === CallState.ON_HOLD) level = 7;
  else if (group === "untriaged") level = call.redFlags.length > 0 ? 1 : 2;
  else if (call.urgency === Urgency.URGENT) level = 2;
  else if (call.urgency === Urgency.STANDARD) level = 3;
  else level = 4;
  return [level, due, call.name];
}

export function inOrder(calls: readonly Call[], policy: Policy | undefined): Call[] {
  return calls
    .map((call) => ({ call, key: rank(call, policy) }))
    .sort((a, b) => a.key[0] - b.key[0] || a.key[1] - b.key[1] || (a.key[2] < b.key[2] ? -1 : 1))
    .map(({ call }) => call);
}

export function isLate(call: Call, policy: Policy | undefined): boolean {
  const due = dueMs(call, policy);
  return due !== undefined && due < now.value && call.state !== CallState.ON_HOLD;
}
