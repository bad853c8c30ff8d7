// Everything that somebody on duty has to know, kept current by one stream. The
// last of it is kept, sealed, so that the visit goes on without the network.
import { fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import { signal } from "@preact/signals";
import { DutyViewSchema, type DutyView } from "../gen/housecall/v1/visit_service_pb";
import { setServerTime } from "./clock";
import type { Connection } from "./live_board";
import { noticeSessionOver, untilClosed, visits } from "./rpc";
import { keep, kept } from "./vault";

const silenceMs = 40_000;

export class LiveDuty {
  readonly view = signal<DutyView | undefined>(undefined);
  readonly connection = signal<Connection>("connecting");
  readonly problem = signal<unknown>(undefined);

  private stopper: AbortController | undefined;
  private heardMs = 0;

  // Begins to watch; returns what ends it.
  start(): () => void {
    let over = false;
    void this.takeKept();
    void (async () => {
      for (let failures = 0; !over; ) {
        const began = Date.now();
        try {
          await this.watch();
        } catch (error) {
          if (over || noticeSessionOver(error)) return;
          this.problem.value = error;
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

  private async takeKept(): Promise<void> {
    const json = await kept<JsonValue>("duty");
    if (json !== undefined && !this.view.value) {
      this.view.value = fromJson(DutyViewSchema, json, { ignoreUnknownFields: true });
    }
  }

  private async watch(): Promise<void> {
    this.stopper = new AbortController();
    const stream = visits.watchDuty({}, { ...untilClosed, signal: this.stopper.signal });
    for await (const view of stream) {
      this.heardMs = Date.now();
      setServerTime(view.serverTime);
      this.view.value = view;
      this.connection.value = "live";
      this.problem.value = undefined;
      void keep("duty", toJson(DutyViewSchema, view));
    }
  }
}
