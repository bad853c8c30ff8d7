// A visit under way: the next step as one large button, the place, the way in,
// and, for the physician, the patient.
import { fromJson, toJson, type JsonValue } from "@bufbuild/protobuf";
import { useState } from "preact/hooks";
import { isWaiting, perform, unsent, type Step } from "../app/outbox";
import { allPages, directory, patients as patientRpc } from "../app/rpc";
import { deviceTime, msOf, now } from "../app/clock";
import { keep, kept } from "../app/vault";
import { CallState, EmergencyDecision, NotFoundStep, type Call } from "../gen/housecall/v1/call_pb";
import { PatientSchema, type Patient } from "../gen/housecall/v1/patient_pb";
import type { Assignment } from "../gen/housecall/v1/visit_pb";
import type { DutyView } from "../gen/housecall/v1/visit_service_pb";
import { arrivalOf } from "../records/arrival";
import { CallFacts, UrgencyBadge } from "../records/call_view";
import { nameWithAge, PatientCard } from "../records/patient_card";
import { age, clockTime, idOf, span } from "../text/format";
import { notFoundStepLabel } from "../text/labels";
import { besideEachOther } from "../text/marks";
import { center, session } from "../app/session";
import { AskDialog, Button, Dialog, Facts, Field, LinkButton, LoadError, Loading, Notice, Phone, PhoneText, useLoad } from "../ui/parts";
import { NavigationLink } from "./navigation_link";
import { stepName } from "../text/steps";
import { isSearched, nextStep, progressOf, searchSteps, triesOf, type Next } from "./next_step";
import { RouteSheet } from "./route_sheet";
import { t } from "./texts";

const stepTexts = {
  StartDrive: "step_depart",
  PickUpPhysician: "step_pick_up",
  Arrive: "step_arrive",
  StartTreatment: "step_start",
  EndTreatment: "step_end",
  LeaveScene: "step_leave",
} as const;

const waitTexts = { driver: "wait_driver", car: "wait_car", physician: "wait_physician", search: "wait_search" } as const;

// Under which name a patient's card is kept on the device.
export function cardKey(patient: string): string {
  return `patient|${patient}`;
}

type Names = Readonly<Record<string, { readonly name: string; readonly phone: string }>>;
interface KeptCard {
  readonly card: JsonValue;
  readonly names: Names;
}

async function organizationNames(): Promise<Names> {
  const all = await allPages(
    (pageToken) => directory.listOrganizations({ parent: center.value, pageSize: 1000, pageToken }),
    (page) => page.organizations,
  );
  return Object.fromEntries(all.map((each) => [each.name, { name: each.displayName, phone: each.phone }]));
}

export function VisitPage({ view, assignment, me }: {
  view: DutyView;
  assignment: Assignment;
  me: "physician" | "driver";
}) {
  const [trouble, setTrouble] = useState(false);
  const calls = assignment.calls.flatMap((name) => view.calls.find((call) => call.name === name) ?? []);
  // One lane for the visit and what belongs to its calls: strictly in order.
  const steps = unsent.value.filter((step) => step.lane === assignment.name && !step.refusal);
  const next = nextStep(assignment, calls, view.visits, steps, me);
  const done = progressOf(assignment, steps);
  const arrival = arrivalOf(assignment, session.value?.center.policy);
  const first = calls[0];
  return (
    <>
      {!done.arrived && arrival && (
        <section class="eta">
          <span class="soft">{t("arrival")}</span>
          <b>{clockTime(assignment.estimate?.arriveTime)}</b>
          <span class="soft small">{arrival.stale ? age(assignment.estimateTime) : span(Math.max(0, (msOf(assignment.estimate?.arriveTime) ?? 0) - now.value))}</span>
        </section>
      )}
      {steps.length > 0 && <PendingSteps steps={steps} />}
      <NextButton next={next} assignment={assignment} calls={calls} />
      {first && <PlaceCard call={first} />}
      {(me === "driver" || assignment.selfDrive) && !done.arrived && <RouteSheet assignment={assignment.name} />}
      {calls.map((call) => (
        <CallSection key={call.name} view={view} call={call} me={me} assignment={assignment} steps={steps} arrived={done.arrived} />
      ))}
      <Colleagues view={view} assignment={assignment} />
      <div class="foot">
        <Button wide icon="alert" tone="urgent-quiet" onPress={() => setTrouble(true)}>{t("problems")}</Button>
      </div>
      {trouble && <Trouble view={view} assignment={assignment} calls={calls} me={me} arrived={done.arrived} onClose={() => setTrouble(false)} />}
    </>
  );
}

