// A call, as whoever follows it sees it: how far it is, when somebody comes,
// what was told, what happened.
import type { LiveBoard } from "../app/live_board";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { Call } from "../gen/housecall/v1/call_pb";
import { CallSource, CallState } from "../gen/housecall/v1/call_pb";
import { EventKind, type Event } from "../gen/housecall/v1/event_pb";
import { Role, Urgency } from "../gen/housecall/v1/types_pb";
import { msOf, now } from "../app/clock";
import { session } from "../app/session";
import type { Policy } from "../gen/housecall/v1/directory_pb";
import { age, clockTime, durationMs, shortTime, span } from "../text/format";
import {
  callSourceLabel,
  callStateLabel,
  eventKindLabel,
  redFlagLabel,
  roleLabel,
  urgencyLabel,
} from "../text/labels";
import { catalogue } from "../text/language";
import { apart, besideEachOther, listed, space } from "../text/marks";
import { Badge, Facts, Notice, Phone } from "../ui/parts";
import { arrivalOf, msToTarget } from "./arrival";
import { vitalsText } from "./vitals";

const t = catalogue({
  received: ["受付", "Received"],
  triaged: ["トリアージ", "Triaged"],
  crew: ["担当決定", "Crew found"],
  way: ["向かう", "On the way"],
  there: ["到着", "Arrived"],
  note: ["記録", "Note"],
  progress: ["進み具合", "Progress"],
  expected: ["到着予定", "Expected"],
  between: ["{from} 〜 {to} ごろ", "about {from} – {to}"],
  estimated: ["見込み：{age}。道路と位置により変わります", "Estimated {age}; roads and position may change it"],
  stale: ["{age}の古い見込みです。新しい位置が届いていません", "An old estimate, {age}: no newer position has arrived"],
  position: ["車の位置：{age}。道路の状況により変わります", "Car’s position: {age}. Roads may change it"],
  position_stale: ["車の位置が{age}から届いていません。お急ぎのときはセンターへ電話を", "No position of the car since {age}. Ring the center if it is urgent"],
  as_it_looks: ["今の見込み（担当は手配中）", "As it looks now; a crew is being sought"],
  by: ["{time} ごろまでに到着", "there by about {time}"],
  passed_over: ["ほかの依頼を先にしたため、担当を組み直しています（この依頼では一度だけです）", "Another call had to go first; a crew is being found anew (once only for this call)"],
  may_change: ["見込み：{age}。混み具合で変わります。担当が決まりしだいお知らせします", "Estimated {age}. It may change with what comes in; you will be told once a crew is found"],
  target: ["{time}までの到着を目標に手配しています", "We aim to be there by {time}"],
  target_late: ["目標の{time}を過ぎています。お急ぎのときはセンターへ電話を", "The target of {time} has passed. Ring the center if it is urgent"],
  triage_soon: ["相談員がトリアージします。決まりしだいここに出ます", "An operator will triage it; you will see it here"],
  triage_by: ["{time}までに相談員がトリアージします。決まりしだいここに出ます", "An operator triages it by {time}; you will see it here"],
  triage_late: ["トリアージが遅れています。お急ぎのときはセンターへ電話を", "Its triage is late. Ring the center if it is urgent"],
  scheduled: ["約束の時間 {from} 〜 {to}", "Agreed: {from} – {to}"],
  held: ["保留中です", "On hold"],
  source: ["受け方", "How it came"],
  said_entered: ["{said}（入力 {entered}）", "{said} (entered {entered})"],
  complaint: ["何が起きたか", "What happened"],
  onset: ["いつから", "Since when"],
  vitals: ["バイタル", "Vital signs"],
  judgement: ["なぜ今夜か", "Why tonight"],
  attendant: ["付添い", "With the patient"],
  phone: ["折返し電話", "Call back"],
  place: ["訪問先", "Place"],
  flags: ["危険な徴候", "Red flags"],
  facts: ["追加の情報", "Added since"],
  nothing: ["まだありません", "Nothing yet"],
});

const order: readonly CallState[] = [
  CallState.RECEIVED,
  CallState.TRIAGED,
  CallState.SCHEDULED,
  CallState.MATCHING,
  CallState.OFFERED,
  CallState.ACCEPTED,
  CallState.EN_ROUTE,
  CallState.ON_SCENE,
  CallState.DEPARTED_SCENE,
  CallState.NOTE_SENT,
  CallState.CLOSED,
];

// The state that counts for progress: on hold or 119, the one to go back to.
export function effectiveState(call: Call): CallState {
  const aside =
    call.state === CallState.ON_HOLD ||
    call.state === CallState.EMERGENCY_119 ||
    call.state === CallState.NOT_FOUND;
  return aside && call.resumeState !== CallState.UNSPECIFIED ? call.resumeState : call.state;
}

