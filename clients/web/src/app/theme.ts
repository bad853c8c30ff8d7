// Day or night. Crews begin with night, everybody else with day; what somebody
// chose on this device holds from then on.
import { computed, effect, signal } from "@preact/signals";
import { face } from "./session";

export type Theme = "day" | "night";

const chosen = signal(localStorage.getItem("theme"));

export const theme = computed<Theme>(() => {
  if (chosen.value === "day" || chosen.value === "night") return chosen.value;
  return face.value === "crew" ? "night" : "day";
});

export function setTheme(value: Theme): void {
  localStorage.setItem("theme", value);
  chosen.value = value;
}

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
