// Steps on their way to the server, in lanes (one visit, one call): the steps of
// a lane go one after the other, lanes go beside each other. One that cannot be
// answered now is tried again, ever more patiently, and holds up its own lane
// only; so does one that the server refuses, until the person decides.
//
// It knows neither the network nor where steps are kept, so that both can fail
// in tests.
import { computed, signal } from "@preact/signals";

export interface QueuedStep<F> {
  // Sorts in the order in which steps were done, whatever the clock did.
  readonly key: string;
  readonly lane: string;
  // Set when the server refused it: why.
  readonly refusal?: F | undefined;
}

// What came of one try to send a step.
export type Outcome<F> =
  | { readonly kind: "answered"; readonly answer: unknown }
  | { readonly kind: "refused"; readonly failure: F }
  // Nobody knows whether it happened, or the server has no time: later again.
  | { readonly kind: "later"; readonly reached: boolean }
  // Whoever did it is not logged in any more.
  | { readonly kind: "session-over" };

// Where the steps of the account that is logged in are kept. Where that fails
// (the device is full), what this page knows holds as long as it lives.
export interface StepStore<S> {
  keep(key: string, step: S): Promise<void>;
  forget(key: string): Promise<void>;
  // All that is kept, oldest first.
  kept(): Promise<S[]>;
}

// How far a lane is.
interface Lane {
  sending: boolean;
  wake?: ReturnType<typeof setTimeout> | undefined;
  delayMs: number;
}

const firstDelayMs = 1000;
const longestDelayMs = 30_000;

export class StepQueue<F, S extends QueuedStep<F>> {
  // Oldest first.
  readonly unsent = signal<readonly S[]>([]);
  readonly refused = computed(() => this.unsent.value.filter((step) => step.refusal !== undefined));
  // Whether the last try reached the server.
  readonly reachable = signal(true);

  private readonly lanes = new Map<string, Lane>();
  private readonly keeping = new Set<Promise<unknown>>();
  private readonly dropped = new Set<string>();
  private opened: Promise<void> = Promise.resolve();
  private paused = true;
  private account = "";
  // Counts accounts: what an earlier one's request brings changes nothing.
  private turn = 0;
  private lastMs = 0;

  // answered() is called with each step that the server has accepted, before it
  // is forgotten: should the page end in between, it is sent again, and
  // answered as it was. Whatever becomes of answered(), the step is not sent
  // again by this page.
  constructor(
    private readonly store: StepStore<S>,
    private readonly send: (step: S) => Promise<Outcome<F>>,
    private readonly answered: (step: S, answer: unknown) => Promise<void>,
  ) {}