export function isOver(call: Call): boolean {
  return (
    call.state === CallState.CLOSED ||
    call.state === CallState.CANCELLED ||
    call.state === CallState.MERGED
  );
}

export function hasArrived(call: Call): boolean {
  return order.indexOf(effectiveState(call)) >= order.indexOf(CallState.ON_SCENE);
}

export function urgencyTone(urgency: Urgency): "urgent" | "warn" | "accent" | undefined {
  switch (urgency) {
    case Urgency.URGENT:
      return "urgent";
    case Urgency.STANDARD:
      return "warn";
    case Urgency.ROUTINE:
      return "accent";
    case Urgency.UNSPECIFIED:
      return undefined;
  }
}

export function UrgencyBadge({ urgency }: { urgency: Urgency }) {
  if (urgency === Urgency.UNSPECIFIED) return null;
  return <Badge tone={urgencyTone(urgency)}>{urgencyLabel(urgency)}</Badge>;
}

export function stateTone(call: Call): "urgent" | "good" | "accent" | undefined {
  switch (call.state) {
    case CallState.EMERGENCY_119:
    case CallState.NOT_FOUND:
      return "urgent";
    case CallState.ON_SCENE:
    case CallState.NOTE_SENT:
    case CallState.DEPARTED_SCENE:
      return "good";
    case CallState.ACCEPTED:
    case CallState.EN_ROUTE:
      return "accent";
    case CallState.UNSPECIFIED:
    case CallState.RECEIVED:
    case CallState.TRIAGED:
    case CallState.SCHEDULED:
    case CallState.MATCHING:
    case CallState.OFFERED:
    case CallState.CLOSED:
    case CallState.ON_HOLD:
    case CallState.MERGED:
    case CallState.CANCELLED:
      return undefined;
  }
}

export function StateBadge({ call }: { call: Call }) {
  return <Badge tone={stateTone(call)}>{callStateLabel(call.state)}</Badge>;
}

// Six steps from receipt to note, those that are done filled.
export function Progress({ call }: { call: Call }) {
  const reached = order.indexOf(effectiveState(call));
  const steps = [
    [t("received"), CallState.RECEIVED],
    [t("triaged"), CallState.TRIAGED],
    [t("crew"), CallState.ACCEPTED],
    [t("way"), CallState.EN_ROUTE],
    [t("there"), CallState.ON_SCENE],
    [t("note"), CallState.NOTE_SENT],
  ] as const;
  return (
    <ol class="progress" aria-label={t("progress")}>
      {steps.map(([label, state], index) => {
        const done = reached >= order.indexOf(state);
        const next = steps[index + 1];
        const current = done && (!next || reached < order.indexOf(next[1]));
        return (
          <li key={label} class={done ? "done" : ""} aria-current={current ? "step" : undefined}>
            <span>{label}</span>
          </li>
        );
      })}
    </ol>
  );
}

// What may be promised about the arrival, in words: the estimate with its
// width and age once there is a crew, the target before.
export function ArrivalPromise({ call, board, positionTime }: {
  call: Call;
  board: LiveBoard;
  // When who drives was last heard of, where the reader knows that.
  positionTime?: Timestamp | undefined;
}) {
  const assignment = call.assignment ? board.get("assignment", call.assignment) : undefined;
  const policy = board.all("center")[0]?.policy;
  if (isOver(call) || hasArrived(call)) return null;
  const arrival = arrivalOf(assignment, policy);
  if (arrival) {
    const stale = positionTime
      ? now.value - msOf(positionTime)! > (durationMs(policy?.positionStaleAfter) ?? 5 * 60_000)
      : arrival.stale;
    return (
      <div class="promise">
        <p class="soft small">{t("expected")}</p>
        <p class="promise-time">
          {t("between", { from: clockTime(arrival.earliestMs), to: clockTime(arrival.latestMs) })}
        </p>
        <p class={`small ${stale ? "strong" : "soft"}`}>
          {positionTime ? t(stale ? "position_stale" : "position", { age: age(positionTime) })
            : t(stale ? "stale" : "estimated", { age: age(assignment?.estimateTime) })}
        </p>
      </div>
    );
  }
  if (call.state === CallState.ON_HOLD) return <p class="promise">{t("held")}</p>;
  if (call.schedule) {
    return (
      <p class="promise strong">
        {t("scheduled", { from: shortTime(call.schedule.startTime), to: clockTime(call.schedule.endTime) })}
      </p>
    );
  }
  const { promise } = call;
  if (promise?.promiseTime && !promise.hasCrew) {
    return (
      <div class="promise">
        {call.passedOver && <p class="small strong">{t("passed_over")}</p>}
        <p class="soft small">{t("as_it_looks")}</p>
        <p class="promise-time">{t("by", { time: clockTime(promise.promiseTime) })}</p>
        <p class="small soft">{t("may_change", { age: age(promise.tellTime) })}</p>
      </div>
    );
  }
  const left = msToTarget(call);
  if (left !== undefined) {
    return (
      <p class={`promise ${left < 0 ? "strong" : ""}`}>
        {t(left < 0 ? "target_late" : "target", { time: clockTime(now.value + left) })}
      </p>
    );
  }
  const due = triageDueMs(call, policy ?? session.value?.center.policy);
  if (due === undefined) return <p class="promise">{t("triage_soon")}</p>;
  return (
    <p class={`promise ${due < now.value ? "strong" : ""}`}>
      {t(due < now.value ? "triage_late" : "triage_by", { time: clockTime(due) })}
    </p>
  );
}

