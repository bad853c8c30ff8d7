// One call: the receipt, the promise, how far it is, what can be done.
import { useEffect, useState } from "preact/hooks";
import { decideOn } from "../app/decisions";
import { endedAs } from "../app/drafts";
import type { LiveBoard } from "../app/live_board";
import { Code } from "@connectrpc/connect";
import { giveUp, perform, sendAgain, unsent } from "../app/outbox";
import { allPages, board as boardRpc, calls as callRpc, codeOf, newRequestId, notes as noteRpc, patients as patientRpc, settled } from "../app/rpc";
import { now } from "../app/clock";
import { goInstead } from "../app/router";
import { center, hasRole, session } from "../app/session";
import { CallState, CancelState, EmergencyDecision, Outcome, type Call } from "../gen/housecall/v1/call_pb";
import { Role } from "../gen/housecall/v1/types_pb";
import { CallFacts, hasArrived, isOver, Progress, ArrivalPromise, StateBadge, Timeline, UrgencyBadge } from "../records/call_view";
import { NoteView } from "../records/note_view";
import { namesOf } from "../records/patient_card";
import { areVitalsRight, VitalsFields, vitalsOf, type TypedVitals } from "../records/vitals";
import { idOf, receiptNumber, shortTime } from "../text/format";
import { emergencyDecisionLabel, outcomeLabel } from "../text/labels";
import { besideEachOther } from "../text/marks";
import { AskDialog, Button, Empty, Facts, Failed, FailureText, Field, LoadError, Loading, Notice, Phone, PhoneButton, Top, useLoad } from "../ui/parts";
import { myDeliveries, patientNameOf } from "./home";
import { DeliveryCard } from "./inbox";
import { BoardState, RefusedSteps, ReviseButton } from "./waiting";
import { t } from "./texts";

export function CallPage({ board, id }: { board: LiveBoard; id: string }) {
  const name = `${center.value}/calls/${id}`;
  const ended = endedAs.value[name];
  const joined = Object.entries(endedAs.value).some(([sent, as]) => as === name && sent !== name);
  useEffect(() => {
    if (ended && ended !== name) goInstead(`/calls/${idOf(ended)}`);
  }, [ended]);
  const step = unsent.value.find((each) => each.method === "SubmitCall" && each.lane === name);
  const onBoard = board.get("call", name);
  // Not on the board any more, or not yet: ask for it.
  const older = useLoad(
    async () => (board.loaded.value && !onBoard && !step ? callRpc.getCall({ name }) : undefined),
    [board.loaded.value, !!onBoard, !!step],
  );
  const call = onBoard ?? older.value;
  if (!call) {
    return (
      <>
        <Top title={`${t("receipt")} ${receiptNumber(name)}`} back="/" backLabel={t("back")} />
        <main class="page">
          <RefusedSteps except={(each) => each === step} />
          {step ? <Unsent step={step} />
            : !board.loaded.value ? <BoardState board={board} />
            : older.error === undefined ? <Loading />
            : isNotHere(older.error) ? <Empty icon="search">{t("not_here")}</Empty>
            : <Failed error={older.error} retry={older.reload} />}
        </main>
      </>
    );
  }
  return <CallDetails board={board} call={call} joined={joined} />;
}

// Whether it is gone or somebody else's: everything else may be tried again.
function isNotHere(error: unknown): boolean {
  const code = codeOf(error);
  return code === Code.NotFound || code === Code.PermissionDenied;
}

