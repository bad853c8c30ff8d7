// Where somebody is, in the address after "#": reload and the back button keep
// the place. Nothing in it tells who a patient is: ids only.
import { computed, signal } from "@preact/signals";

const hash = signal(location.hash);

addEventListener("hashchange", () => {
  hash.value = location.hash;
  scrollTo(0, 0);
});

// "#/calls/c1?edit=1" is path ["calls", "c1"] and query {edit: "1"}.
export const path = computed(() =>
  (hash.value.slice(1).split("?")[0] ?? "").split("/").filter(Boolean).map(decodeURIComponent),
);

export const query = computed(
  () => new URLSearchParams(hash.value.split("?").slice(1).join("?")),
);

export function go(to: string): void {
  location.hash = to;
}

// The same place without keeping the one before in the history.
export function goInstead(to: string): void {
  history.replaceState(null, "", "#" + to);
  hash.value = location.hash;
}