// When a call has to be triaged, in ms since 1970; undefined: it is, or nobody
// knows.
export function triageDueMs(call: Call, policy: Policy | undefined): number | undefined {
  const received = msOf(call.writtenTime ?? call.receiveTime);
  if (call.triageTime || received === undefined || !policy) return undefined;
  const allowed = call.redFlags.length > 0
    ? (durationMs(policy.urgentTriageTarget) ?? 20 * 60_000)
    : (durationMs(policy.triageTarget) ?? 60 * 60_000);
  return received + allowed;
}

// How it reached the center, where not by the requester's own screen: with the
// time at which it was said and the one at which it was entered.
function sourceText(call: Call): string {
  if (call.source === CallSource.CLIENT || call.source === CallSource.UNSPECIFIED) return "";
  const said = shortTime(call.writtenTime);
  return besideEachOther([callSourceLabel(call.source), said && t("said_entered", { said, entered: shortTime(call.receiveTime) })]);
}

// What the requester said, and what was added.
export function CallFacts({ call, personName }: { call: Call; personName: (name: string) => string }) {
  return (
    <div class="stack-tight">
      {call.redFlags.length > 0 && (
        <Notice tone="urgent" icon="alert">
          <p><b>{t("flags")}</b>{space()}{listed(call.redFlags.map(redFlagLabel))}</p>
        </Notice>
      )}
      <Facts rows={[
        [t("source"), sourceText(call)],
        [t("complaint"), call.complaint && <span class="pre">{call.complaint}</span>],
        [t("onset"), call.onset],
        [t("vitals"), vitalsText(call.vitals)],
        [t("judgement"), call.judgement && <span class="pre">{call.judgement}</span>],
        [t("attendant"), call.attendant],
        [t("phone"), call.callbackPhone && <Phone number={call.callbackPhone} />],
        [t("place"), besideEachOther([call.place?.address, call.place?.entryNotes])],
      ]} />
      {call.facts.length > 0 && (
        <>
          <h3>{t("facts")}</h3>
          <ul class="stack-tight">
            {call.facts.map((fact, index) => (
              <li key={index}>
                <span class="soft small">{shortTime(fact.time)} {personName(fact.author)}</span>
                <div class="pre">{[fact.text, vitalsText(fact.vitals)].filter(Boolean).join("\n")}</div>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

// What is left out of timelines: it says nothing to a person.
const quiet = new Set<EventKind>([
  EventKind.POSITION_REPORTED,
  EventKind.ESTIMATE_CHANGED,
  EventKind.NOTE_DRAFTED,
]);

// What only those who run the center need to know.
const inner = new Set<EventKind>([EventKind.DELIVERY_BEGAN, EventKind.DELIVERY_ATTEMPTED, EventKind.DELIVERY_RETRIED]);

export function Timeline({ events, personName, brief }: {
  events: readonly Event[];
  personName: (name: string) => string;
  brief?: boolean;
}) {
  // Who was the last of a crew to say yes is not who decided.
  const shown = events.filter((event) => !quiet.has(event.kind) && !(brief && inner.has(event.kind)));
  if (shown.length === 0) return <p class="soft">{t("nothing")}</p>;
  return (
    <ol class="timeline">
      {shown.map((event) => (
        <li key={`${event.sequence}-${event.kind}`}>
          <time>{shortTime(event.eventTime)}</time>
          <span>
            {eventKindLabel(event.kind)}
            {event.actorPerson && event.kind !== EventKind.OFFER_ACCEPTED && (
              <span class="soft small">{apart()}{roleLabel(event.actorRole as Role)} {personName(event.actorPerson)}</span>
            )}
          </span>
        </li>
      ))}
    </ol>
  );
}

// "あと32分" or "8分超過".
export function leftWords(ms: number): string {
  return ms >= 0 ? t2("left", { span: span(ms) }) : t2("late", { span: span(ms) });
}

const t2 = catalogue({
  left: ["あと{span}", "{span} left"],
  late: ["{span}超過", "{span} late"],
});
