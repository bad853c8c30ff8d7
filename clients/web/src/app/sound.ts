// Sound. Browsers let a page sound only once somebody has touched it, and take
// it away again when a call comes in or the page is reloaded: so every touch
// asks for it, and whether it would be heard is known before it has to be.
import { signal } from "@preact/signals";

let context: AudioContext | undefined;

// Whether a sound would be heard now. False until wantSound() or a touch.
export const canSound = signal(false);

// Tries to have sound, which needs a touch in most browsers.
export function wantSound(): void {
  if (!context) {
    context = new AudioContext();
    context.onstatechange = () => (canSound.value = context?.state === "running");
  }
  if (context.state === "running") canSound.value = true;
  else context.resume().catch(() => {});
}

for (const touch of ["pointerdown", "pointerup", "keydown"]) addEventListener(touch, wantSound, { capture: true });

// One tone of a signal.
export interface Tone {
  readonly hertz: number;
  // From the beginning of the signal, in seconds.
  readonly start: number;
  readonly length: number;
}

// Plays tones; silent where canSound is false.
export function play(tones: readonly Tone[], type: OscillatorType, volume: number): void {
  if (context?.state !== "running") return;
  for (const { hertz, start, length } of tones) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    const from = context.currentTime + start;
    tone.type = type;
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0.0001, from);
    gain.gain.exponentialRampToValueAtTime(volume, from + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.0001, from + length);
    tone.connect(gain).connect(context.destination);
    tone.start(from);
    tone.stop(from + length + 0.04);
  }
}
