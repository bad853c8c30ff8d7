// The face of physicians and drivers in a car at night: one hand, large targets,
// dark. An offer covers everything; a visit shows one next step.
import "../style/crew.css";
import { computed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { LiveDuty } from "../app/live_duty";
import { now, msOf } from "../app/clock";
import { noteKey } from "../app/drafts";
import { unsent } from "../app/outbox";
import { path } from "../app/router";
import { centerName, session } from "../app/session";
import { Answer, OfferState } from "../gen/housecall/v1/offer_pb";
import { Role } from "../gen/housecall/v1/types_pb";
import { AssignmentState } from "../gen/housecall/v1/visit_pb";
import type { DutyView } from "../gen/housecall/v1/visit_service_pb";
import { canSound, wantSound } from "../app/sound";
import { idOf } from "../text/format";
import { space } from "../text/marks";
import { Empty, Failed, Loading, Notice, Phone, PhoneButton, Top } from "../ui/parts";
import { Refused } from "../ui/refused";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { DutyHome } from "./duty_home";
import { NotePage } from "./note_page";
import { OfferScreen } from "./offer_screen";
import { reportPosition, type Pace } from "./position";
import { keepScreenOn } from "./screen_on";
import { t } from "./texts";
import { cardKey, VisitPage } from "./visit_page";
import { forgetUnder } from "../app/vault";

// How long the server may take to say how an offer ended.
const offerGraceMs = 3000;

// What this person is in the duty: physician or driver.
export function workOf(view: DutyView): "physician" | "driver" {
  const role = view.duty?.onDuty ? view.duty.role : (view.rotaDuty?.role ?? session.value?.account.roles[0]);
  return role === Role.DRIVER ? "driver" : "physician";
}

export function runningAssignment(view: DutyView) {
  return view.assignments.find(
    (each) => each.state !== AssignmentState.FINISHED && each.state !== AssignmentState.RELEASED,
  );
}

export default function Crew() {
  const duty = useMemo(() => new LiveDuty(), []);
  useEffect(() => duty.start(), []);
  const pace = useMemo(
    () =>
      computed<Pace>(() => {
        const view = duty.view.value;
        if (!view?.duty?.onDuty) return "off";
        return runningAssignment(view)?.state === AssignmentState.EN_ROUTE ? "moving" : "resting";
      }),
    [],
  );
  useEffect(() => reportPosition(pace), []);
  const onDuty = useMemo(() => computed(() => duty.view.value?.duty?.onDuty ?? false), []);
  useEffect(() => keepScreenOn(onDuty), []);
  useEffect(() => {
    if (onDuty.value) wantSound();
  }, [onDuty.value]);
  // Patients' cards and notes stay on the device for the visit, and no longer.
  const mine = duty.view.value?.calls.map((call) => `${call.patient} ${call.name}`).join("\n");
  useEffect(() => {
    const calls = duty.view.value?.calls ?? [];
    if (mine === undefined) return;
    void forgetUnder("patient|", new Set(calls.map((call) => cardKey(call.patient))));
    void forgetUnder("note|", new Set(calls.map((call) => noteKey(call.name))));
  }, [mine]);

  const view = duty.view.value;
  const phone = session.value?.center.phone ?? "";
  const offline = duty.connection.value === "lost";
  const [place, id] = path.value;
  if (!view) {
    return (
      <>
        <Top title={centerName.value}><PhoneButton number={phone} label={t("center_phone")} /><Menu /></Top>
        <main class="page">
          {duty.problem.value !== undefined ? <Failed error={duty.problem.value} retry={duty.retry} /> : <Loading />}
        </main>
      </>
    );
  }
  const me = workOf(view);
  const myAnswer = (offer: DutyView["offers"][number]) =>
    me === "physician" ? offer.physicianAnswer : offer.driverAnswer;
  const offer = view.offers.find((each) => each.state === OfferState.PENDING);
  const assignment = runningAssignment(view);
  const answering = offer && unsent.value.find((step) => step.lane === offer.name && !step.refusal);
  const noteCall = place === "note" && id && me === "physician" ? view.calls.find((call) => idOf(call.name) === id) : undefined;
  const bars = (
    <>
      {offline && <div class="bar" role="status"><Icon name="offline" />{t("offline")}</div>}
      {onDuty.value && !canSound.value && <div class="bar" role="status"><Icon name="bell" />{t("silent")}</div>}
    </>
  );
  // The server ends an offer at its time; a phone without a network has to
  // notice by itself, or it would ring for what is long gone.
  const isOpen = offer && now.value < (msOf(offer.ringUntilTime) ?? Infinity) + offerGraceMs;
  if (offer && isOpen && myAnswer(offer) === Answer.NONE && !assignment) {
    return <OfferScreen view={view} offer={offer} me={me} answering={answering} bars={bars} />;
  }
  return (
    <>
      {!noteCall && (
        <Top title={t(me === "physician" ? "title_physician" : "title_driver")}>
          <PhoneButton number={phone} label={t("center_phone")} />
          <Menu />
        </Top>
      )}
      {bars}
      {noteCall ? (
        <NotePage view={view} call={noteCall} key={noteCall.name} />
      ) : (
        <main class="page">
          <Refused />
          {!assignment && view.takenBack.length > 0 && <Notice tone="warn" icon="alert"><p role="alert">{t("taken_back")}</p></Notice>}
          {place === "note" && <Empty icon="note">{t("note_gone")}</Empty>}
          {offer && !assignment && (myAnswer(offer) !== Answer.NONE ? <Notice tone="good" icon="check">{t("accepted_waiting")}</Notice>
            : <Notice tone="warn" icon="clock">{t(answering ? "answer_unsent" : "offer_over")}{space()}<Phone number={phone} /></Notice>)}
          {assignment ? <VisitPage view={view} assignment={assignment} me={me} key={assignment.name} />
            : <DutyHome view={view} me={me} />}
        </main>
      )}
    </>
  );
}