  // Takes up what this account has left on the device, and begins to send. The
  // store must be that account's.
  open(account: string): Promise<void> {
    if (account !== this.account) this.close();
    this.account = account;
    this.opened = (async () => {
      const { turn } = this;
      const kept = await this.store.kept();
      if (turn !== this.turn) return;
      const known = new Map(kept.filter(({ key }) => !this.dropped.has(key)).map((step) => [step.key, step]));
      for (const step of this.unsent.value) known.set(step.key, step);
      this.unsent.value = [...known.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
      for (const { key } of this.unsent.value) this.lastMs = Math.max(this.lastMs, msOfKey(key));
    })();
    const { turn } = this;
    return this.opened.finally(() => {
      if (turn !== this.turn) return;
      this.paused = false;
      this.hurry();
    });
  }

  // Sends nothing further until open() is called: somebody else may be logging
  // in.
  pause(): void {
    this.paused = true;
    for (const lane of this.lanes.values()) this.stopWaiting(lane);
  }

  // Forgets the steps of the account that has logged out. What was kept of them
  // is the store's to destroy.
  close(): void {
    this.pause();
    this.turn++;
    this.account = "";
    this.lanes.clear();
    this.dropped.clear();
    this.unsent.value = [];
    this.reachable.value = true;
  }

  // A key that sorts behind every earlier one, even if the clock was set back.
  private newKey(): string {
    this.lastMs = Math.max(this.lastMs + 1, Date.now());
    const tail = Math.floor(Math.random() * 0x1000000).toString(16).padStart(6, "0");
    return `step|${String(this.lastMs).padStart(15, "0")}-${tail}`;
  }

  // Keeps a step, then sends it. Returns once it is kept. A step that cannot be
  // kept is sent from here, which is better than not at all.
  async add(make: (key: string) => S): Promise<S> {
    const adding = this.keepNew(make);
    this.keeping.add(adding);
    try {
      const step = await adding;
      void this.run(step.lane);
      return step;
    } finally {
      this.keeping.delete(adding);
    }
  }

  private async keepNew(make: (key: string) => S): Promise<S> {
    const { turn } = this;
    await this.opened.catch(() => {});
    const step = make(this.newKey());
    // Nobody is logged in any more.
    if (turn !== this.turn || !this.account) return step;
    await this.keepStep(step);
    if (turn !== this.turn) return step;
    this.unsent.value = [...this.unsent.value, step].sort((a, b) => (a.key < b.key ? -1 : 1));
    return step;
  }

  // Sends a refused step again as it is.
  async sendAgain(step: S): Promise<void> {
    if (!this.isRefused(step)) return;
    await this.replace(step.key, { ...step, refusal: undefined });
    void this.run(step.lane);
  }

  // Gives a refused step up, and with it what is worth nothing without it. The others
  // behind it in its lane are sent.
  async giveUp(step: S, withIt: (steps: readonly S[]) => readonly S[] = () => []): Promise<void> {
    const { turn } = this;
    await this.allKept();
    if (!this.isRefused(step)) return;
    // First what depends on it: should the page end in between, the step itself
    // still stops the lane.
    for (const each of [...withIt(this.unsent.value), step]) await this.drop(each.key, turn);
    if (turn === this.turn) void this.run(step.lane);
  }

  // Changes steps that wait, each at most once, also those that are added
  // meanwhile: when this is settled, none is left that it would change.
  async change(change: (step: S) => S): Promise<void> {
    const { turn } = this;
    const done = new Set<string>();
    for (;;) {
      await this.allKept();
      if (turn !== this.turn) return;
      const step = this.unsent.value.find((each) => !done.has(each.key) && change(each) !== each);
      if (!step) return;
      done.add(step.key);
      await this.replace(step.key, change(step), turn);
    }
  }

  // Whether it still waits for the person: he may have pressed twice.
  private isRefused({ key }: S): boolean {
    return this.refused.value.some((step) => step.key === key);
  }

  // Until no step is being kept that is not among the unsent ones yet.
  private async allKept(): Promise<void> {
    while (this.keeping.size > 0) await Promise.allSettled([...this.keeping]);
  }

  // Tries at once what waits for a later try.
  hurry(): void {
    for (const lane of this.lanes.values()) this.stopWaiting(lane);
    this.runAll();
  }

  private stopWaiting(lane: Lane): void {
    clearTimeout(lane.wake);
    lane.wake = undefined;
    lane.delayMs = 0;
  }

  private runAll(): void {
    for (const name of new Set(this.unsent.value.map((step) => step.lane))) void this.run(name);
  }

  private async run(name: string): Promise<void> {
    const lane = this.lanes.get(name) ?? { sending: false, delayMs: 0 };
    this.lanes.set(name, lane);
    if (lane.sending) return;
    lane.sending = true;
    try {
      while (!this.paused && lane.wake === undefined && this.lanes.get(name) === lane) {
        const next = this.unsent.value.find((step) => step.lane === name);
        if (!next || next.refusal !== undefined) break;
        await this.trySend(next, lane).catch(() => this.later(next, lane));
      }
    } finally {
      lane.sending = false;
    }
  }

  private async trySend(step: S, lane: Lane): Promise<void> {
    const { turn } = this;
    const outcome = await this.send(step);
    if (turn !== this.turn) return;
    switch (outcome.kind) {
      case "answered":
        this.reachable.value = true;
        lane.delayMs = 0;
        await this.answered(step, outcome.answer).catch((error: unknown) => console.error(error));
        await this.drop(step.key, turn);
        return;
      case "refused":
        this.reachable.value = true;
        lane.delayMs = 0;
        await this.replace(step.key, { ...step, refusal: outcome.failure }, turn);
        return;
      case "later":
        this.reachable.value = outcome.reached;
        this.later(step, lane);
        return;
      case "session-over":
        // Logging in again opens it again, which goes on here.
        this.pause();
    }
  }

  private later(step: S, lane: Lane): void {
    lane.delayMs = Math.min(lane.delayMs === 0 ? firstDelayMs : lane.delayMs * 2, longestDelayMs);
    lane.wake = setTimeout(() => {
      lane.wake = undefined;
      void this.run(step.lane);
    }, lane.delayMs);
  }

  private async drop(key: string, turn = this.turn): Promise<void> {
    if (turn !== this.turn) return;
    this.dropped.add(key);
    // At once, so that nobody reckons with it any more.
    this.unsent.value = this.unsent.value.filter((step) => step.key !== key);
    await this.store.forget(key).catch(() => {});
  }

  private async keepStep(step: S): Promise<void> {
    await this.store.keep(step.key, step).catch(() => {});
  }

  private async replace(key: string, step: S, turn = this.turn): Promise<void> {
    if (turn !== this.turn) return;
    await this.keepStep(step);
    if (turn !== this.turn) return;
    this.unsent.value = this.unsent.value.map((each) => (each.key === key ? step : each));
  }
}

function msOfKey(key: string): number {
  return Number(key.split("|")[1]?.split("-")[0]) || 0;
}
