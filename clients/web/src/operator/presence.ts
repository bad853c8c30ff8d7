// Who is at which call: this screen says which one it shows, and learns where
// the others are. Short-lived at the server, and so here.
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import type { Presence } from "../gen/housecall/v1/board_service_pb";
import { board } from "../app/rpc";
import { center } from "../app/session";

const screen = crypto.randomUUID();
const eachMs = 3000;
// The server forgets a screen after 15 s; what it said holds no longer, either.
const forgetMs = 15_000;

export const others = signal<readonly Presence[]>([]);

export interface Place {
  // "" for none.
  readonly call: string;
  readonly working: boolean;
}

// Tells the server until it is ended: at once when the place changes, then
// every few seconds while somebody can see this screen. Returns what ends it.
export function tellPresence(place: ReadonlySignal<Place>): () => void {
  let heardMs = 0;
  let turn = 0;
  let over = false;
  const tell = async ({ call, working }: Place) => {
    const mine = ++turn;
    try {
      const answer = await board.showPresence({ parent: center.peek(), screen, call, working });
      if (over || mine !== turn) return;
      heardMs = Date.now();
      others.value = answer.presences;
    } catch {
      // Worth nothing once it is late: the next one follows soon.
      if (!over && Date.now() - heardMs > forgetMs) others.value = [];
    }
  };
  const dispose = effect(() => void tell(place.value));
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") void tell(place.peek());
  }, eachMs);
  return () => {
    over = true;
    dispose();
    clearInterval(timer);
    others.value = [];
    void tell({ call: "", working: false });
  };
}
