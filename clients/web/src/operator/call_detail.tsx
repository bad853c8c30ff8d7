// One call on the operator's desk: its clocks, what can be done with it, why
// this crew, what happened.
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { allPages, board as boardRpc, calls as callRpc, newRequestId, notes as noteRpc, settled } from "../app/rpc";
import { center, session } from "../app/session";
import { CallState, CancelState, EmergencyDecision, type Call } from "../gen/housecall/v1/call_pb";
import { OfferState, Verdict, type Candidate, type Match } from "../gen/housecall/v1/offer_pb";
import { AssignmentState } from "../gen/housecall/v1/visit_pb";
import { ArrivalPromise, CallFacts, effectiveState, hasArrived, isOver, Progress, StateBadge, Timeline, UrgencyBadge } from "../records/call_view";
import { NoteView } from "../records/note_view";
import { namesOf, nameWithAge, PatientCard } from "../records/patient_card";
import { age, clockTime, receiptNumber, shortTime } from "../text/format";
import { emergencyDecisionLabel, verdictLabel } from "../text/labels";
import { Button, Empty, ErrorLine, Facts, Loading, Notice, Phone, useLoad } from "../ui/parts";
import type { Touch } from "./board_page";
import { patientNameOf } from "./board_page";
import { DeliveryRows } from "./deliveries_page";
import { ActDialog } from "./dialogs";
import { t } from "./texts";

export type Act =
  | "" | "triage" | "hold" | "resume" | "override" | "merge" | "unmerge" | "withdraw" | "release" | "cancel"
  | "answer_cancel" | "emergency" | "emergency_decide" | "distance" | "place" | "close" | "fact" | "care_team";

// What is seldom done stands behind "more".
const rare = new Set<Act>(["fact", "place", "distance", "care_team", "cancel", "close"]);

const tabs = ["details", "why", "timeline", "note"] as const;

