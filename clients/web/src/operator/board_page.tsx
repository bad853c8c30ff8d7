// The board: calls on the left, the chosen one in the middle, the map and what
// needs somebody on the right. Everything can be done with the keyboard.
import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { signal } from "@preact/signals";
import { memo } from "preact/compat";
import type { LiveBoard } from "../app/live_board";
import { now } from "../app/clock";
import { calls as callRpc, newRequestId, settled } from "../app/rpc";
import { go, path } from "../app/router";
import { center, session } from "../app/session";
import { CallState, type Call } from "../gen/housecall/v1/call_pb";
import type { Event } from "../gen/housecall/v1/event_pb";
import type { Task } from "../gen/housecall/v1/note_pb";
import { AssignmentState, type Assignment } from "../gen/housecall/v1/visit_pb";
import { Role } from "../gen/housecall/v1/types_pb";
import { isOver, leftWords, StateBadge, UrgencyBadge, urgencyTone } from "../records/call_view";
import { namesOf } from "../records/patient_card";
import { age, clockTime, countdown, idOf, span } from "../text/format";
import { assignmentStateLabel, carStateLabel, redFlagLabel, roleLabel, taskKindLabel, waitReasonLabel } from "../text/labels";
import { apart, besideEachOther, listed, space, together, withAside } from "../text/marks";
import { msOf } from "../app/clock";
import type { Standby } from "../gen/housecall/v1/rota_pb";
import { advice, setAdvice } from "./advice";
import { CarState } from "../gen/housecall/v1/directory_pb";
import { AskDialog, Badge, Button, Dialog, Empty, ErrorLine, Field } from "../ui/parts";
import { Icon } from "../ui/icons";
import { CallDetail, type Act } from "./call_detail";
import { CarDialog } from "./dialogs";
import { EnterCall } from "./enter_call";
import { BoardMap } from "./map_panel";
import { others, tellPresence, type Place } from "./presence";
import { openTasks } from "./operator";
import { dueMs, groupOf, inOrder, isLate, type Group } from "./queue";
import { taskAdvice, taskSubject } from "./task_words";
import { t } from "./texts";

export interface Touch {
  readonly person: string;
  readonly time: Event["eventTime"];
}

export function patientNameOf(call: Call, board: LiveBoard): string {
  if (call.shortPatient) return call.shortPatient.displayName;
  return board.get("patient", call.patient)?.displayName ?? "";
}

const groups: readonly Group[] = ["all", "untriaged", "seeking", "under_way", "papers"];