function Unsent({ step }: { step: (typeof unsent.value)[number] }) {
  const phone = session.value?.center.phone ?? "";
  if (step.refusal) {
    return (
      <Notice tone="urgent" icon="alert" alert>
        <p class="strong">{t("refused")}</p>
        <Sent step={step} />
        <div><FailureText failure={step.refusal} /></div>
        <div class="row">
          <ReviseButton step={step} />
          <Button onPress={() => sendAgain(step)}>{t("send_again")}</Button>
          <Button tone="urgent-quiet" onPress={async () => {
            await giveUp(step);
            goInstead("/");
          }}>{t("give_up")}</Button>
        </div>
        <p>{t("urgent_phone")}: <Phone number={phone} /></p>
      </Notice>
    );
  }
  return (
    <>
      <Notice tone="warn" icon="clock">
        <p class="strong">{t("sending")}</p>
        <p>{t("not_sent")}</p>
        <p>{t("urgent_phone")}: <Phone number={phone} /></p>
      </Notice>
      <section class="card"><Sent step={step} /></section>
    </>
  );
}

// What is in it.
function Sent({ step }: { step: (typeof unsent.value)[number] }) {
  const request = step.request as { complaint?: string; judgement?: string };
  return <Facts rows={[[t("complaint_short"), request.complaint], [t("judgement_short"), request.judgement]]} />;
}

function CallDetails({ board, call, joined }: { board: LiveBoard; call: Call; joined: boolean }) {
  const [dialog, setDialog] = useState<"" | "fact" | "cancel" | "raise">("");
  const [requestId] = useState(newRequestId);
  const names = namesOf(board);
  const assignment = call.assignment ? board.get("assignment", call.assignment) : undefined;
  const events = useLoad(
    () => allPages(
      (pageToken) => boardRpc.listEvents({ parent: center.value, call: call.name, pageSize: 200, pageToken }),
      (page) => page.events,
    ),
    [call.name, call.etag],
  );
  const note = useLoad(
    async () => (call.note ? noteRpc.getNote({ name: call.note }) : undefined),
    [call.note, call.state],
  );
  // Who comes; his name is told with the patient's coverage.
  const coverage = useLoad(
    async () => (assignment && call.patient ? patientRpc.getCoverage({ patient: call.patient }) : undefined),
    // The position's age is asked for again and again while somebody comes.
    [assignment?.physician, !hasArrived(call) && Math.floor(now.value / 30_000)],
  );
  const deliveries = myDeliveries(board).filter((each) => each.call === call.name);
  const over = isOver(call);
  // Whoever called, or joined; a clinic's doctor reads along.
  const me = session.value?.person.name ?? "";
  const mine = hasRole(Role.REQUESTER) && (call.requester === me || call.followers.includes(me));
  const phone = session.value?.center.phone ?? "";
  return (
    <>
      <Top title={patientNameOf(call, board)} back="/" backLabel={t("back")}>
        <PhoneButton number={phone} label={t("center_phone")} />
      </Top>
      <main class="page">
        <RefusedSteps />
        {joined && <Notice tone="good" icon="check">{t("joined")}</Notice>}
        <section class="card stack">
          <div class="row row-between">
            <span class="soft">{t("receipt")} <b class="receipt">{receiptNumber(call.name)}</b></span>
            <span class="row"><UrgencyBadge urgency={call.urgency} /><StateBadge call={call} /></span>
          </div>
          {!over && <ArrivalPromise call={call} board={board} positionTime={coverage.value?.positionTime} />}
          {!over && <Progress call={call} />}
          {coverage.value?.physician && !over && <p>{t("doctor")}: <b>{coverage.value.physician.displayName}</b></p>}
          {call.outcome !== Outcome.UNSPECIFIED && <p>{t("outcome")}: <b>{outcomeLabel(call.outcome)}</b> {call.outcomeReason}</p>}
          {call.cancelRequest?.state === CancelState.REQUESTED && <Notice tone="warn" icon="clock">{t("cancel_asked")}</Notice>}
          {call.cancelRequest?.state === CancelState.REFUSED && !over && <Notice icon="car">{t("cancel_refused")}</Notice>}
          {call.emergency && !over && (
            <Notice tone="urgent" icon="alert">
              {call.emergency.decision === EmergencyDecision.UNDECIDED ? t("raised")
                : t("raised_decided", { decision: emergencyDecisionLabel(call.emergency.decision) })}
            </Notice>
          )}
          {over || call.state === CallState.NOTE_SENT ? (
            mine && !call.requesterInformed && call.state !== CallState.MERGED && (
              <Button icon="check" onPress={async () => {
                board.put("call", await settled(() => callRpc.informRequester({ call: call.name, requestId })));
              }}>{t("inform")}</Button>
            )
          ) : (
            <div class="actions">
              <Button icon="plus" onPress={() => setDialog("fact")}>{t("add_fact")}</Button>
              <Button tone="urgent-quiet" icon="alert" onPress={() => setDialog("raise")}>{t("raise")}</Button>
              {mine && !hasArrived(call) && call.cancelRequest?.state !== CancelState.REQUESTED && (
                <Button icon="cross" onPress={() => setDialog("cancel")}>{t("cancel")}</Button>
              )}
            </div>
          )}
        </section>
        {(call.note || deliveries.length > 0) && (
          <section class="card stack">
            <h2>{t("note")}</h2>
            <LoadError of={note} />
            {note.value && note.value.versions.length > 0
              ? <NoteView note={note.value} personName={names.personName} />
              : note.error === undefined && (note.loading ? <Loading /> : <p class="soft">{t("note_waiting")}</p>)}
            {deliveries.map((delivery) =>
              <DeliveryCard key={delivery.name} board={board} delivery={delivery} isRead={(note.value?.versions.length ?? 0) > 0} />)}
          </section>
        )}
        <section class="card stack-tight">
          <h2>{t("facts")}</h2>
          <CallFacts call={call} personName={names.personName} />
        </section>
        <section class="card stack-tight">
          <h2>{t("timeline")}</h2>
          <LoadError of={events} />
          {events.value ? <Timeline brief events={events.value} personName={names.personName} /> : events.error === undefined && <Loading />}
        </section>
      </main>
      {dialog === "fact" && <AddFact call={call} onClose={() => setDialog("")} />}
      {dialog === "cancel" && <Cancel board={board} call={call} onClose={() => setDialog("")} />}
      {dialog === "raise" && (
        <AskDialog title={t("raise_title")} action={t("raise_do")} tone="urgent" onClose={() => setDialog("")}
          act={() => perform("RaiseEmergency", call.name, { call: call.name })}>
          <a class="button button-urgent button-large button-wide" href="tel:119">{t("ring_119")}</a>
          <p>{t("tell_address")}: <b>{call.place?.address}</b></p>
          <p>{t("raise_note")}</p>
        </AskDialog>
      )}
    </>
  );
}