export function CallDetail({ board, call, act, setAct, touch }: {
  board: LiveBoard;
  call: Call;
  act: Act;
  setAct: (act: Act) => void;
  touch: Touch | undefined;
}) {
  const [tab, setTab] = useState<(typeof tabs)[number]>("details");
  const [informId] = useState(newRequestId);
  const names = namesOf(board);
  const patient = call.patient ? board.get("patient", call.patient) : undefined;
  const assignment = call.assignment ? board.get("assignment", call.assignment) : undefined;
  const offer = call.offer ? board.get("offer", call.offer) : undefined;
  const state = effectiveState(call);
  const accepted = assignment !== undefined && assignment.state !== AssignmentState.RELEASED && assignment.state !== AssignmentState.FINISHED;
  const beforeCrew = state === CallState.RECEIVED || state === CallState.TRIAGED || state === CallState.SCHEDULED || state === CallState.MATCHING || state === CallState.OFFERED;
  const possible: readonly [Act, boolean][] = [
    ["triage", beforeCrew],
    ["hold", beforeCrew && call.state !== CallState.ON_HOLD],
    ["resume", call.state === CallState.ON_HOLD],
    ["override", state === CallState.MATCHING || state === CallState.OFFERED],
    ["merge", !hasArrived(call) && !accepted],
    ["unmerge", call.state === CallState.MERGED],
    ["withdraw", offer?.state === OfferState.PENDING],
    ["release", accepted && !hasArrived(call)],
    ["emergency", !call.emergency && !isOver(call)],
    ["fact", !isOver(call)],
    ["place", !hasArrived(call)],
    ["distance", beforeCrew && call.distanceReason === ""],
    ["care_team", true],
    ["cancel", !hasArrived(call) && !isOver(call)],
    ["close", !isOver(call)],
  ];
  const keys: Partial<Record<Act, string>> = { triage: "T", hold: "H", resume: "H", override: "O", merge: "M" };
  return (
    <>
      <div class="detail-head">
        <div class="row row-between">
          <h2 class="detail-name">{patient ? nameWithAge(patient) : patientNameOf(call, board)}</h2>
          <span class="row"><UrgencyBadge urgency={call.urgency} /><StateBadge call={call} /></span>
        </div>
        <p class="soft small">
          {t("receipt")} {receiptNumber(call.name)}{"　"}{shortTime(call.receiveTime)}{"　"}
          {t("requester")} {names.organizationName(call.requesterOrganization)} {names.personName(call.requester)} <Phone number={call.callbackPhone} />
        </p>
        {touch && touch.person !== session.value?.person.name && (
          <Notice tone="warn" icon="person">{t("touched", { who: names.personName(touch.person), age: age(touch.time) })}</Notice>
        )}
        <ArrivalPromise call={call} board={board} />
        <Progress call={call} />
        {accepted && (
          <p>{t("with")}: <b>{names.personName(assignment.physician)}</b>
            {assignment.driver && <>・{names.personName(assignment.driver)}</>}
            {assignment.car && <>・{names.carName(assignment.car)}</>}
          </p>
        )}
        {!call.place?.position && !isOver(call) && <Notice tone="warn" icon="pin">{t("place_missing")}</Notice>}
        {call.cancelRequest?.state === CancelState.REQUESTED && (
          <Notice tone="warn" icon="alert">
            <p>{t("answer_cancel")}: {call.cancelRequest.reason}</p>
            <div><Button size="small" onPress={() => setAct("answer_cancel")}>{t("answer_cancel")}</Button></div>
          </Notice>
        )}
        {call.emergency && (
          <Notice tone="urgent" icon="alert">
            <p>119　{shortTime(call.emergency.raiseTime)} {names.personName(call.emergency.raisedBy)}　{emergencyDecisionLabel(call.emergency.decision)}</p>
            {call.emergency.decision === EmergencyDecision.UNDECIDED && (
              <div><Button size="small" tone="urgent" onPress={() => setAct("emergency_decide")}>{t("emergency_decide")}</Button></div>
            )}
          </Notice>
        )}
        {call.careTeam.length === 0 && !isOver(call) && hasArrived(call) && <Notice tone="warn" icon="alert">{t("care_team_unknown")}</Notice>}
        <div class="detail-actions">
          {possible.filter(([each, may]) => may && !rare.has(each)).map(([each]) => (
            <Button key={each} size="small"
              tone={each === "triage" && state === CallState.RECEIVED ? "primary" : each === "emergency" ? "urgent-quiet" : "plain"}
              onPress={() => setAct(each)}>
              {t(each as Parameters<typeof t>[0])}{keys[each] && <kbd aria-hidden="true">{keys[each]}</kbd>}
            </Button>
          ))}
          {!call.requesterInformed && state === CallState.NOTE_SENT && (
            <Button size="small" icon="check" onPress={async () => {
              board.put("call", await settled(() => callRpc.informRequester({ call: call.name, requestId: informId })));
            }}>{t("inform")}</Button>
          )}
        </div>
        <details class="detail-more">
          <summary>{t("more")}</summary>
          <div class="detail-actions">
            {possible.filter(([each, may]) => may && rare.has(each)).map(([each]) => (
              <Button key={each} size="small" tone={each === "cancel" ? "urgent-quiet" : "plain"} onPress={() => setAct(each)}>
                {t(each as Parameters<typeof t>[0])}
              </Button>
            ))}
          </div>
        </details>
      </div>
      <div class="tabs" role="group" aria-label={t("details")}>
        {tabs.map((each) => (
          <button type="button" class="tab" key={each} aria-pressed={tab === each} onClick={() => setTab(each)}>{t(each)}</button>
        ))}
      </div>
      <div class="detail-body stack">
        {tab === "details" && (
          <>
            <CallFacts call={call} personName={names.personName} />
            {patient && (
              <details open>
                <summary class="strong">{t("patient_card")}</summary>
                <PatientCard patient={patient} {...names} />
              </details>
            )}
          </>
        )}
        {tab === "why" && <Why board={board} call={call} />}
        {tab === "timeline" && <Events board={board} call={call} />}
        {tab === "note" && <NoteTab board={board} call={call} />}
      </div>
      {act !== "" && <ActDialog board={board} call={call} act={act} onClose={() => setAct("")} />}
    </>
  );
}

