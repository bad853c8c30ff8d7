// The face of physicians and drivers in a car at night: one hand, large targets,
// dark. An offer covers everything; a visit shows one next step.
import "../style/crew.css";
import { computed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { LiveDuty } from "../app/live_duty";
import { refused, sendAgain, giveUp, unsent } from "../app/outbox";
import { path } from "../app/router";
import { centerName, session } from "../app/session";
import { Answer, OfferState } from "../gen/housecall/v1/offer_pb";
import { Role } from "../gen/housecall/v1/types_pb";
import { AssignmentState } from "../gen/housecall/v1/visit_pb";
import type { DutyView } from "../gen/housecall/v1/visit_service_pb";
import { clockTime, idOf } from "../text/format";
import { Button, Failed, FailureText, LinkButton, Loading, Notice, Top } from "../ui/parts";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { DutyHome } from "./duty_home";
import { NotePage } from "./note_page";
import { OfferScreen } from "./offer_screen";
import { reportPosition, type Pace } from "./position";
import { stepName } from "./step_name";
import { t } from "./texts";
import { cardKey, VisitPage } from "./visit_page";
import { forgetUnder } from "../app/vault";

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
  // Patients' cards stay on the device for the visit, and no longer.
  const mine = duty.view.value?.calls.map((call) => cardKey(call.patient)).join("\n");
  useEffect(() => {
    if (mine !== undefined) void forgetUnder("patient|", new Set(mine.split("\n")));
  }, [mine]);

  const view = duty.view.value;
  const phone = session.value?.center.phone ?? "";
  const offline = duty.connection.value === "lost";
  const [place, id] = path.value;
  if (!view) {
    return (
      <>
        <Top title={centerName.value}><Menu /></Top>
        <main class="page">
          {duty.problem.value !== undefined ? <Failed error={duty.problem.value} /> : <Loading />}
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
  const onNote = place === "note" && id;
  const noteCall = onNote ? view.calls.find((call) => idOf(call.name) === id) : undefined;
  if (offer && myAnswer(offer) === Answer.NONE && !assignment) {
    return <OfferScreen view={view} offer={offer} me={me} answering={answering} />;
  }
  return (
    <>
      {!noteCall && (
        <Top title={t(me === "physician" ? "title_physician" : "title_driver")}>
          {phone && <LinkButton href={`tel:${phone.replace(/[^+\d]/g, "")}`} icon="phone" label={t("center_phone")}>{""}</LinkButton>}
          <Menu />
        </Top>
      )}
      {offline && <div class="bar" role="status"><Icon name="offline" />{t("offline")}</div>}
      {noteCall && me === "physician" ? (
        <NotePage view={view} call={noteCall} key={noteCall.name} />
      ) : (
        <main class="page">
          <Refused />
          {offer && !assignment && <Notice tone="good" icon="check">{t("accepted_waiting")}</Notice>}
          {assignment ? <VisitPage view={view} assignment={assignment} me={me} key={assignment.name} />
            : <DutyHome view={view} me={me} />}
        </main>
      )}
    </>
  );
}

// What the server did not take: the person decides.
function Refused() {
  if (refused.value.length === 0) return null;
  return (
    <section class="stack">
      {refused.value.map((step) => (
        <Notice key={step.key} tone="urgent" icon="alert" alert>
          <p class="strong">{t("refused")}: {stepName(step.method)}</p>
          <p class="small">{t("done_at", { time: clockTime(step.doneMs) })}</p>
          <div><FailureText failure={step.refusal!} /></div>
          <p class="small">{t("refused_note")}</p>
          <div class="row">
            <Button onPress={() => sendAgain(step)}>{t("again")}</Button>
            <Button tone="urgent-quiet" onPress={() => giveUp(step)}>{t("give_up")}</Button>
          </div>
        </Notice>
      ))}
    </section>
  );
}
