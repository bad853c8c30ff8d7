// The ways of crews that are under way, as the server's roads give them. They
// are asked for again once a crew's estimate is newer, a few at a time: a map
// with two hundred cars must not keep the server busy.
import { signal } from "@preact/signals";
import { msOf, now } from "../app/clock";
import { visits } from "../app/rpc";
import type { Assignment } from "../gen/housecall/v1/visit_pb";

interface Known {
  readonly askedMs: number;
  // Empty: no road leads there, or nobody knows where the crew is.
  readonly points: readonly [number, number][];
}

const freshMs = 30_000;
const atOnce = 3;

export class Routes {
  // Changes when a way has come.
  readonly version = signal(0);
  private known = new Map<string, Known>();
  private asking = new Set<string>();

  get(assignment: string): readonly [number, number][] {
    return this.known.get(assignment)?.points ?? [];
  }

  // The first of these that are old are asked for.
  want(assignments: readonly Assignment[]): void {
    const names = new Set(assignments.map((each) => each.name));
    for (const name of this.known.keys()) if (!names.has(name)) this.known.delete(name);
    for (const each of assignments) {
      if (this.asking.size >= atOnce) return;
      const before = this.known.get(each.name);
      if (this.asking.has(each.name) || (before && now.peek() - before.askedMs < freshMs)) continue;
      if (before && (msOf(each.estimateTime) ?? 0) < before.askedMs && before.points.length > 0) continue;
      this.asking.add(each.name);
      void this.ask(each.name);
    }
  }

  private async ask(name: string): Promise<void> {
    let points: [number, number][] = [];
    try {
      const route = await visits.getRoute({ assignment: name });
      points = route.points.map((point) => [point.longitude, point.latitude]);
    } catch {
      // The map shows the straight line then.
    }
    this.known.set(name, { askedMs: now.peek(), points });
    this.asking.delete(name);
    this.version.value++;
  }
}
