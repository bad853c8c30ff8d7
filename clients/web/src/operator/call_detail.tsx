// One call on the operator's desk: its clocks, what can be done with it, why
// this crew, what happened.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { allPages, board as boardRpc, calls as callRpc, newRequestId, notes as noteRpc, settled } from "../app/rpc";
import { msOf, now } from "../app/clock";
import { center, session } from "../app/session";
import { CallState, CancelState, EmergencyDecision, type Call } from "../gen/housecall/v1/call_pb";
import { OfferState, Verdict, WaitReason, type Candidate, type Match, type Waiting } from "../gen/housecall/v1/offer_pb";
import { AssignmentState, type Assignment } from "../gen/housecall/v1/visit_pb";
import { ArrivalPromise, CallFacts, effectiveState, hasArrived, isOver, leftWords, Progress, StateBadge, Timeline, UrgencyBadge } from "../records/call_view";
import { NoteView } from "../records/note_view";
import { namesOf, nameWithAge, PatientCard } from "../records/patient_card";
import { areStraightLines } from "../records/travel_times";
import { age, clockTime, receiptNumber, shortTime } from "../text/format";
import { emergencyDecisionLabel, verdictLabel, waitReasonLabel } from "../text/labels";
import { apart, besideEachOther, sentence, sentences, together, withAside } from "../text/marks";
import { Button, Empty, Failed, Loading, Notice, Phone, useLoad } from "../ui/parts";
import type { Touch } from "./board_page";
import { patientNameOf, peopleAt } from "./board_page";
import { DeliveryRows } from "./deliveries_page";
import { ActDialog } from "./dialogs";
import { dueMs, isLate } from "./queue";
import { t } from "./texts";

export type Act =
  | "" | "triage" | "hold" | "resume" | "override" | "merge" | "unmerge" | "withdraw" | "release" | "cancel"
  | "answer_cancel" | "emergency" | "emergency_decide" | "distance" | "place" | "close" | "fact" | "care_team" | "record_visit";