function AddFact({ call, onClose }: { call: Call; onClose: () => void }) {
  const [text, setText] = useState("");
  const [vitals, setVitals] = useState<TypedVitals>({});
  const measured = vitalsOf(vitals);
  return (
    <AskDialog title={t("add_fact")} action={t("add")} onClose={onClose}
      ready={(text.trim() !== "" || measured !== undefined) && areVitalsRight(vitals)}
      act={() => perform("AddFact", call.name, { call: call.name, text, vitals: measured })}>
      <Field label={t("fact_text")} lines={3} value={text} onChange={setText} />
      <VitalsFields value={vitals} onChange={setVitals} />
    </AskDialog>
  );
}

function Cancel({ board, call, onClose }: { board: LiveBoard; call: Call; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [requestId] = useState(newRequestId);
  // What was seen when the dialog opened: whoever cancels must have seen it.
  const [seen] = useState(call);
  return (
    <AskDialog title={t("cancel")} action={t("cancel_do")} tone="urgent" onClose={onClose} ready={reason.trim() !== ""}
      act={async () => {
        board.put("call", await decideOn(board, seen, (etag) =>
          callRpc.requestCancel({ call: seen.name, etag, reason, requestId })));
      }}>
      <p>{t("cancel_note")}</p>
      <Field label={t("cancel_why")} lines={2} value={reason} onChange={setReason} />
      <p class="soft small">{besideEachOther([shortTime(call.receiveTime), call.complaint])}</p>
    </AskDialog>
  );
}