function NextButton({ next, assignment, calls }: { next: Next; assignment: Assignment; calls: readonly Call[] }) {
  if (next.wait !== undefined) {
    return next.wait === "nothing" ? null : <Notice icon="clock">{t(waitTexts[next.wait])}</Notice>;
  }
  const method = next.method;
  if (!method) return null;
  const call = calls.length > 1 ? calls.find((each) => each.name === next.call) : undefined;
  return (
    <div class="next-step">
      <Button tone={next.aside ? "plain" : "primary"} wide id="next-step" onPress={() => {
        const request = { assignment: assignment.name, deviceTime: deviceTime() };
        return perform(method, assignment.name, next.call ? { ...request, call: next.call } : request);
      }}>
        {t(stepTexts[method])}
        {call && <small>{call.shortPatient?.displayName ?? receipt(call)}</small>}
      </Button>
    </div>
  );
}

function receipt(call: Call): string {
  return idOf(call.name).slice(-6).toUpperCase();
}

function PendingSteps({ steps }: { steps: readonly Step[] }) {
  // The note's page tells how far the note is.
  const named = steps.filter((step) => step.method !== "DraftNote" && step.method !== "SignNote");
  if (named.length === 0) return null;
  return (
    <Notice tone="warn" icon="clock">
      {named.map((step) => (
        <p key={step.key}>
          {clockTime(step.doneMs)} {t("step_unsent", { step: stepName(step.method) })}
        </p>
      ))}
    </Notice>
  );
}

function PlaceCard({ call }: { call: Call }) {
  const position = call.place?.position;
  return (
    <section class="card stack-tight">
      <p class="place-address">{call.place?.address}</p>
      {call.place?.entryNotes && <p><b>{call.place.entryNotes}</b></p>}
      {position && <NavigationLink position={position} />}
      <Facts rows={[[t("callback"), call.callbackPhone && <Phone number={call.callbackPhone} />]]} />
    </section>
  );
}

function CallSection({ view, call, me, assignment, steps, arrived }: {
  view: DutyView;
  call: Call;
  me: "physician" | "driver";
  assignment: Assignment;
  steps: readonly Step[];
  arrived: boolean;
}) {
  const personName = (name: string) => view.people.find((each) => each.name === name)?.displayName ?? "";
  const key = cardKey(call.patient);
  // The card is kept for the visit: there may be no network at the bedside.
  const patient = useLoad<{ card: Patient; names: Names; fresh: boolean } | undefined>(async () => {
    if (!call.patient) return undefined;
    try {
      const card = await patientRpc.getPatient({ name: call.patient });
      // Without the clinics' names a card is a card.
      const names = await organizationNames().catch(() => ({}) as Names);
      await keep(key, { card: toJson(PatientSchema, card), names } satisfies KeptCard);
      return { card, names, fresh: true };
    } catch (error) {
      const found = await kept<KeptCard>(key);
      if (found === undefined) throw error;
      return { card: fromJson(PatientSchema, found.card, { ignoreUnknownFields: true }), names: found.names, fresh: false };
    }
  }, [call.patient]);
  const card = patient.value?.card;
  return (
    <>
      {call.emergency && call.state === CallState.EMERGENCY_119 && <Emergency call={call} me={me} lane={assignment.name} />}
      {isSearched(call, steps) && <Search call={call} card={card} assignment={assignment} steps={steps} />}
      {me === "physician" && (
        <>
          {arrived && <LinkButton wide icon="note" href={`#/note/${idOf(call.name)}`}>{t("note_write")}</LinkButton>}
          <section class="card stack-tight">
            <div class="row row-between"><h2>{t("call")}</h2><UrgencyBadge urgency={call.urgency} /></div>
            <CallFacts call={call} personName={personName} />
          </section>
        </>
      )}
      {card && (
        <details class="card-details" open={me === "physician"}>
          <summary class="card strong">{nameWithAge(card)}</summary>
          {!patient.value!.fresh && <p class="soft small">{t("card_kept")}</p>}
          <PatientCard patient={card} organizationName={(name) => patient.value!.names[name]?.name ?? idOf(name)}
            organizationPhone={(name) => patient.value!.names[name]?.phone ?? ""} personName={personName} />
        </details>
      )}
      {call.patient && patient.loading && !card && <Loading />}
      {patient.error !== undefined && <div class="card"><LoadError of={patient} /></div>}
      {!call.patient && me === "physician" && <p class="soft">{t("card_none")}</p>}
    </>
  );
}