export function BoardPage({ board }: { board: LiveBoard }) {
  const [group, setGroup] = useState<Group>("all");
  const [act, setAct] = useState<Act>("");
  const [showKeys, setShowKeys] = useState(false);
  const [entering, setEntering] = useState(false);
  // Why a key did nothing.
  const [trouble, setTrouble] = useState<unknown>();
  const [touches, setTouches] = useState<Readonly<Record<string, Touch>>>({});
  const policy = session.value?.center.policy;
  const open = useMemo(
    () => inOrder(board.all("call").filter((call) => !isOver(call)), policy),
    // Order changes with time, too: by the half minute is soon enough.
    [board.version.value, Math.floor(now.value / 30_000)],
  );
  const shown = group === "all" ? open : open.filter((call) => groupOf(call) === group);
  const chosenId = path.value[0] === "calls" ? path.value[1] : undefined;
  const chosen = chosenId ? board.get("call", `${center.value}/calls/${chosenId}`) : undefined;

  // Who did something to which call last: two operators see each other.
  useEffect(() => board.onEvent((event) => {
    if (!event.call || !event.actorPerson || event.actorRole !== Role.OPERATOR) return;
    setTouches((before) => ({ ...before, [event.call]: { person: event.actorPerson, time: event.eventTime } }));
  }), []);

  // Where this screen is, for the others.
  const place = useMemo(() => signal<Place>({ call: "", working: false }), []);
  useEffect(() => tellPresence(place), []);
  useEffect(() => {
    place.value = { call: chosen?.name ?? "", working: chosen !== undefined && act !== "" };
  }, [chosen?.name, act !== ""]);

  const choose = (call: Call | undefined) => {
    if (!call) return;
    setAct("");
    go(`/calls/${idOf(call.name)}`);
    document.getElementById("row-" + idOf(call.name))?.scrollIntoView({ block: "nearest" });
  };
  // At once with what is seen: a key right after a choice is for that choice.
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector("dialog[open]")) return;
      const index = shown.findIndex((call) => call.name === chosen?.name);
      const unseen = openTasks(board).find((task) => !task.acknowledged);
      const keys: Record<string, () => void> = {
        j: () => choose(shown[Math.min(index + 1, shown.length - 1)]),
        k: () => choose(shown[Math.max(index - 1, 0)]),
        t: () => chosen && setAct("triage"),
        h: () => chosen && setAct(chosen.state === CallState.ON_HOLD ? "resume" : "hold"),
        o: () => chosen && setAct("override"),
        m: () => chosen && setAct("merge"),
        a: () => {
          setTrouble(undefined);
          if (unseen) acknowledge(board, unseen).catch(setTrouble);
        },
        n: () => setEntering(true),
        "?": () => setShowKeys(true),
      };
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (!(key in keys)) return;
      event.preventDefault();
      keys[key]!();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });

  return (
    <main class={chosen ? "board board-chosen" : "board"}>
      <section class="board-queue" aria-label={t("queue")}>
        <div class="tabs" role="group" aria-label={t("queue")}>
          {groups.map((each) => (
            <button type="button" class="tab" key={each} aria-pressed={group === each} onClick={() => setGroup(each)}>
              {t(each)} <b>{each === "all" ? open.length : open.filter((call) => groupOf(call) === each).length}</b>
            </button>
          ))}
        </div>
        <div class="queue-new">
          <Button size="small" wide icon="plus" onPress={() => setEntering(true)}>{t("enter_call")}<kbd aria-hidden="true">N</kbd></Button>
        </div>
        {shown.length === 0 ? <Empty icon="list">{t(open.length === 0 ? "no_calls" : "none_here")}</Empty> : (
          <ul class="queue">
            {shown.map((call) => {
              const assignment = call.assignment ? board.get("assignment", call.assignment) : undefined;
              const offer = call.offer ? board.get("offer", call.offer) : undefined;
              return (
                <QueueRow key={call.name} call={call} chosen={call.name === chosen?.name}
                  patient={patientNameOf(call, board)}
                  holder={namesOf(board).personName(assignment && assignment.state !== AssignmentState.RELEASED ? assignment.physician : (offer?.physician ?? ""))}
                  ringUntilMs={offer ? msOf(offer.ringUntilTime) : undefined}
                  arriveMs={assignment && !isDone(assignment.state) ? msOf(assignment.estimate?.arriveTime) : undefined}
                  dueMs={dueMs(call, policy)} late={isLate(call, policy)}
                  waiting={call.state === CallState.MATCHING ? waitReasonLabel(board.get("match", call.match)?.waiting?.reason ?? 0) : ""}
                  here={peopleAt(call.name, board)}
                  touch={touchWords(touches[call.name], board)}
                  second={clockTick(call)} />
              );
            })}
          </ul>
        )}
      </section>
      <section class="board-detail" aria-label={t("details")}>
        {chosen ? (
          <CallDetail board={board} call={chosen} act={act} setAct={setAct} touch={touches[chosen.name]} key={chosen.name} />
        ) : (
          <Empty icon="list"><p>{t("choose")}</p><p class="small">{t("keys")}</p></Empty>
        )}
      </section>
      <aside class="board-side">
        <Tasks board={board} trouble={trouble} onChoose={(name) => choose(board.get("call", name))} />
        <BoardMap board={board} chosen={chosen} onChoose={choose} />
        <Crews board={board} onChoose={(name) => choose(board.get("call", name))} />
      </aside>
      {entering && (
        <EnterCall board={board} onClose={() => setEntering(false)} onEntered={(name) => choose(board.get("call", name))} />
      )}
      {showKeys && (
        <Dialog title={t("keys_title")} onClose={() => setShowKeys(false)}>
          <p class="keys">{t("keys")}</p>
        </Dialog>
      )}
    </main>
  );
}

// For some minutes, and not for what one did oneself.
function touchWords(touch: Touch | undefined, board: LiveBoard): string {
  if (!touch || touch.person === session.value?.person.name) return "";
  if (now.value - (msOf(touch.time) ?? 0) > 5 * 60_000) return "";
  return t("who_touched", { who: namesOf(board).personName(touch.person), age: age(touch.time) });
}

// "森 恵子" or "森 恵子（対応中）"; oneself at another screen, too.
export function peopleAt(call: string, board: LiveBoard): string {
  const names = others.value
    .filter((each) => each.call === call)
    .map((each) => {
      const who = each.person === session.value?.person.name ? t("yourself") : namesOf(board).personName(each.person);
      return withAside(who, each.working ? t("works") : "");
    });
  return together([...new Set(names)]);
}

function isDone(state: AssignmentState): boolean {
  return (
    state === AssignmentState.FINISHED ||
    state === AssignmentState.RELEASED ||
    state === AssignmentState.ON_SCENE
  );
}

// "地図の輪の辺りで待機・佐藤 明を迎えてから。1時間の見込み 2.1件（緊急 0.4）".
function standbyWords(standby: Standby, personName: (name: string) => string): string {
  const where = t(standby.position ? "standby_there" : "standby_here");
  const fetch = standby.physician && t("standby_fetch", { who: personName(standby.physician) });
  const why = t("standby_why", { n: standby.expectedCalls.toFixed(1), u: standby.expectedUrgentCalls.toFixed(1) });
  return besideEachOther([together([where, fetch]), why]);
}