function Events({ board, call }: { board: LiveBoard; call: Call }) {
  const events = useLoad(
    () => allPages(
      (pageToken) => boardRpc.listEvents({ parent: center.value, call: call.name, pageSize: 200, pageToken }),
      (page) => page.events,
    ),
    [call.name, call.etag],
  );
  if (events.error !== undefined) return <ErrorLine error={events.error} />;
  if (!events.value) return <Loading />;
  return <Timeline events={events.value} personName={namesOf(board).personName} />;
}

function NoteTab({ board, call }: { board: LiveBoard; call: Call }) {
  const names = namesOf(board);
  const note = useLoad(async () => (call.note ? noteRpc.getNote({ name: call.note }) : undefined), [call.note, call.etag]);
  const deliveries = board.all("delivery").filter((each) => each.call === call.name);
  return (
    <>
      {note.error !== undefined && <ErrorLine error={note.error} />}
      {note.value && <NoteView note={note.value} personName={names.personName} />}
      {!note.value && !note.loading && <Empty icon="note">–</Empty>}
      <DeliveryRows board={board} deliveries={deliveries} />
    </>
  );
}

function Why({ board, call }: { board: LiveBoard; call: Call }) {
  const matches = useLoad<Match[]>(
    () => allPages(
      (pageToken) => callRpc.listMatches({ parent: center.value, call: call.name, pageSize: 200, pageToken }),
      (page) => page.matches,
    ),
    [call.name, call.match],
  );
  if (matches.error !== undefined) return <ErrorLine error={matches.error} />;
  if (!matches.value) return <Loading />;
  if (matches.value.length === 0) return <Empty icon="search">{t("no_match")}</Empty>;
  const newest = [...matches.value].sort((a, b) => Number((b.createTime?.seconds ?? 0n) - (a.createTime?.seconds ?? 0n)));
  return (
    <>
      {newest.slice(0, 5).map((match, index) => (
        <details key={match.name} open={index === 0}>
          <summary class="strong">{t("why_title", { time: shortTime(match.createTime) })}{!match.matched && `: ${t("not_matched")}`}</summary>
          <MatchTable board={board} match={match} />
        </details>
      ))}
    </>
  );
}

// A figure belongs to some verdicts, in the unit that the API says.
function figureOf(candidate: Candidate): string {
  switch (candidate.verdict) {
    case Verdict.BEYOND_DISTANCE:
      return `${(candidate.figure / 1000).toFixed(1)} km`;
    case Verdict.SHIFT_ENDS_BEFORE:
      return `${Math.round(candidate.figure)} min`;
    default:
      return "";
  }
}

function MatchTable({ board, match }: { board: LiveBoard; match: Match }) {
  const names = namesOf(board);
  const row = (each: Candidate, index: number) => (
    <tr key={index} class={each.verdict === Verdict.CHOSEN ? "chosen" : ""}>
      <td>
        <b>{names.personName(each.physician) || names.personName(each.driver)}</b>
        <div class="small soft">{each.selfDrive ? t("self_drive") : each.physician && [each.driver && names.personName(each.driver), each.car && names.carName(each.car)].filter(Boolean).join("・")}</div>
      </td>
      <td>
        {verdictLabel(each.verdict)} {figureOf(each)}
        {each.cost !== 0 && (
          <div class="small soft">
            {t("parts", {
              response: each.responseCost.toFixed(1),
              tardiness: each.tardinessCost.toFixed(1),
              continuity: each.continuityCost.toFixed(1),
              fairness: each.fairnessCost.toFixed(1),
              platform: each.platformCost.toFixed(1),
            })}
          </div>
        )}
      </td>
      <td>{clockTime(each.arriveTime)}</td>
      <td class="number">{each.cost !== 0 ? each.cost.toFixed(1) : ""}</td>
    </tr>
  );
  return (
    <div class="scroll-x">
      <table>
        <thead><tr><th>{t("candidate")}</th><th>{t("verdict")}</th><th>{t("arrive")}</th><th>{t("cost")}</th></tr></thead>
        <tbody>
          {match.candidates.map(row)}
          {match.drivers.length > 0 && <tr><th colSpan={4}>{t("other_drivers")}</th></tr>}
          {match.drivers.map((each, index) => row(each, 1000 + index))}
        </tbody>
      </table>
      <Facts rows={[[t("travel_times"), <span lang="en">{match.travelTimes}</span>]]} />
    </div>
  );
}
