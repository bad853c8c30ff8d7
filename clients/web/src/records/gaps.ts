// Hours of the rota that nobody covers.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { msOf } from "../app/clock";
import { allPages, rota } from "../app/rpc";
import { center } from "../app/session";
import type { CoverageGap } from "../gen/housecall/v1/rota_pb";
import type { Role } from "../gen/housecall/v1/types_pb";

export interface Gap {
  readonly start: Timestamp | undefined;
  readonly end: Timestamp | undefined;
  readonly roles: readonly Role[];
}

// The server cuts gaps at the window. None is longer than the holidays around
// New Year: a window so much wider cuts none that touches this one.
const longestMs = 10 * 86_400_000;

// Every gap that touches [fromMs, toMs), whole.
export async function readGaps(fromMs: number, toMs: number): Promise<CoverageGap[]> {
  const window = {
    parent: center.value,
    startTime: timestampFromMs(fromMs - longestMs),
    endTime: timestampFromMs(toMs + longestMs),
    pageSize: 1000,
  };
  const gaps = await allPages((pageToken) => rota.listCoverageGaps({ ...window, pageToken }), (page) => page.coverageGaps);
  return gaps.filter((gap) => (msOf(gap.endTime) ?? 0) > fromMs && (msOf(gap.startTime) ?? 0) < toMs);
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