function Colleagues({ view, assignment }: { view: DutyView; assignment: Assignment }) {
  const car = view.cars.find((each) => each.name === assignment.car);
  const people = view.people.filter((each) =>
    (each.name === assignment.physician || each.name === assignment.driver) && each.name !== session.value?.person.name);
  if (people.length === 0 && !car) return null;
  return (
    <section class="card">
      <Facts rows={[
        ...people.map((each) => [
          t(each.name === assignment.physician ? "with_physician" : "with_driver"),
          <span class="row">{each.displayName} <Phone number={each.phone} /></span>,
        ] as const),
        [t("car"), car && besideEachOther([car.displayName, car.plate])],
      ]} />
    </section>
  );
}

function Emergency({ call, me, lane }: { call: Call; me: "physician" | "driver"; lane: string }) {
  const decide = (decision: EmergencyDecision) => () =>
    perform("DecideEmergency", lane, { call: call.name, decision });
  return (
    <Notice tone="urgent" icon="alert" alert>
      <p class="strong">{t("emergency_state")}</p>
      {me === "physician" && call.emergency?.decision === EmergencyDecision.UNDECIDED && !isWaiting(lane, "DecideEmergency") && (
        <div class="menu">
          <Button wide onPress={decide(EmergencyDecision.GO_ON)}>{t("decide_go_on")}</Button>
          <Button wide onPress={decide(EmergencyDecision.PHONE_SUPPORT)}>{t("decide_phone")}</Button>
          <Button wide onPress={decide(EmergencyDecision.STAND_DOWN)}>{t("decide_stand")}</Button>
        </div>
      )}
    </Notice>
  );
}

function Search({ call, card, assignment, steps }: {
  call: Call;
  card: Patient | undefined;
  assignment: Assignment;
  steps: readonly Step[];
}) {
  return (
    <section class="card stack">
      <h2>{t("not_found_steps")}</h2>
      {searchSteps.map((step) => {
        const tries = triesOf(call, step, steps);
        const number = step === NotFoundStep.PHONE_PATIENT ? (card?.phone ?? call.callbackPhone) : "";
        return (
          <div class="stack-tight" key={step}>
            <p class="capital">{notFoundStepLabel(step)} {number && <Phone number={number} />} {step === NotFoundStep.PHONE_KEY_HOLDER && card && <PhoneText text={card.keyHolder} />} {tries > 0 && <b>{t("tried", { n: tries })}</b>}</p>
            <div class="row">
              {[true, false].map((reached) => (
                <Button key={String(reached)} size="small" onPress={() =>
                  perform("RecordNotFoundStep", assignment.name, { call: call.name, step, reached })}>
                  {t(reached ? "reached" : "not_reached")}
                </Button>
              ))}
            </div>
          </div>
        );
      })}
      <Button tone="primary" wide onPress={() => perform("ReportFound", assignment.name, { call: call.name })}>{t("found")}</Button>
    </section>
  );
}

