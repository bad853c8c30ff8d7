// Sound and vibration of an offer.
import { play } from "../app/sound";

// Three short tones and a vibration.
export function ring(): void {
  navigator.vibrate?.([400, 150, 400, 150, 400]);
  play([880, 660, 880].map((hertz, i) => ({ hertz, start: i * 0.45, length: 0.36 })), "sine", 0.35);
}
