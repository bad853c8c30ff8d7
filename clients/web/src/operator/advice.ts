// Whether this desk shows where free crews should wait. Advice only: switched off
// it does not change what the planner does; the center's settings do.
import { signal } from "@preact/signals";

export const advice = signal(localStorage.getItem("advice") !== "off");

export function setAdvice(shown: boolean): void {
  localStorage.setItem("advice", shown ? "on" : "off");
  advice.value = shown;
}
