// The alarm: sounds for tasks that nobody has acknowledged, until somebody has.
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { play, type Tone } from "../app/sound";

export const muted = signal(sessionStorage.getItem("muted") === "1");

export function setMuted(value: boolean): void {
  sessionStorage.setItem("muted", value ? "1" : "0");
  muted.value = value;
}

const tones: readonly Tone[] = [740, 932].map((hertz, index) => ({ hertz, start: index * 0.24, length: 0.2 }));

function sound(): void {
  play(tones, "triangle", 0.3);
}

// Sounds each two seconds while something is unseen. Returns what ends it.
export function soundWhile(unseen: ReadonlySignal<boolean>): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const dispose = effect(() => {
    clearInterval(timer);
    timer = undefined;
    if (!unseen.value || muted.value) return;
    sound();
    timer = setInterval(sound, 2000);
  });
  return () => {
    dispose();
    clearInterval(timer);
  };
}
