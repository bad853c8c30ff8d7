// The server's clock, as far as this device knows it, and a pulse for ages and
// countdowns. Ages are counted by the server's clock: a phone's may be wrong.
import { signal } from "@preact/signals";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { timestampDate, timestampFromMs } from "@bufbuild/protobuf/wkt";

let offsetMs = 0;

// The server's time in ms since 1970; a signal that ticks once a second.
export const now = signal(Date.now());

// Takes over the server's clock from an answer.
export function setServerTime(time: Timestamp | undefined): void {
  if (!time) return;
  offsetMs = timestampDate(time).getTime() - Date.now();
  tick();
}

// How far this device's clock is from the server's, in ms; positive: behind.
export function clockOffsetMs(): number {
  return offsetMs;
}

// The device's own clock, to be kept beside the server's in every step.
export function deviceTime(): Timestamp {
  return timestampFromMs(Date.now());
}

export function msOf(time: Timestamp | undefined): number | undefined {
  return time === undefined ? undefined : timestampDate(time).getTime();
}

function tick(): void {
  now.value = Date.now() + offsetMs;
}

setInterval(tick, 1000);
