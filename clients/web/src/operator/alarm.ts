// The alarm: sounds for tasks that nobody has acknowledged, until somebody has.
import { effect, signal, type ReadonlySignal } from "@preact/signals";

export const muted = signal(sessionStorage.getItem("muted") === "1");

export function setMuted(value: boolean): void {
  sessionStorage.setItem("muted", value ? "1" : "0");
  muted.value = value;
}

let context: AudioContext | undefined;

// Browsers let a page sound only after somebody has touched it.
function allow(): void {
  context ??= new AudioContext();
  void context.resume();
}
addEventListener("pointerdown", allow, { once: true });
addEventListener("keydown", allow, { once: true });

function sound(): void {
  if (context?.state !== "running") return;
  for (const [index, frequency] of [740, 932].entries()) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const start = context.currentTime + index * 0.24;
    tone.type = "triangle";
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.25, start);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.22);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.24);
  }
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
