// Everything that somebody on duty has to know, kept current by one stream. The
// last of it is kept, sealed, so that the visit goes on without the network.
import { fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import { signal } from "@preact/signals";
import { DutyViewSchema, type DutyView } from "../gen/housecall/v1/visit_service_pb";
import { setServerTime } from "./clock";
import { LiveStream } from "./live_stream";
import { untilClosed, visits } from "./rpc";
import { keep, kept } from "./vault";

export class LiveDuty extends LiveStream {
  readonly view = signal<DutyView | undefined>(undefined);

  override start(): () => void {
    void this.takeKept();
    return super.start();
  }

  private async takeKept(): Promise<void> {
    const json = await kept<JsonValue>("duty");
    if (json === undefined || this.view.value) return;
    try {
      this.view.value = fromJson(DutyViewSchema, json, { ignoreUnknownFields: true });
    } catch {
      // Kept by another version of the screens: the stream brings it anew.
    }
  }

  protected override async watch(stop: AbortSignal): Promise<void> {
    for await (const view of visits.watchDuty({}, { ...untilClosed, signal: stop })) {
      this.isHeard();
      setServerTime(view.serverTime);
      this.view.value = view;
      this.isLive();
      void keep("duty", toJson(DutyViewSchema, view));
    }
  }
}
