// One stream of the server that is kept open: lost, it is opened again, soon at
// first, then more patiently; silent for too long, it is taken for lost.
import { signal } from "@preact/signals";
import { noticeSessionOver } from "./rpc";

export type Connection = "connecting" | "live" | "lost";

// The server says something each 15 seconds.
const silenceMs = 40_000;

export abstract class LiveStream {
  readonly connection = signal<Connection>("connecting");
  readonly problem = signal<unknown>(undefined);

  private stopper: AbortController | undefined;
  private heardMs = 0;

  // Reads the stream until it ends. Calls isHeard() for every message, and
  // isLive() once what it has is current.
  protected abstract watch(stop: AbortSignal): Promise<void>;

  // What watch() threw, before the next try.
  protected onProblem(_error: unknown): void {}

  protected isHeard(): void {
    this.heardMs = Date.now();
  }

  protected isLive(): void {
    this.connection.value = "live";
    this.problem.value = undefined;
  }

  // Begins to watch; returns what ends it.
  start(): () => void {
    let over = false;
    void (async () => {
      for (let failures = 0; !over; ) {
        const began = Date.now();
        this.stopper = new AbortController();
        this.isHeard();
        try {
          await this.watch(this.stopper.signal);
        } catch (error) {
          if (over || noticeSessionOver(error)) return;
          this.problem.value = error;
          this.onProblem(error);
        }
        if (over) return;
        this.connection.value = "lost";
        failures = Date.now() - began > 10_000 ? 0 : failures + 1;
        await new Promise((resume) => setTimeout(resume, Math.min(500 * 2 ** failures, 10_000)));
      }
    })();
    const watchdog = setInterval(() => {
      if (this.connection.value === "live" && Date.now() - this.heardMs > silenceMs) this.stopper?.abort();
    }, 5000);
    const lose = () => {
      this.connection.value = "lost";
    };
    const retry = () => this.stopper?.abort();
    addEventListener("online", retry);
    addEventListener("offline", lose);
    return () => {
      over = true;
      clearInterval(watchdog);
      removeEventListener("online", retry);
      removeEventListener("offline", lose);
      this.stopper?.abort();
    };
  }
}
