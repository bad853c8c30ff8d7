// What was done on this device and has not been answered yet. A step is kept
// before it is sent, with its request_id and this device's time, and is sent
// again until the server has answered: so nothing is lost when the network or
// the browser goes away, and nothing counts twice.
//
// Steps of one lane (one visit, one call) are sent in the order in which they
// were done (app/step_queue.ts). A step that the server refuses stops its lane;
// the person decides whether to send it again or to give it up.
import {
  create,
  fromJson,
  toJson,
  type DescMethodUnary,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { Call } from "../gen/housecall/v1/call_pb";
import { CallService } from "../gen/housecall/v1/call_service_pb";
import type { Note } from "../gen/housecall/v1/note_pb";
import { NoteService } from "../gen/housecall/v1/note_service_pb";
import { VisitService } from "../gen/housecall/v1/visit_service_pb";
import { callEnded, noteKey } from "./drafts";
import { failureOf, isBusy, isSessionOver, isUncertain, newRequestId, transport, type Failure } from "./rpc";
import { signaturesOf } from "./signatures";
import { StepQueue, type Outcome, type QueuedStep } from "./step_queue";
import { forget, keep, keptUnder } from "./vault";

// The only RPCs that may wait for the network.
const methods = {
  SubmitCall: CallService.method.submitCall,
  AddFact: CallService.method.addFact,
  RaiseEmergency: CallService.method.raiseEmergency,
  DecideEmergency: CallService.method.decideEmergency,
  CorrectPlace: CallService.method.correctPlace,
  AcceptOffer: VisitService.method.acceptOffer,
  DeclineOffer: VisitService.method.declineOffer,
  StartDrive: VisitService.method.startDrive,
  PickUpPhysician: VisitService.method.pickUpPhysician,
  Arrive: VisitService.method.arrive,
  StartTreatment: VisitService.method.startTreatment,
  EndTreatment: VisitService.method.endTreatment,
  LeaveScene: VisitService.method.leaveScene,
  ReportNotFound: VisitService.method.reportNotFound,
  RecordNotFoundStep: VisitService.method.recordNotFoundStep,
  ReportFound: VisitService.method.reportFound,
  ReportBreakdown: VisitService.method.reportBreakdown,
  ReportDriverMissing: VisitService.method.reportDriverMissing,
  ConfirmHours: VisitService.method.confirmHours,
  DraftNote: NoteService.method.draftNote,
  SignNote: NoteService.method.signNote,
} as const;
export type StepName = keyof typeof methods;
type Request<N extends StepName> = MessageInitShape<(typeof methods)[N]["input"]>;

export interface Step extends QueuedStep<Failure> {
  readonly method: StepName;
  readonly request: JsonValue;
  // Which call it is about, where it is about one: a lane may have several.
  readonly call: string;
  // By this device's clock.
  readonly doneMs: number;
}

const queue: StepQueue<Failure, Step> = new StepQueue<Failure, Step>(
  { keep, forget, kept: async () => [...(await keptUnder<Step>("step|")).values()] },
  send,
  async (step, answer) => {
    for (const act of [remember, ...listeners]) {
      // One that fails (the device is full) keeps nobody else from it.
      await Promise.resolve(step).then((each) => act(each, answer)).catch((error: unknown) => console.error(error));
    }
    if (step.method === "DraftNote") await addressSignatures(step, answer as Note);
  },
);

// Oldest first.
export const { unsent, refused, reachable } = queue;

type Answered = (step: Step, answer: unknown) => void | Promise<void>;
const listeners = new Set<Answered>();

// Calls act with every step that the server has accepted, from now on: for what
// stands on the screen. What is to be remembered of an answer does not wait for
// a face to be loaded.
export function onAnswered(act: Answered): () => void {
  listeners.add(act);
  return () => listeners.delete(act);
}

// Takes up what an earlier page of this account has left on this device. Call
// once its vault is open.
export function openOutbox(account: string): Promise<void> {
  return queue.open(account);
}

// Sends nothing until openOutbox(): whoever logs in next may be somebody else.
export function pauseOutbox(): void {
  queue.pause();
}

// For logging out: forgets the steps, which closing the vault destroys.
export function closeOutbox(): void {
  queue.close();
}

// Keeps a step, then sends it. Returns once it is kept. Without a requestId the
// request gets a new one. `call` names the call where the request does not.
export function perform<N extends StepName>(
  method: N,
  lane: string,
  request: Request<N>,
  call = (request as { call?: string }).call ?? "",
): Promise<Step> {
  const schema = methods[method].input;
  const message = create(schema as never, {
    requestId: newRequestId(),
    ...(request as object),
  } as never);
  const doneMs = Date.now();
  return queue.add((key) => ({ key, method, lane, call, request: toJson(schema as never, message), doneMs }));
}

// Sends a refused step again as it is.
export function sendAgain(step: Step): Promise<void> {
  return queue.sendAgain(step);
}

// Gives a refused step up. The ones behind it in its lane are sent, but for the
// signatures of a draft that is given up: the server would take them for
// signatures of an older text.
export function giveUp(step: Step): Promise<void> {
  return queue.giveUp(step, (steps) => signedWith(step, steps));
}

// The signatures that are given up with a step.
export function signedWith(step: Step, steps = unsent.value): readonly Step[] {
  return step.method === "DraftNote" ? signaturesOf(step, steps) : [];
}

export function isWaiting(lane: string, method?: StepName, call?: string): boolean {
  return unsent.value.some(
    (step) =>
      step.lane === lane && (!method || step.method === method) && (!call || step.call === call),
  );
}

addEventListener("online", () => queue.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") queue.hurry();
});

async function send(step: Step): Promise<Outcome<Failure>> {
  const method = methods[step.method] as DescMethodUnary;
  try {
    const message = fromJson(method.input, step.request);
    const answer = await transport.unary(
      method,
      undefined,
      undefined,
      undefined,
      message as MessageInitShape<typeof method.input>,
    );
    return { kind: "answered", answer: answer.message as MessageShape<typeof method.output> };
  } catch (error) {
    if (isUncertain(error)) return { kind: "later", reached: false };
    if (isBusy(error)) return { kind: "later", reached: true };
    if (isSessionOver(error)) return { kind: "session-over" };
    return { kind: "refused", failure: failureOf(error) };
  }
}

// What this device keeps or forgets with an answer, whatever is on the screen.
async function remember(step: Step, answer: unknown): Promise<void> {
  if (step.method === "SubmitCall") await callEnded(step.lane, (answer as Call).name);
  // A note is kept with its signature, until that is answered.
  if (step.method === "SignNote") await forget(noteKey(step.call));
}

// A signature that was given before its draft was answered gets the note's name
// and etag from it.
function addressSignatures(draft: Step, note: Note): Promise<void> {
  return queue.change((step) => {
    if (step.refusal || !signaturesOf(draft, unsent.value).includes(step)) return step;
    return { ...step, request: { ...(step.request as object), note: note.name, etag: note.etag } };
  });
}
