// What somebody is writing, and where the calls that he has sent ended up: kept
// on the device at every keystroke, so that neither a reload nor a lost network
// loses it. In memory for as long as he is logged in.
import { signal } from "@preact/signals";
import type { RedFlag } from "../gen/housecall/v1/call_pb";
import type { TypedVitals } from "../records/vitals";
import { forget, keep, kept } from "./vault";

export interface Draft {
  // The call's id and the intention's, chosen before anything is sent.
  callId: string;
  requestId: string;
  // A patient's name, "short" for somebody not registered, "" for nobody yet.
  patient: string;
  shortName: string;
  shortKana: string;
  shortBirth: string;
  shortClinic: string;
  address: string;
  entryNotes: string;
  flags: RedFlag[];
  complaint: string;
  onset: string;
  vitals: TypedVitals;
  judgement: string;
  phone: string;
  attendant: string;
}

export const draft = signal<Draft | undefined>(undefined);

// Where a submitted call ended up, by the name under which it was sent: another
// call's name if there was an open one for the patient.
export const endedAs = signal<Readonly<Record<string, string>>>({});

// Whose they are; "" for nobody's.
let opened = "";
// Counts openings: what one of them reads is nothing to the next.
let turn = 0;

// Reads what this device has kept of an account, unless it is open already. Call
// once its vault is open, and before anything of it is shown or sent.
export async function openDrafts(account: string): Promise<void> {
  if (account === opened) return;
  closeDrafts();
  const mine = turn;
  const [begun, ended] = await Promise.all([kept<Draft>("draft"), kept<Record<string, string>>("ended_as")]);
  if (mine !== turn) return;
  draft.value = begun;
  endedAs.value = ended ?? {};
  opened = account;
}

// For logging out, and before somebody else's are opened.
export function closeDrafts(): void {
  turn++;
  opened = "";
  draft.value = undefined;
  endedAs.value = {};
}

// Shown at once; returns when it is kept.
export function keepDraft(value: Draft): Promise<void> {
  draft.value = value;
  return keep("draft", value);
}

// Where it cannot be forgotten (the device fails), it is not shown any more, at
// least.
export async function discardDraft(): Promise<void> {
  draft.value = undefined;
  await forget("draft").catch(() => {});
}

// The call that was sent by the name `sent` ended up as `call`. Also ends its
// draft, should the page have ended before that went.
export async function callEnded(sent: string, call: string): Promise<void> {
  endedAs.value = { ...endedAs.value, [sent]: call };
  if (draft.value && sent.endsWith(`/calls/${draft.value.callId}`)) await discardDraft();
  await keep("ended_as", endedAs.value);
}

// Under which name the vault keeps the text of a call's note.
export function noteKey(call: string): string {
  return `note|${call}`;
}
