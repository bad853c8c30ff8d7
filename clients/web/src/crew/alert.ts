// Sound and vibration of an offer. Browsers let a page sound only after
// somebody has touched it: going on duty is that touch.
let context: AudioContext | undefined;

export function allowSound(): void {
  context ??= new AudioContext();
  void context.resume();
}

addEventListener("pointerdown", allowSound, { once: true });

// Three short tones and a vibration.
export function ring(): void {
  navigator.vibrate?.([400, 150, 400, 150, 400]);
  if (context?.state !== "running") return;
  for (let i = 0; i < 3; i++) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const start = context.currentTime + i * 0.45;
    tone.frequency.value = i === 1 ? 660 : 880;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.35, start + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.36);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.4);
  }
}