// What is seldom done stands behind "more".
const rare = new Set<Act>(["fact", "place", "distance", "care_team", "record_visit", "cancel", "close"]);

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
  const here = peopleAt(call.name, board);
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
    ["emergency", !call.emergency && !isOver(call) && call.state !== CallState.NOTE_SENT],
    ["fact", !isOver(call)],
    ["place", !hasArrived(call)],
    ["distance", beforeCrew && call.distanceReason === ""],
    ["care_team", true],
    ["record_visit", beforeCrew && call.state !== CallState.OFFERED],
    ["cancel", !hasArrived(call) && !isOver(call)],
    ["close", !isOver(call)],
  ];
  const keys: Partial<Record<Act, string>> = { triage: "T", hold: "H", resume: "H", override: "O", merge: "M" };
  return (
    <>
      <div class="detail-head">
        <a class="detail-back" href="#/">{t("back_to_queue")}</a>
        <div class="row row-between">
          <h2 class="detail-name">{patient ? nameWithAge(patient) : patientNameOf(call, board)}</h2>
          <span class="row"><UrgencyBadge urgency={call.urgency} /><StateBadge call={call} /></span>
        </div>
        <p class="soft small">
          {t("receipt")} {receiptNumber(call.name)}{apart()}{shortTime(call.receiveTime)}{apart()}
          <span class="whole">{t("requester")} {names.organizationName(call.requesterOrganization)}</span>{" "}
          <span class="whole">{names.personName(call.requester)}</span> <Phone number={call.callbackPhone} />
        </p>
        {here && <Notice tone="warn" icon="person"><p role="status">{t("others_here", { who: here })}</p></Notice>}
        {!here && touch && touch.person !== session.value?.person.name && (
          <Notice tone="warn" icon="person">{t("touched", { who: names.personName(touch.person), age: age(touch.time) })}</Notice>
        )}
        {accepted && <ArrivalPromise call={call} board={board} />}
        <Progress call={call} />
        <Clocks call={call} assignment={accepted ? assignment : undefined} />
        {accepted && (
          <p>{t("with")}: <b>{together([
            names.personName(assignment.physician),
            assignment.driver && names.personName(assignment.driver),
            assignment.car && names.carName(assignment.car),
          ])}</b></p>
        )}
        {call.passedOver && (call.state === CallState.MATCHING || call.state === CallState.OFFERED) && (
          <Notice icon="clock">{t("passed_over")}</Notice>
        )}
        {call.state === CallState.MATCHING && <Unmatched board={board} match={board.get("match", call.match)} />}
        {!call.place?.position && !isOver(call) && <Notice tone="warn" icon="pin">{t("place_missing")}</Notice>}
        {call.cancelRequest?.state === CancelState.REQUESTED && (
          <Notice tone="warn" icon="alert">
            <p>{t("answer_cancel")}: {call.cancelRequest.reason}</p>
            <div><Button size="small" onPress={() => setAct("answer_cancel")}>{t("answer_cancel")}</Button></div>
          </Notice>
        )}
        {call.emergency && (
          <Notice tone="urgent" icon="alert">
            <p>{besideEachOther([
              "119",
              `${shortTime(call.emergency.raiseTime)} ${names.personName(call.emergency.raisedBy)}`,
              emergencyDecisionLabel(call.emergency.decision),
            ])}</p>
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
      {act !== "" && <ActDialog board={board} call={call} act={act} here={here} touch={touch} onClose={() => setAct("")} />}
    </>
  );
}

// The call's clocks side by side: what was, what is due, what is expected.
function Clocks({ call, assignment }: { call: Call; assignment: Assignment | undefined }) {
  const due = dueMs(call, session.value?.center.policy);
  const arriveMs = !hasArrived(call) ? msOf(assignment?.estimate?.arriveTime) : undefined;
  const target = msOf(call.targetTime);
  const written: readonly (readonly [string, string, string, boolean])[] = call.writtenTime
    ? [[t("clock_written"), clockTime(call.writtenTime), age(call.writtenTime), false]]
    : [];
  const cells: readonly (readonly [string, string, string, boolean])[] = [
    ...written,
    [t("clock_received"), clockTime(call.receiveTime), age(call.receiveTime), false],
    [t("clock_triaged"), clockTime(call.triageTime) || "–",
      call.triageTime || due === undefined ? "" : t("clock_due", { time: clockTime(due) }), !call.triageTime && isLate(call, session.value?.center.policy)],
    [t("clock_target"), target === undefined ? "–" : clockTime(target),
      target === undefined || hasArrived(call) ? "" : leftWords(target - now.value), target !== undefined && !hasArrived(call) && target < now.value],
    [t("clock_eta"), arriveMs === undefined ? "–" : clockTime(arriveMs),
      arriveMs === undefined ? "" : age(assignment?.estimateTime), arriveMs !== undefined && target !== undefined && arriveMs > target],
  ];
  return (
    <dl class="clocks">
      {cells.map(([label, time, note, late]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd class={late ? "red" : ""}><b>{time}</b> <span class="small">{note}</span></dd>
        </div>
      ))}
    </dl>
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
  if (events.error !== undefined) return <Failed error={events.error} retry={events.reload} />;
  if (!events.value) return <Loading />;
  return <Timeline events={events.value} personName={namesOf(board).personName} />;
}

function NoteTab({ board, call }: { board: LiveBoard; call: Call }) {
  const names = namesOf(board);
  const note = useLoad(async () => (call.note ? noteRpc.getNote({ name: call.note }) : undefined), [call.note, call.etag]);
  const deliveries = board.all("delivery").filter((each) => each.call === call.name);
  return (
    <>
      {note.error !== undefined && <Failed error={note.error} retry={note.reload} />}
      {note.loading && !note.value && <Loading />}
      {note.value && <NoteView note={note.value} personName={names.personName} />}
      {!note.value && !note.loading && note.error === undefined && <Empty icon="note">{t("no_note")}</Empty>}
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
  const offer = call.offer ? board.get("offer", call.offer) : undefined;
  if (matches.error !== undefined) return <Failed error={matches.error} retry={matches.reload} />;
  if (!matches.value) return <Loading />;
  if (matches.value.length === 0 && !offer?.overrideReason) return <Empty icon="search">{t("no_match")}</Empty>;
  const newest = [...matches.value].sort((a, b) => Number((b.createTime?.seconds ?? 0n) - (a.createTime?.seconds ?? 0n)));
  return (
    <>
      {offer?.overrideReason && <Notice icon="person">{t("by_hand_because", { why: offer.overrideReason })}</Notice>}
      {newest.slice(0, 5).map((match, index) => (
        <details key={match.name} open={index === 0}>
          <summary class="strong">{t("why_title", { time: shortTime(match.createTime) })}{!match.matched && `: ${t("not_matched")}`}</summary>
          <MatchTable board={board} match={match} />
        </details>
      ))}
    </>
  );
}

// What a verdict lacked, from its figure in the unit that the API says, or until
// when he is bound; "": nothing more to say.
function lackOf({ verdict, figure, freeTime, excessCost }: Candidate): string {
  if (verdict === Verdict.BEYOND_DISTANCE) {
    const limit = session.value?.center.policy?.maxDistanceMeters ?? 16_000;
    return t("beyond", { km: (figure / 1000).toFixed(1), over: ((figure - limit) / 1000).toFixed(1) });
  }
  if (verdict === Verdict.SHIFT_ENDS_BEFORE) return t("ends_before", { n: Math.ceil(figure) });
  if (freeTime) return t("free_at", { time: clockTime(freeTime) });
  if (excessCost >= 0.05) return t("excess", { n: excessCost.toFixed(1) });
  return "";
}

// Who might have gone at once instead.
function isFreeToGo({ verdict }: Candidate): boolean {
  return verdict === Verdict.LATER_ARRIVAL || verdict === Verdict.HIGHER_COST;
}

// Why nobody can go, of all together: how many for which reason, the least that
// each lacked, and when the first is free. "" of a match that found somebody.
function shortfallOf(match: Match): string {
  if (match.matched) return "";
  if (match.candidates.length === 0) return t("shortfall_none");
  const groups = new Map<Verdict, Candidate[]>();
  for (const each of match.candidates) groups.set(each.verdict, [...(groups.get(each.verdict) ?? []), each]);
  const words = [...groups].map(([verdict, all]) => {
    const least = all.reduce((a, b) => (b.figure < a.figure ? b : a));
    const lack = least.figure > 0 ? lackOf(least) : "";
    return withAside(t("shortfall_group", { verdict: verdictLabel(verdict), n: all.length }), lack);
  });
  const free = match.candidates.flatMap((each) => msOf(each.freeTime) ?? []);
  if (free.length > 0) words.push(t("shortfall_soonest", { time: clockTime(Math.min(...free)) }));
  return together(words);
}

// The parts of a candidate's cost that count, in minutes.
function partsOf(each: Candidate): string {
  const parts: readonly (readonly [string, number])[] = [
    [t("part_response"), each.responseCost],
    [t("part_tardiness"), each.tardinessCost],
    [t("part_continuity"), each.continuityCost],
    [t("part_fairness"), each.fairnessCost],
    [t("part_platform"), each.platformCost],
    [t("part_drive"), each.driveCost],
  ];
  return together(parts
    .filter(([, minutes]) => Math.abs(minutes) >= 0.05)
    .map(([label, minutes]) => `${label} ${minutes.toFixed(1)}`));
}

// Why a call that waits has nobody yet, and what is meant to become of it.
function Unmatched({ board, match }: { board: LiveBoard; match: Match | undefined }) {
  if (!match || match.matched) return null;
  const shortfall = <p class="small">{shortfallOf(match)}</p>;
  if (match.waiting && match.waiting.reason !== WaitReason.UNSPECIFIED) {
    return <WaitingNotice board={board} waiting={match.waiting}>{shortfall}</WaitingNotice>;
  }
  return <Notice tone="warn" icon="alert"><p class="strong">{t("not_matched")}</p>{shortfall}</Notice>;
}

// What the planner means to do with a call that it offers to nobody now.
function WaitingNotice({ board, waiting, children }: { board: LiveBoard; waiting: Waiting; children?: ComponentChildren }) {
  const names = namesOf(board);
  const who = together([waiting.physician, waiting.driver].filter(Boolean).map(names.personName));
  return (
    <Notice icon="clock" {...(waiting.reason === WaitReason.NOBODY && { tone: "warn" as const })}>
      <p class="strong">{waitReasonLabel(waiting.reason)}</p>
      {children}
      {who && waiting.arriveTime && (
        <p>{t("waiting_plan", { who, arrive: clockTime(waiting.arriveTime), promise: clockTime(waiting.promiseTime ?? waiting.arriveTime) })}</p>
      )}
      {waiting.reason === WaitReason.KEPT_FREE && <p class="small">{t("expected_urgent", { n: waiting.expectedUrgentCalls.toFixed(1) })}</p>}
      {waiting.reviewTime && <p class="small soft">{t("waiting_review", { time: clockTime(waiting.reviewTime) })}</p>}
    </Notice>
  );
}

function MatchTable({ board, match }: { board: LiveBoard; match: Match }) {
  const names = namesOf(board);
  const crewOf = (each: Candidate) =>
    each.selfDrive ? t("self_drive")
      : together([each.driver && names.personName(each.driver), each.car && names.carName(each.car)]);
  const who = (each: Candidate) => together([names.personName(each.physician), crewOf(each)]);
  const row = (each: Candidate, index: number, ofDriver: boolean) => (
    <tr key={index} class={each.verdict === Verdict.CHOSEN ? "chosen" : ""}>
      <td>
        <b class="nowrap">{ofDriver ? names.personName(each.driver) || crewOf(each) : names.personName(each.physician)}</b>
        <div class="small soft">{ofDriver ? each.car && names.carName(each.car) : crewOf(each)}</div>
      </td>
      <td>
        {verdictLabel(each.verdict)}
        {lackOf(each) && <div class="small strong">{lackOf(each)}</div>}
        {each.cost !== 0 && <div class="small soft">{partsOf(each)}</div>}
      </td>
      <td class="nowrap">{clockTime(each.arriveTime)}</td>
      <td class="number">{each.cost !== 0 ? each.cost.toFixed(1) : ""}</td>
    </tr>
  );
  const chosen = match.candidates.find((each) => each.verdict === Verdict.CHOSEN);
  const next = match.candidates.filter(isFreeToGo)
    .sort((a, b) => a.excessCost - b.excessCost || a.cost - b.cost)[0];
  const shortfall = shortfallOf(match);
  return (
    <div class="why stack-tight">
      {chosen && (
        <p>
          {sentences([
            t("chose", { who: who(chosen), arrive: clockTime(chosen.arriveTime) }),
            next
              ? t(next.excessCost >= 0.05 ? "next_best" : "next_best_plan",
                  { who: who(next), arrive: clockTime(next.arriveTime), more: next.excessCost.toFixed(1) })
              : t("next_best_none"),
          ])}
        </p>
      )}
      {shortfall && <p>{shortfall}</p>}
      <div class="scroll-x">
        <table>
          <thead><tr><th>{t("candidate")}</th><th>{t("verdict")}</th><th>{t("arrive")}</th><th class="number">{t("cost")}</th></tr></thead>
          <tbody>
            {match.candidates.map((each, index) => row(each, index, false))}
            {match.drivers.length > 0 && <tr><th colSpan={4}>{t("other_drivers")}</th></tr>}
            {match.drivers.map((each, index) => row(each, 1000 + index, true))}
          </tbody>
        </table>
      </div>
      {match.waiting && match.waiting.reason !== WaitReason.UNSPECIFIED && <WaitingNotice board={board} waiting={match.waiting} />}
      <p class="small soft">
        {sentence(t("cost_note"))}{" "}
        {t("travel_times")}: <span title={match.travelTimes}>{areStraightLines(match.travelTimes) ? t("by_straight_line") : t("by_roads")}</span>
      </p>
    </div>
  );
}