function Trouble({ view, assignment, calls, me, arrived, onClose }: {
  view: DutyView;
  assignment: Assignment;
  calls: readonly Call[];
  me: "physician" | "driver";
  arrived: boolean;
  onClose: () => void;
}) {
  const [what, setWhat] = useState<"" | "breakdown" | "missing" | "emergency" | "place">("");
  const [text, setText] = useState("");
  const [reason, setReason] = useState("");
  const [here, setHere] = useState(false);
  const call = calls[0];
  const selfDrives = session.value?.person.selfDrive ?? false;
  const position = view.position?.position;
  switch (what) {
    case "breakdown":
      return (
        <AskDialog title={t("breakdown")} action={t("breakdown_do")} tone="urgent" onClose={onClose}
          act={() => perform("ReportBreakdown", assignment.name, { car: assignment.car, reason: text })}>
          <Field label={t("breakdown_what")} value={text} onChange={setText} optional />
        </AskDialog>
      );
    case "missing":
      return (
        <Dialog title={t("driver_missing")} onClose={onClose}>
          <div class="menu">
            {[...(selfDrives ? [true] : []), false].map((selfDrive) => (
              <Button key={String(selfDrive)} size="large" wide onPress={async () => {
                await perform("ReportDriverMissing", assignment.name, { assignment: assignment.name, selfDrive });
                onClose();
              }}>
                {t(selfDrive ? "driver_missing_self" : "driver_missing_other")}
              </Button>
            ))}
          </div>
        </Dialog>
      );
    case "emergency":
      return (
        <AskDialog title={t("emergency")} action={t("emergency_do")} tone="urgent" onClose={onClose}
          act={() => perform("RaiseEmergency", assignment.name, { call: call!.name })}>
          <a class="button button-urgent button-large button-wide" href="tel:119">{t("ring_119")}</a>
          <p class="place-address">{call?.place?.address}</p>
          <p>{t("emergency_note")}</p>
        </AskDialog>
      );
    case "place":
      return (
        <AskDialog title={t("wrong_place")} action={t("place_do")} onClose={onClose}
          ready={text.trim() !== "" && reason.trim() !== ""}
          act={() => perform("CorrectPlace", assignment.name, {
            call: call!.name,
            place: { address: text, entryNotes: call!.place?.entryNotes ?? "", position: here ? position : undefined },
            reason,
          })}>
          <Field label={t("place_new")} value={text} onChange={setText} />
          <Field label={t("place_reason")} value={reason} onChange={setReason} />
          {position && (
            <label class="check"><input type="checkbox" checked={here} onChange={(event) => setHere(event.currentTarget.checked)} />{t("place_here")}</label>
          )}
        </AskDialog>
      );
    case "":
      return (
        <Dialog title={t("problems")} onClose={onClose}>
          <div class="menu">
            {call && <Button size="large" wide tone="urgent" icon="alert" onPress={() => setWhat("emergency")}>{t("emergency")}</Button>}
            {call && arrived && call.state === CallState.ON_SCENE && (
              <Button size="large" wide icon="search" onPress={async () => {
                await perform("ReportNotFound", assignment.name, { call: call.name });
                onClose();
              }}>{t("not_found")}</Button>
            )}
            {assignment.car && <Button size="large" wide icon="car" onPress={() => setWhat("breakdown")}>{t("breakdown")}</Button>}
            {me === "physician" && assignment.driver && !arrived && (
              <Button size="large" wide icon="person" onPress={() => setWhat("missing")}>{t("driver_missing")}</Button>
            )}
            {call && <Button size="large" wide icon="pin" onPress={() => setWhat("place")}>{t("wrong_place")}</Button>}
          </div>
        </Dialog>
      );
  }
}
