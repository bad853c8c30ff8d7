// Hours of the rota that nobody covers.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { msOf } from "../app/clock";
import type { CoverageGap } from "../gen/housecall/v1/rota_pb";
import type { Role } from "../gen/housecall/v1/types_pb";

export interface Gap {
  readonly start: Timestamp | undefined;
  readonly end: Timestamp | undefined;
  readonly roles: readonly Role[];
}

// One for all roles that are missing in the same hours, earliest first.
export function gapsByHours(gaps: readonly CoverageGap[]): Gap[] {
  const byHours = new Map<string, { start: Timestamp | undefined; end: Timestamp | undefined; roles: Role[] }>();
  for (const gap of gaps) {
    const key = `${msOf(gap.startTime)}-${msOf(gap.endTime)}`;
    const found = byHours.get(key);
    if (found) found.roles.push(gap.role);
    else byHours.set(key, { start: gap.startTime, end: gap.endTime, roles: [gap.role] });
  }
  return [...byHours.values()].sort((a, b) => (msOf(a.start) ?? 0) - (msOf(b.start) ?? 0));
}
