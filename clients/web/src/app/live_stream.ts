// One stream of the server that is kept open: lost, it is opened again, soon at
// first, then more patiently; silent for too long, it is taken for lost.
import { Code, ConnectError } from "@connectrpc/connect";
import { signal } from "@preact/signals";
import { noticeSessionOver } from "./rpc";

export type Connection = "connecting" | "live" | "lost";

// The server says something each 15 seconds, and something at once when asked.
const silenceMs = 40_000;
const firstSilenceMs = 20_000;

export abstract class LiveStream {
  readonly connection = signal<Connection>("connecting");
  // Why the last try has failed, until one succeeds or begins at once.
  readonly problem = signal<unknown>(undefined);

  private stopper: AbortController | undefined;
  private heardMs = 0;
  private hasHeard = false;

  // Reads the stream until it ends. Calls isHeard() for every message, and
  // isLive() once what it has is current.
  protected abstract watch(stop: AbortSignal): Promise<void>;

  // What watch() threw, before the next try.
  protected onProblem(_error: unknown): void {}

  protected isHeard(): void {
    this.heardMs = Date.now();
    this.hasHeard = true;
  }

  protected isLive(): void {
    this.connection.value = "live";
    this.problem.value = undefined;
  }

  // Begins to watch; returns what ends it.
  start(): () => void {
    let over = false;
    let wake: (() => void) | undefined;
    let hurried = false;
    void (async () => {
      for (let failures = 0; !over; ) {
        const began = Date.now();
        hurried = false;
        const stopper = new AbortController();
        this.stopper = stopper;
        this.heardMs = began;
        this.hasHeard = false;
        try {
          await this.watch(stopper.signal);
        } catch (error) {
          if (over || noticeSessionOver(error)) return;
          this.onProblem(error);
          // What was ended here is no fault of the server: it was silent for too
          // long, or it is tried again at once, which is no problem at all.
          const silent = stopper.signal.aborted;
          if (!hurried) this.problem.value = silent ? new ConnectError("silent", Code.Unavailable) : error;
        }
        this.stopper = undefined;
        if (over) return;
        this.connection.value = "lost";
        if (hurried) {
          failures = 0;
          continue;
        }
        failures = Date.now() - began > 10_000 && this.hasHeard ? 0 : failures + 1;
        await new Promise<void>((resume) => {
          wake = resume;
          setTimeout(resume, Math.min(500 * 2 ** failures, 10_000));
        });
        wake = undefined;
      }
    })();
    // Also one that hangs before it has said anything.
    const watchdog = setInterval(() => {
      const allowedMs = this.hasHeard ? silenceMs : firstSilenceMs;
      if (Date.now() - this.heardMs > allowedMs) this.stopper?.abort();
    }, 5000);
    const lose = () => {
      this.connection.value = "lost";
    };
    // The old stream may be dead without a word; and nobody waits any longer.
    const retry = () => {
      hurried = true;
      this.stopper?.abort();
      wake?.();
    };
    const retryWhenSeen = () => {
      if (document.visibilityState === "visible") wake?.();
    };
    addEventListener("online", retry);
    addEventListener("offline", lose);
    document.addEventListener("visibilitychange", retryWhenSeen);
    this.retry = () => {
      this.problem.value = undefined;
      retry();
    };
    return () => {
      over = true;
      clearInterval(watchdog);
      removeEventListener("online", retry);
      removeEventListener("offline", lose);
      document.removeEventListener("visibilitychange", retryWhenSeen);
      this.stopper?.abort();
      wake?.();
    };
  }

  // Tries at once, not after the pause of its patience.
  retry: () => void = () => {};
}
