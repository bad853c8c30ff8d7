// Which step of a visit comes next for whom, counting those that were done on
// this device and are not sent yet.
import type { Step, StepName } from "../app/outbox";
import type { Call } from "../gen/housecall/v1/call_pb";
import { CallState, NotFoundStep } from "../gen/housecall/v1/call_pb";
import { AssignmentState, type Assignment, type Visit } from "../gen/housecall/v1/visit_pb";

export type Wait = "driver" | "car" | "physician" | "search" | "nothing";

export interface Next {
  readonly method?: Extract<
    StepName,
    "StartDrive" | "PickUpPhysician" | "Arrive" | "StartTreatment" | "EndTreatment" | "LeaveScene"
  >;
  // For treatments: of which call.
  readonly call?: string;
  // Set when there is nothing to do but wait.
  readonly wait?: Wait;
  // It may be done by this person, but is the other one's first of all.
  readonly aside?: boolean;
}

export interface Progress {
  readonly departed: boolean;
  readonly pickedUp: boolean;
  readonly arrived: boolean;
  readonly left: boolean;
}

function has(steps: readonly Step[], method: StepName, call?: string): boolean {
  return steps.some(
    (step) => step.method === method && (!call || (step.request as { call?: string }).call === call),
  );
}

// What is to be tried before a crew may leave without having found the patient.
export const searchSteps = [
  NotFoundStep.PHONE_PATIENT,
  NotFoundStep.PHONE_FAMILY,
  NotFoundStep.PHONE_KEY_HOLDER,
  NotFoundStep.PHONE_REQUESTER,
] as const;

// Whether the patient of a call is being looked for.
export function isSearched(call: Call, steps: readonly Step[]): boolean {
  const last = steps.findLast((step) =>
    step.call === call.name && (step.method === "ReportNotFound" || step.method === "ReportFound"));
  return last ? last.method === "ReportNotFound" : call.state === CallState.NOT_FOUND;
}

// How often a step of the search was tried.
export function triesOf(call: Call, step: NotFoundStep, steps: readonly Step[]): number {
  const unsent = steps.filter((each) =>
    each.method === "RecordNotFoundStep" && each.call === call.name &&
    (each.request as { step?: string }).step === `NOT_FOUND_STEP_${NotFoundStep[step]}`);
  return call.notFoundTries.filter((each) => each.step === step).length + unsent.length;
}

// How far an assignment is, with the steps of it that wait to be sent.
export function progressOf(assignment: Assignment, steps: readonly Step[]): Progress {
  const { state } = assignment;
  const left = state === AssignmentState.FINISHED || has(steps, "LeaveScene");
  const arrived = left || state === AssignmentState.ON_SCENE || has(steps, "Arrive");
  const departed = arrived || state === AssignmentState.EN_ROUTE || has(steps, "StartDrive");
  const pickedUp = arrived || !!assignment.pickUp || has(steps, "PickUpPhysician");
  return { departed, pickedUp, arrived, left };
}

export function nextStep(
  assignment: Assignment,
  calls: readonly Call[],
  visits: readonly Visit[],
  steps: readonly Step[],
  me: "physician" | "driver",
): Next {
  const done = progressOf(assignment, steps);
  const drives = me === "driver" || assignment.selfDrive;
  if (assignment.state === AssignmentState.WAITING_FOR_CAR && !done.arrived) return { wait: "car" };
  if (!done.departed) return drives ? { method: "StartDrive" } : { wait: "driver" };
  if (!done.pickedUp && me === "driver" && !assignment.selfDrive) return { method: "PickUpPhysician" };
  if (!done.arrived) return { method: "Arrive", aside: !drives };
  if (done.left) return { wait: "nothing" };
  for (const call of calls) {
    const visit = visits.find((each) => each.call === call.name);
    const searching = isSearched(call, steps);
    const started = !!visit?.treatmentStart || has(steps, "StartTreatment", call.name);
    const ended = !!visit?.treatmentEnd || has(steps, "EndTreatment", call.name);
    if (searching || ended) continue;
    if (me === "driver") return { wait: "physician" };
    return started
      ? { method: "EndTreatment", call: call.name }
      : { method: "StartTreatment", call: call.name };
  }
  const untried = calls.some((call) =>
    isSearched(call, steps) && searchSteps.some((step) => triesOf(call, step, steps) === 0));
  if (untried) return { wait: "search" };
  return { method: "LeaveScene", aside: !drives };
}
