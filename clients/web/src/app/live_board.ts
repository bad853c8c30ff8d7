// The board as this person may see it, kept current by one stream: a snapshot,
// then every change. Lost, it resumes where it was.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { signal } from "@preact/signals";
import { Code } from "@connectrpc/connect";
import type { Event, Resource } from "../gen/housecall/v1/event_pb";
import { setServerTime } from "./clock";
import { LiveStream } from "./live_stream";
import { allPages, board, codeOf, directory, rota, untilClosed } from "./rpc";

type AnyResource = Exclude<Resource["resource"], { case: undefined }>;
export type Kind = NonNullable<AnyResource["case"]>;
export type Of<K extends Kind> = Extract<AnyResource, { case: K }>["value"];

type Tables = { [K in Kind]: Map<string, Of<K>> };

// An answer is hardly ever further behind the stream than so many changes.
const rememberedVersions = 8;

export class LiveBoard extends LiveStream {
  // Changes whenever the tables do, at most each quarter second; read it to be
  // told. Positions have one of their own, which changes once a second: hundreds
  // come in each, and nobody but the map looks at them.
  readonly version = signal(0);
  readonly moved = signal(0);
  // Whether there is anything to show: a first snapshot is complete.
  readonly loaded = signal(false);

  private tables = emptyTables();
  // The last etags of each record that the stream has brought, by name.
  private streamed = new Map<string, readonly string[]>();
  private snapshot: Tables | undefined;
  private resumeToken = "";
  private notified = false;
  private notifiedMs = 0;
  private movedSoon = false;
  private events = new Set<(event: Event) => void>();
  // Organizations, which not everybody's stream brings.
  private organizations = new Map<string, Of<"organization">>();

  constructor(private readonly parent: string) {
    super();
  }

  override start(): () => void {
    void this.readOrganizations();
    return super.start();
  }

  // A token that the server does not take any more: begin anew.
  protected override onProblem(error: unknown): void {
    if (codeOf(error) === Code.InvalidArgument) this.resumeToken = "";
  }

  // Calls act with each event as it comes (not with those of a snapshot).
  onEvent(act: (event: Event) => void): () => void {
    this.events.add(act);
    return () => this.events.delete(act);
  }

  get<K extends Kind>(kind: K, name: string): Of<K> | undefined {
    void this.versionOf(kind).value;
    const found = this.tables[kind].get(name);
    if (found || kind !== "organization") return found;
    return this.organizations.get(name) as Of<K> | undefined;
  }

  all<K extends Kind>(kind: K): Of<K>[] {
    void this.versionOf(kind).value;
    return [...this.tables[kind].values()];
  }

  // Takes over what a call has returned, ahead of the stream. If the stream has
  // brought that version already, it may have brought newer ones, too: then the
  // answer is old news.
  put<K extends Kind>(kind: K, value: Of<K>): void {
    if ("etag" in value && this.streamed.get(value.name)?.includes(value.etag)) return;
    this.tables[kind].set(value.name, value);
    this.notify();
  }

  private versionOf(kind: Kind) {
    return kind === "position" ? this.moved : this.version;
  }

  private take(tables: Tables, { resource }: Resource): void {
    if (resource.case === undefined) return;
    if (resource.case === "position") this.notifyMoved();
    else this.notify();
    const { name } = resource.value;
    (tables[resource.case] as Map<string, typeof resource.value>).set(name, resource.value);
    if (!("etag" in resource.value)) return;
    const before = this.streamed.get(name) ?? [];
    this.streamed.set(name, [...before.slice(-(rememberedVersions - 1)), resource.value.etag]);
  }

  // Reads what administrators keep, for those who have no stream of it.
  async readDirectory(): Promise<void> {
    const { parent } = this;
    const pages = { parent, pageSize: 1000, includeInactive: true };
    const from = timestampFromMs(Date.now() - 35 * 86_400_000);
    const [organizations, people, cars, shifts, overrides] = await Promise.all([
      allPages((pageToken) => directory.listOrganizations({ ...pages, pageToken }), (page) => page.organizations),
      allPages((pageToken) => directory.listPeople({ ...pages, pageToken }), (page) => page.people),
      allPages((pageToken) => directory.listCars({ ...pages, pageToken }), (page) => page.cars),
      allPages((pageToken) => rota.listShifts({ parent, startTime: from, pageSize: 1000, pageToken }), (page) => page.shifts),
      allPages((pageToken) => rota.listOverrides({ parent, startTime: from, pageSize: 1000, pageToken }), (page) => page.overrides),
    ]);
    const byName = <T extends { name: string }>(all: T[]) => new Map(all.map((each) => [each.name, each]));
    this.tables = {
      ...this.tables,
      organization: byName(organizations),
      person: byName(people),
      car: byName(cars),
      shift: byName(shifts),
      override: byName(overrides),
    };
    this.loaded.value = true;
    this.notify();
  }

  private async readOrganizations(): Promise<void> {
    try {
      const all = await allPages(
        (pageToken) => directory.listOrganizations({ parent: this.parent, pageSize: 1000, pageToken }),
        (page) => page.organizations,
      );
      this.organizations = new Map(all.map((each) => [each.name, each]));
      this.notify();
    } catch {
      // Names are missing then; what matters comes with the stream.
    }
  }

  protected override async watch(stop: AbortSignal): Promise<void> {
    const stream = board.watchBoard(
      { parent: this.parent, resumeToken: this.resumeToken },
      { ...untilClosed, signal: stop },
    );
    for await (const message of stream) {
      this.isHeard();
      const { update } = message;
      switch (update.case) {
        case "snapshotBegin":
          this.snapshot = emptyTables();
          break;
        case "snapshotChunk":
          for (const each of update.value.resources) this.take(this.snapshot!, each);
          break;
        case "snapshotComplete":
          setServerTime(update.value.serverTime);
          if (this.snapshot) this.tables = this.snapshot;
          this.snapshot = undefined;
          this.isLive();
          this.notify();
          this.moved.value++;
          break;
        case "event":
          for (const each of update.value.resources) this.take(this.tables, each);
          for (const act of this.events) act(update.value);
          this.isLive();
          break;
        case "heartbeat":
          setServerTime(update.value.serverTime);
          this.isLive();
          break;
        case undefined:
          break;
      }
      if (message.resumeToken) this.resumeToken = message.resumeToken;
    }
  }

  protected override isLive(): void {
    super.isLive();
    this.loaded.value = true;
  }

  // The first change after a rest is told at once.
  private notify(): void {
    if (this.notified) return;
    this.notified = true;
    const tell = () => {
      this.notified = false;
      this.notifiedMs = Date.now();
      this.version.value++;
    };
    const waitMs = Math.max(0, this.notifiedMs + 250 - Date.now());
    if (waitMs === 0 && document.visibilityState === "visible") requestAnimationFrame(tell);
    else setTimeout(tell, waitMs);
  }

  private notifyMoved(): void {
    if (this.movedSoon) return;
    this.movedSoon = true;
    setTimeout(() => {
      this.movedSoon = false;
      this.moved.value++;
    }, 1000);
  }
}

function emptyTables(): Tables {
  return {
    call: new Map(),
    offer: new Map(),
    assignment: new Map(),
    visit: new Map(),
    note: new Map(),
    delivery: new Map(),
    task: new Map(),
    match: new Map(),
    duty: new Map(),
    position: new Map(),
    shift: new Map(),
    override: new Map(),
    patient: new Map(),
    person: new Map(),
    car: new Map(),
    organization: new Map(),
    center: new Map(),
  };
}
