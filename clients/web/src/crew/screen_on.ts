// Keeps the screen on while somebody waits for offers: a phone that sleeps does
// not ring. It can be turned off, for the battery's sake.
import { effect, signal, type ReadonlySignal } from "@preact/signals";

const key = "screen_on";

export const canKeepScreenOn = "wakeLock" in navigator;
export const keepsScreenOn = signal(localStorage.getItem(key) !== "0");

export function setKeepScreenOn(value: boolean): void {
  localStorage.setItem(key, value ? "1" : "0");
  keepsScreenOn.value = value;
}

// Holds the screen on while wanted. Returns what ends it.
export function keepScreenOn(wanted: ReadonlySignal<boolean>): () => void {
  if (!canKeepScreenOn) return () => {};
  let held: Promise<WakeLockSentinel> | undefined;
  const release = () => {
    void held?.then((lock) => lock.release()).catch(() => {});
    held = undefined;
  };
  // The browser lets go whenever the page is hidden.
  const update = () => {
    if (!wanted.value || !keepsScreenOn.value || document.visibilityState !== "visible") return release();
    if (held) return;
    const asked = navigator.wakeLock.request("screen");
    held = asked;
    asked.then(
      (lock) => lock.addEventListener("release", () => held === asked && (held = undefined)),
      // Refused: the battery is low.
      () => held === asked && (held = undefined),
    );
  };
  const dispose = effect(() => {
    void wanted.value;
    void keepsScreenOn.value;
    update();
  });
  document.addEventListener("visibilitychange", update);
  return () => {
    dispose();
    document.removeEventListener("visibilitychange", update);
    release();
  };
}
