// Writing a call: it is kept on the device at every keystroke (app/drafts.ts),
// handed to the outbox, and taken back into the form if the center refuses it.
import { fromJson } from "@bufbuild/protobuf";
import { newId, newRequestId } from "../app/rpc";
import { discardDraft, draft, keepDraft, type Draft } from "../app/drafts";
import { giveUp, perform, unsent, type Step } from "../app/outbox";
import { center } from "../app/session";
import { deviceTime } from "../app/clock";
import { SubmitCallRequestSchema } from "../gen/housecall/v1/call_service_pb";
import { typedOf, vitalsOf } from "../records/vitals";

const emptyDraft = {
  patient: "",
  shortName: "",
  shortKana: "",
  shortBirth: "",
  shortClinic: "",
  address: "",
  entryNotes: "",
  flags: [],
  complaint: "",
  onset: "",
  vitals: {},
  judgement: "",
  phone: "",
  attendant: "",
};

export function isBegun(value: Draft | undefined): boolean {
  return !!value && (value.complaint !== "" || value.judgement !== "" || value.patient !== "");
}

export function beginDraft(patient: string, phone: string): Draft {
  const begun = {
    ...emptyDraft,
    callId: newId("c"),
    requestId: newRequestId(),
    patient,
    phone,
  };
  void keepDraft(begun);
  return begun;
}

export function changeDraft(change: Partial<Draft>): void {
  if (!draft.value) return;
  void keepDraft({ ...draft.value, ...change });
}

export function callNameOf(callId: string): string {
  return `${center.value}/calls/${callId}`;
}

// Calls that are on their way, or were refused: the outbox has them, and nothing
// else does.
export function waitingCalls(): Step[] {
  return unsent.value.filter((step) => step.method === "SubmitCall");
}

// The draft that is still to be sent: not one that the outbox has already, should
// the page have ended in between.
export function openedDraft(): Draft | undefined {
  const value = draft.value;
  return value && waitingCalls().some((step) => step.lane === callNameOf(value.callId)) ? undefined : value;
}

// The patient of a call that is on its way; "" for somebody not registered.
export function patientOfWaiting(step: Step): string {
  return (step.request as { patient?: string }).patient ?? "";
}

// Hands the draft to the outbox, which sends it until it is answered. From then
// on it is no draft any more.
export async function sendDraft(value: Draft): Promise<void> {
  const call = callNameOf(value.callId);
  const short = value.patient === "short";
  await perform("SubmitCall", call, {
    call,
    patient: short ? "" : value.patient,
    shortPatient: short
      ? {
          displayName: value.shortName,
          displayNameKana: value.shortKana,
          birthDate: value.shortBirth,
          primaryClinicText: value.shortClinic,
        }
      : undefined,
    place: short ? { address: value.address, entryNotes: value.entryNotes } : undefined,
    complaint: value.complaint,
    onset: value.onset,
    vitals: vitalsOf(value.vitals),
    judgement: value.judgement,
    attendant: value.attendant,
    callbackPhone: value.phone.normalize("NFKC"),
    redFlags: value.flags,
    deviceTime: deviceTime(),
    requestId: value.requestId,
  });
  await discardDraft();
}

// A refused call goes back to the form, as a new intention under a new id.
export async function revise(step: Step): Promise<void> {
  const request = fromJson(SubmitCallRequestSchema, step.request);
  const short = request.shortPatient;
  const revised: Draft = {
    callId: newId("c"),
    requestId: newRequestId(),
    patient: short ? "short" : request.patient,
    shortName: short?.displayName ?? "",
    shortKana: short?.displayNameKana ?? "",
    shortBirth: short?.birthDate ?? "",
    shortClinic: short?.primaryClinicText ?? "",
    address: request.place?.address ?? "",
    entryNotes: request.place?.entryNotes ?? "",
    flags: request.redFlags,
    complaint: request.complaint,
    onset: request.onset,
    vitals: typedOf(request.vitals),
    judgement: request.judgement,
    phone: request.callbackPhone,
    attendant: request.attendant,
  };
  await keepDraft(revised);
  await giveUp(step);
}