// What makes a row's clocks move: each second while an offer rings, else each
// quarter minute, so that three hundred rows cost little.
function clockTick(call: Call): number {
  return call.state === CallState.OFFERED ? now.value : Math.floor(now.value / 15_000);
}

interface RowProps {
  call: Call;
  chosen: boolean;
  patient: string;
  holder: string;
  ringUntilMs: number | undefined;
  arriveMs: number | undefined;
  dueMs: number | undefined;
  late: boolean;
  // Why nobody is asked yet; "": somebody is.
  waiting: string;
  // Which other operators are at it now; "": nobody.
  here: string;
  // Which other operator has just done something to it; "": nobody.
  touch: string;
  second: number;
}

const QueueRow = memo(function QueueRow(props: RowProps) {
  const { call } = props;
  const tone = call.state === CallState.EMERGENCY_119 ? "urgent" : urgencyTone(call.urgency);
  const at = now.peek();
  return (
    <li>
      <a id={"row-" + idOf(call.name)} class={`queue-row queue-${tone ?? "plain"}`} href={`#/calls/${idOf(call.name)}`}
        aria-current={props.chosen ? "true" : undefined}>
        <span class="queue-main">
          <b>{props.patient || idOf(call.name)}</b>
          <span class="row"><UrgencyBadge urgency={call.urgency} /><StateBadge call={call} /></span>
        </span>
        <span class="queue-sub">{call.redFlags.length > 0 ? <b class="red">{listed(call.redFlags.map(redFlagLabel))}</b> : call.complaint}</span>
        <span class="queue-sub queue-clocks">
          {props.here ? <span class="queue-here"><Icon name="person" />{props.here}</span>
            : props.touch && <span class="queue-touch">{props.touch}</span>}
          {props.dueMs !== undefined && call.state !== CallState.ON_HOLD && (
            <span class={props.late ? "red strong" : ""}>
              {t(call.triageTime ? "target" : "triage_by")} {withAside(clockTime(props.dueMs), leftWords(props.dueMs - at))}
            </span>
          )}
          {call.state === CallState.ON_HOLD && <span>{call.holdUntilTime ? t("held_until", { time: clockTime(call.holdUntilTime) }) : t("held")}</span>}
          {call.state === CallState.OFFERED && props.ringUntilMs !== undefined && (
            <span>{t("offered_to")} {props.holder} {countdown(props.ringUntilMs - at)}</span>
          )}
          {props.arriveMs !== undefined && <span>{t("eta")} <b>{clockTime(props.arriveMs)}</b></span>}
          {call.state !== CallState.OFFERED && props.holder && <span>{props.holder}</span>}
          {props.waiting && <span class="soft">{props.waiting}</span>}
          {props.dueMs === undefined && <span>{t("waiting_since", { span: span(at - (msOf(call.writtenTime ?? call.receiveTime) ?? at)) })}</span>}
        </span>
      </a>
    </li>
  );
});

async function acknowledge(board: LiveBoard, task: Task): Promise<void> {
  board.put("task", await settled(() => callRpc.acknowledgeTask({ task: task.name, requestId: newRequestId() })));
}

function Tasks({ board, trouble, onChoose }: { board: LiveBoard; trouble: unknown; onChoose: (call: string) => void }) {
  const [resolving, setResolving] = useState<Task>();
  const [text, setText] = useState("");
  const [requestId, setRequestId] = useState(newRequestId);
  const names = namesOf(board);
  const tasks = openTasks(board).sort(
    (a, b) => Number(!!a.acknowledged) - Number(!!b.acknowledged) || (msOf(a.raiseTime) ?? 0) - (msOf(b.raiseTime) ?? 0),
  );
  return (
    <section class="panel tasks" aria-label={t("tasks")}>
      <h2>{t("tasks")} {tasks.length > 0 && <Badge tone={tasks.some((task) => !task.acknowledged) ? "urgent" : "warn"}>{tasks.length}</Badge>}</h2>
      {trouble !== undefined && <ErrorLine error={trouble} />}
      {tasks.length === 0 && <p class="soft small">{t("no_tasks")}</p>}
      <ul>
        {tasks.map((task) => {
          const call = task.call ? board.get("call", task.call) : undefined;
          return (
            <li key={task.name} class={task.acknowledged ? "" : "task-unseen"}>
              <div class="grow">
                <b class="capital whole">{taskKindLabel(task.kind)}</b>{space()}
                {call && <button type="button" class="link" onClick={() => onChoose(call.name)}>{patientNameOf(call, board) || idOf(call.name)}</button>}
                <div class="small">{taskAdvice(task.kind)}</div>
                <div class="small soft">
                  {besideEachOther([
                    taskSubject(task, board),
                    age(task.raiseTime),
                    task.acknowledged && t("seen_by", { who: names.personName(task.acknowledged.person) }),
                  ])}
                </div>
              </div>
              {task.acknowledged
                ? <Button size="small" onPress={() => setResolving(task)}>{t("resolve")}</Button>
                : <Button size="small" tone="urgent" onPress={() => acknowledge(board, task)}>{t("acknowledge")}</Button>}
            </li>
          );
        })}
      </ul>
      {resolving && (
        <AskDialog title={`${taskKindLabel(resolving.kind)}: ${t("resolve")}`} action={t("resolve")} onClose={() => setResolving(undefined)}
          act={async () => {
            board.put("task", await settled(() => callRpc.resolveTask({ task: resolving.name, resolution: text, requestId })));
            setText("");
            setRequestId(newRequestId());
          }}>
          <Field label={t("resolution")} lines={2} optional value={text} onChange={setText} />
        </AskDialog>
      )}
    </section>
  );
}

