// What was done on this device and has not been answered yet. A step is kept
// before it is sent, with its request_id and this device's time, and is sent
// again until the server has answered: so nothing is lost when the network or
// the browser goes away, and nothing counts twice.
//
// Steps of one lane (one visit, one call) are sent in the order in which they
// were done. A step that the server refuses stops its lane; the person decides
// whether to send it again or to give it up.
import {
  create,
  fromJson,
  toJson,
  type DescMethodUnary,
  type JsonValue,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { computed, signal } from "@preact/signals";
import { CallService } from "../gen/housecall/v1/call_service_pb";
import type { Note } from "../gen/housecall/v1/note_pb";
import { NoteService } from "../gen/housecall/v1/note_service_pb";
import { VisitService } from "../gen/housecall/v1/visit_service_pb";
import { failureOf, isSessionOver, isUncertain, newRequestId, transport, type Failure } from "./rpc";
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

export interface Step {
  // Sorts in the order in which steps were done.
  readonly key: string;
  readonly method: StepName;
  readonly lane: string;
  readonly request: JsonValue;
  // By this device's clock.
  readonly doneMs: number;
  // Set when the server refused it: why.
  readonly refusal?: Failure;
}

// Oldest first.
export const unsent = signal<readonly Step[]>([]);
export const refused = computed(() => unsent.value.filter((step) => step.refusal));

// Whether the last try reached the server.
export const reachable = signal(true);

type Answered = (step: Step, answer: unknown) => void | Promise<void>;
const listeners = new Set<Answered>();

// Calls act with every step that the server has accepted, from now on.
export function onAnswered(act: Answered): () => void {
  listeners.add(act);
  return () => listeners.delete(act);
}

let counter = 0;
let running = false;
let wake: ReturnType<typeof setTimeout> | undefined;
let delayMs = 0;

// Takes up what an earlier page on this device has left. Call once the vault is
// open.
export async function openOutbox(): Promise<void> {
  unsent.value = [...(await keptUnder<Step>("step|")).values()];
  void run();
}

// Keeps a step, then sends it. Returns once it is kept. Without a requestId the
// request gets a new one.
export async function perform<N extends StepName>(
  method: N,
  lane: string,
  request: Request<N>,
): Promise<Step> {
  const schema = methods[method].input;
  const message = create(schema as never, {
    requestId: newRequestId(),
    ...(request as object),
  } as never);
  const doneMs = Date.now();
  const step: Step = {
    key: `step|${String(doneMs).padStart(15, "0")}-${String(counter++).padStart(6, "0")}`,
    method,
    lane,
    request: toJson(schema as never, message),
    doneMs,
  };
  await keep(step.key, step);
  unsent.value = [...unsent.value, step];
  void run();
  return step;
}

// Sends a refused step again as it is.
export async function sendAgain(step: Step): Promise<void> {
  await replace(step, { ...step, refusal: undefined });
  void run();
}

// Gives a refused step up. The ones behind it in its lane are sent.
export async function giveUp(step: Step): Promise<void> {
  await drop(step);
  void run();
}

export function isWaiting(lane: string, method?: StepName): boolean {
  return unsent.value.some(
    (step) => step.lane === lane && (!method || step.method === method),
  );
}

// Tries at once what waits for a later try.
export function hurry(): void {
  delayMs = 0;
  if (wake !== undefined) clearTimeout(wake);
  wake = undefined;
  void run();
}

addEventListener("online", hurry);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") hurry();
});

async function run(): Promise<void> {
  if (running || wake !== undefined) return;
  running = true;
  try {
    for (;;) {
      const stopped = new Set<string>();
      const next = unsent.value.find((step) => {
        if (step.refusal) stopped.add(step.lane);
        return !stopped.has(step.lane);
      });
      if (!next) return;
      if (!(await trySend(next))) return;
    }
  } finally {
    running = false;
  }
}

// Returns false when there is no point in trying further now.
async function trySend(step: Step): Promise<boolean> {
  try {
    const answer = await send(step);
    reachable.value = true;
    delayMs = 0;
    if (step.method === "DraftNote") await addressSignatures(step, answer as Note);
    for (const act of listeners) await act(step, answer);
    await drop(step);
    return true;
  } catch (error) {
    if (isUncertain(error)) {
      reachable.value = false;
      delayMs = Math.min(delayMs === 0 ? 1000 : delayMs * 2, 30_000);
      wake = setTimeout(() => {
        wake = undefined;
        void run();
      }, delayMs);
      return false;
    }
    // Logging in again brings openOutbox, which goes on here.
    if (isSessionOver(error)) return false;
    reachable.value = true;
    await replace(step, { ...step, refusal: failureOf(error) });
    return true;
  }
}

async function send(step: Step): Promise<unknown> {
  const method = methods[step.method] as DescMethodUnary;
  const message = fromJson(method.input, step.request);
  const answer = await transport.unary(
    method,
    undefined,
    undefined,
    undefined,
    message as MessageInitShape<typeof method.input>,
  );
  return answer.message as MessageShape<typeof method.output>;
}

// Before the draft is dropped: should the page end in between, the draft is
// sent again, and answered as it was.
async function addressSignatures(draft: Step, note: Note): Promise<void> {
  for (const step of unsent.value) {
    if (step.method !== "SignNote" || step.lane !== draft.lane || step.key < draft.key) continue;
    if (step.refusal) continue;
    const request = { ...(step.request as object), note: note.name, etag: note.etag };
    await replace(step, { ...step, request });
  }
}

async function drop(step: Step): Promise<void> {
  await forget(step.key);
  unsent.value = unsent.value.filter((each) => each.key !== step.key);
}

async function replace(old: Step, step: Step): Promise<void> {
  await keep(step.key, step);
  unsent.value = unsent.value.map((each) => (each.key === old.key ? step : each));
}
