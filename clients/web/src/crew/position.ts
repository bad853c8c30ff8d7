// Tells the server where this phone is, with its battery in mind: often while
// under way, seldom otherwise, and not at all when it has hardly moved.
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { newRequestId, visits } from "../app/rpc";

export type Pace = "off" | "resting" | "moving";

// Whether the phone refuses to say where it is.
export const positionRefused = signal(false);

// Returns what ends it.
export function reportPosition(pace: ReadonlySignal<Pace>): () => void {
  let watch: number | undefined;
  let sent: { ms: number; latitude: number; longitude: number } | undefined;

  const stop = () => {
    if (watch !== undefined) navigator.geolocation.clearWatch(watch);
    watch = undefined;
  };
  const take = (fix: GeolocationPosition) => {
    positionRefused.value = false;
    const { latitude, longitude, accuracy } = fix.coords;
    const sinceMs = sent ? fix.timestamp - sent.ms : Infinity;
    const movedMeters = sent ? distanceMeters(sent, { latitude, longitude }) : Infinity;
    const isMoving = pace.value === "moving";
    // Moving: each 10 s or 200 m. Resting: each 4 min, or once it has moved.
    const due = isMoving
      ? sinceMs >= 10_000 || movedMeters > 200
      : sinceMs >= 240_000 || movedMeters > 300;
    if (!due) return;
    sent = { ms: fix.timestamp, latitude, longitude };
    // An old position is worth nothing: what fails is not sent again.
    visits
      .reportPosition({
        position: { latitude, longitude },
        accuracyMeters: accuracy,
        deviceTime: timestampFromMs(fix.timestamp),
        requestId: newRequestId(),
      })
      .catch(() => (sent = undefined));
  };
  const dispose = effect(() => {
    stop();
    if (pace.value === "off" || !("geolocation" in navigator)) return;
    watch = navigator.geolocation.watchPosition(
      take,
      (error) => {
        if (error.code === error.PERMISSION_DENIED) positionRefused.value = true;
      },
      {
        enableHighAccuracy: pace.value === "moving",
        maximumAge: pace.value === "moving" ? 5000 : 60_000,
        timeout: 30_000,
      },
    );
  });
  return () => {
    dispose();
    stop();
  };
}

interface Point {
  latitude: number;
  longitude: number;
}

// Along the earth, near enough for some kilometres.
function distanceMeters(a: Point, b: Point): number {
  const meters = 111_320;
  const dx = (b.longitude - a.longitude) * meters * Math.cos((a.latitude * Math.PI) / 180);
  return Math.hypot(dx, (b.latitude - a.latitude) * meters);
}