interface CrewRowProps {
  name: string;
  role: Role;
  car: string;
  carWords: string;
  position: string;
  // Where the planner would have him wait, in words; "": nowhere.
  standby: string;
  call: string;
  patient: string;
  state: AssignmentState | undefined;
  onCar: (car: string) => void;
  onChoose: (call: string) => void;
}

// Drawn anew only when a word of it changes: there may be hundreds.
const CrewRow = memo(function CrewRow(props: CrewRowProps) {
  return (
    <li>
      <div class="grow">
        <b>{props.name}</b> <span class="small soft">{roleLabel(props.role)}</span>
        <div class="small soft">
          {props.car && <><button type="button" class="link" onClick={() => props.onCar(props.car)}>{props.carWords}</button>{apart()}</>}
          {props.position}
        </div>
        {props.standby && <div class="small crew-standby">{props.standby}</div>}
      </div>
      {props.state !== undefined ? (
        <button type="button" class="link crew-call" onClick={() => props.onChoose(props.call)}>
          {props.patient}<br /><span class="small">{assignmentStateLabel(props.state)}</span>
        </button>
      ) : <Badge tone="good">{t("free")}</Badge>}
    </li>
  );
}, (before, after) => (Object.keys(after) as (keyof CrewRowProps)[])
  .every((key) => typeof after[key] === "function" || before[key] === after[key]));

function Crews({ board, onChoose }: { board: LiveBoard; onChoose: (call: string) => void }) {
  const [car, setCar] = useState<string>();
  const names = namesOf(board);
  const duties = board.all("duty").filter((duty) => duty.onDuty && duty.role !== Role.OPERATOR)
    .sort((a, b) => a.role - b.role || (a.name < b.name ? -1 : 1));
  const patientOf = (assignment: Assignment | undefined) => {
    const call = assignment && board.get("call", assignment.calls[0] ?? "");
    return call ? patientNameOf(call, board) || idOf(call.name) : "";
  };
  const held = new Map<string, Assignment>();
  for (const each of board.all("assignment")) {
    if (each.state === AssignmentState.FINISHED || each.state === AssignmentState.RELEASED) continue;
    held.set(each.physician, each);
    if (each.driver) held.set(each.driver, each);
  }
  return (
    <section class="panel crews" aria-label={t("crews")}>
      <div class="row row-between">
        <h2>{t("crews")}</h2>
        {session.value?.center.policy?.anticipates === false ? <span class="small soft">{t("standby_off")}</span> : (
          <label class="check check-small">
            <input type="checkbox" checked={advice.value} onChange={(event) => setAdvice(event.currentTarget.checked)} />{t("standby_show")}
          </label>
        )}
      </div>
      <ul>
        {duties.map((duty) => {
          const assignment = held.get(duty.name);
          const position = board.get("position", duty.name);
          const theirCar = duty.car ? board.get("car", duty.car) : undefined;
          return (
            <CrewRow key={duty.name} name={names.personName(duty.name)} role={duty.role}
              car={theirCar?.name ?? ""}
              carWords={theirCar ? withAside(theirCar.displayName, theirCar.state === CarState.AVAILABLE ? "" : carStateLabel(theirCar.state ?? 0)) : ""}
              position={position ? t("stale", { age: age(position.deviceTime) }) : t("position_none")}
              standby={advice.value && !assignment && duty.standby ? standbyWords(duty.standby, names.personName) : ""}
              call={assignment?.calls[0] ?? ""} patient={patientOf(assignment)} state={assignment?.state} onCar={setCar} onChoose={onChoose} />
          );
        })}
      </ul>
      {car && <CarDialog board={board} car={car} onClose={() => setCar(undefined)} />}
    </section>
  );
}
