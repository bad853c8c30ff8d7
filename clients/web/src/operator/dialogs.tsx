// What an operator does with a call. Each dialog remembers the call as it was
// when it opened: what somebody else decided meanwhile is never overwritten. What
// has happened (a fact, 119, a visit that was made) is taken in any case.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useEffect, useState } from "preact/hooks";
import { decideOn, isAsSeen } from "../app/decisions";
import type { LiveBoard } from "../app/live_board";
import { calls as callRpc, directory, newRequestId, settled, visits } from "../app/rpc";
import { now } from "../app/clock";
import { session } from "../app/session";
import { Disposition, EmergencyDecision, Outcome, type Call } from "../gen/housecall/v1/call_pb";
import { CarState } from "../gen/housecall/v1/directory_pb";
import { Verdict } from "../gen/housecall/v1/offer_pb";
import { CareRole } from "../gen/housecall/v1/patient_pb";
import { ChannelKind, Role, Skill, Urgency } from "../gen/housecall/v1/types_pb";
import { isOver } from "../records/call_view";
import { namesOf } from "../records/patient_card";
import { age, civilInput, clockTime, durationMs, instantOf, receiptNumber, span } from "../text/format";
import { callStateLabel, careRoleLabel, dispositionLabel, emergencyDecisionLabel, outcomeLabel, skillLabel, urgencyLabel, verdictLabel } from "../text/labels";
import { besideEachOther, space, together, withAside } from "../text/marks";
import { AskDialog, Button, Checks, Choice, DialogNotice, Field, Notice, Radios } from "../ui/parts";
import type { Act } from "./call_detail";
import { patientNameOf, type Touch } from "./board_page";
import { pickedPoint } from "./map_panel";
import { RecordVisit } from "./record_visit";
import { t } from "./texts";

interface Props {
  board: LiveBoard;
  call: Call;
  onClose: () => void;
}

export function ActDialog({ board, call, act, here, touch, onClose }: Props & {
  act: Exclude<Act, "">;
  // Who else is at it, in words.
  here: string;
  touch: Touch | undefined;
}) {
  // As it was seen. What was written stays when it is seen anew.
  const [seen, see] = useState(call);
  const hasChanged = !isAsSeen(call, seen);
  const who = touch && touch.person !== session.value?.person.name ? namesOf(board).personName(touch.person) : "";
  return (
    <DialogNotice.Provider value={(hasChanged || here !== "") && (
      <Notice tone="warn" icon={hasChanged ? "alert" : "person"}>
        {here && <p role="status">{t("others_here", { who: here })}</p>}
        {hasChanged && (
          <>
            <p class="strong" role="alert">{t("changed_meanwhile")}</p>
            <p>{besideEachOther([
              who && t("changed_by", { who, age: age(touch!.time) }),
              t("changed_now", { state: together([callStateLabel(call.state), urgencyLabel(call.urgency)]) }),
            ])}</p>
            <div><Button size="small" onPress={() => see(call)}>{t("changed_go_on")}</Button></div>
          </>
        )}
      </Notice>
    )}>
      <Ask board={board} call={hasChanged ? seen : call} act={act} onClose={onClose} />
    </DialogNotice.Provider>
  );
}

function Ask({ board, call, act, onClose }: Props & { act: Exclude<Act, ""> }) {
  const props = { board, call, onClose };
  switch (act) {
    case "triage":
      return <Triage {...props} />;
    case "hold":
      return <Hold {...props} />;
    case "override":
      return <Override {...props} />;
    case "release":
      return <Transfer {...props} />;
    case "merge":
      return <Merge {...props} />;
    case "place":
      return <CorrectPlace {...props} />;
    case "close":
      return <Close {...props} />;
    case "record_visit":
      return <RecordVisit {...props} />;
    case "care_team":
      return <SetCareTeam {...props} />;
    case "emergency_decide":
      return <DecideEmergency {...props} />;
    case "answer_cancel":
      return <AnswerCancel {...props} />;
    case "resume":
    case "unmerge":
    case "withdraw":
    case "cancel":
    case "emergency":
    case "distance":
    case "fact":
      return <Simple {...props} act={act} />;
  }
}

// Those that need a reason at most.
function Simple({ board, call, act, onClose }: Props & {
  act: "resume" | "unmerge" | "withdraw" | "cancel" | "emergency" | "distance" | "fact";
}) {
  const [text, setText] = useState("");
  const [requestId] = useState(newRequestId);
  const needsText = act === "cancel" || act === "distance" || act === "fact";
  const send = async (etag: string): Promise<void> => {
    switch (act) {
      case "resume":
        return board.put("call", await callRpc.resumeCall({ call: call.name, etag, requestId }));
      case "unmerge":
        return board.put("call", await callRpc.unmergeCall({ call: call.name, requestId }));
      case "withdraw":
        return board.put("offer", await callRpc.withdrawOffer({ offer: call.offer, reason: text, requestId }));
      case "cancel":
        return board.put("call", await callRpc.cancelCall({ call: call.name, etag, reason: text, requestId }));
      case "emergency":
        return board.put("call", await callRpc.raiseEmergency({ call: call.name, requestId }));
      case "distance":
        return board.put("call", await callRpc.grantDistanceException({ call: call.name, etag, reason: text, requestId }));
      case "fact":
        return board.put("call", await callRpc.addFact({ call: call.name, text, requestId }));
    }
  };
  const action = act === "emergency" ? t("emergency_do") : act === "cancel" ? t("cancel_do") : t(act);
  return (
    <AskDialog title={t(act)} action={action} onClose={onClose} ready={!needsText || text.trim() !== ""}
      tone={act === "cancel" || act === "emergency" ? "urgent" : "primary"} act={() => decideOn(board, call, send)}>
      {act !== "resume" && act !== "unmerge" && act !== "emergency" && (
        <Field label={act === "fact" ? t("fact") : t("reason")} lines={2} value={text} onChange={setText} optional={!needsText} />
      )}
    </AskDialog>
  );
}

const skills = [
  Skill.GENERAL, Skill.CHILD, Skill.PALLIATIVE, Skill.DEMENTIA,
  Skill.PSYCHIATRY, Skill.WOUND, Skill.CATHETER, Skill.VENTILATOR,
];

function Triage({ board, call, onClose }: Props) {
  const [disposition, setDisposition] = useState<Disposition>(
    call.disposition === Disposition.UNSPECIFIED ? Disposition.VISIT : call.disposition,
  );
  const [urgency, setUrgency] = useState<Urgency | undefined>(
    call.urgency === Urgency.UNSPECIFIED ? undefined : call.urgency,
  );
  const [needed, setNeeded] = useState<Skill[]>(call.requiredSkills);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [requestId] = useState(newRequestId);
  const policy = session.value?.center.policy;
  const within = (value: Urgency) => {
    const target = value === Urgency.URGENT ? policy?.urgentTarget : value === Urgency.STANDARD ? policy?.standardTarget : policy?.routineTarget;
    return withAside(urgencyLabel(value), target ? `≤${span(durationMs(target)!)}` : "");
  };
  const visit = disposition === Disposition.VISIT;
  return (
    <AskDialog title={t("triage")} action={t("decide")} onClose={onClose}
      ready={(!visit || urgency !== undefined) && (from === "") === (to === "")}
      act={async () => {
        board.put("call", await decideOn(board, call, (etag) => callRpc.triageCall({
          call: call.name,
          etag,
          disposition,
          urgency: visit ? urgency : Urgency.UNSPECIFIED,
          requiredSkills: needed,
          schedule: visit && from && to
            ? { startTime: timestampFromMs(instantOf(from)), endTime: timestampFromMs(instantOf(to)) }
            : undefined,
          requestId,
        })));
      }}>
      <p class="pre">{call.complaint}</p>
      <Radios label={t("disposition")} value={disposition} onChange={setDisposition}
        options={[Disposition.VISIT, Disposition.ADVICE, Disposition.ONLINE, Disposition.HOSPITAL_TRANSFER, Disposition.EMERGENCY_119]
          .map((value) => ({ value, label: dispositionLabel(value) }))} />
      {visit && (
        <>
          <Radios label={t("urgency")} value={urgency} onChange={setUrgency}
            options={[Urgency.URGENT, Urgency.STANDARD, Urgency.ROUTINE].map((value) => ({ value, label: within(value), urgent: value === Urgency.URGENT }))} />
          <Checks label={t("skills")} values={needed} onChange={setNeeded}
            options={skills.map((value) => ({ value, label: skillLabel(value) }))} />
          <details>
            <summary>{t("schedule")}</summary>
            <div class="row">
              <Field label={t("from")} type="datetime-local" value={from} onChange={setFrom} optional />
              <Field label={t("to")} type="datetime-local" value={to} onChange={setTo} optional />
            </div>
          </details>
        </>
      )}
    </AskDialog>
  );
}

function Hold({ board, call, onClose }: Props) {
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState(civilInput(now.peek() + 30 * 60_000));
  const [requestId] = useState(newRequestId);
  return (
    <AskDialog title={t("hold")} action={t("hold_do")} onClose={onClose} ready={reason.trim() !== ""}
      act={async () => {
        board.put("call", await decideOn(board, call, (etag) => callRpc.holdCall({
          call: call.name,
          etag,
          reason,
          untilTime: until ? timestampFromMs(instantOf(until)) : undefined,
          requestId,
        })));
      }}>
      <Field label={t("reason")} lines={2} value={reason} onChange={setReason} />
      <Field label={t("until")} type="datetime-local" value={until} onChange={setUntil} optional />
    </AskDialog>
  );
}

interface Crew {
  readonly physician: string;
  // A person's name, or "self".
  readonly driver: string;
}

// Whom to send: who is on duty, with his expected arrival where the last match
// knew it.
function CrewFields({ board, call, value, onChange, without }: Pick<Props, "board" | "call"> & {
  value: Crew;
  onChange: (crew: Crew) => void;
  without?: string;
}) {
  const names = namesOf(board);
  const duties = board.all("duty").filter((duty) => duty.onDuty && duty.name !== without);
  const candidates = call.match ? (board.get("match", call.match)?.candidates ?? []) : [];
  // When he would be there, or why the last match left him out.
  const withProspect = (name: string) => {
    const found = candidates.find((each) => each.physician === name);
    if (found?.arriveTime) return `${names.personName(name)}${space()}→ ${clockTime(found.arriveTime)}`;
    // Who was not on duty then has come since.
    const isOut = found && found.verdict !== Verdict.NOT_ON_DUTY;
    return withAside(names.personName(name), isOut ? verdictLabel(found.verdict) : "");
  };
  return (
    <>
      <Radios label={t("physician")} value={value.physician} onChange={(physician) => onChange({ ...value, physician })}
        options={duties.filter((duty) => duty.role === Role.PHYSICIAN).map((duty) => ({
          value: duty.name,
          label: withProspect(duty.name),
        }))} />
      <Radios label={t("driver")} value={value.driver} onChange={(driver) => onChange({ ...value, driver })}
        options={[
          ...duties.filter((duty) => duty.role === Role.DRIVER)
            .map((duty) => ({ value: duty.name, label: together([names.personName(duty.name), duty.car ? names.carName(duty.car) : "–"]) })),
          ...(board.get("person", value.physician)?.selfDrive ? [{ value: "self", label: t("self_drive") }] : []),
        ]} />
    </>
  );
}

function sendOverride(board: LiveBoard, call: Call, { physician, driver }: Crew, request: {
  etags: string[];
  overrideReason: string;
  requestId: string;
}) {
  const selfDrive = driver === "self";
  return callRpc.overrideMatch({
    calls: [call.name],
    physician,
    driver: selfDrive ? "" : driver,
    car: selfDrive ? "" : (board.get("duty", driver)?.car ?? ""),
    selfDrive,
    ...request,
  });
}

function Override({ board, call, onClose }: Props) {
  const [crew, setCrew] = useState<Crew>({ physician: "", driver: "" });
  const [reason, setReason] = useState("");
  const [requestId] = useState(newRequestId);
  const somebody = board.all("duty").some((duty) => duty.onDuty && duty.role === Role.PHYSICIAN);
  if (!somebody) {
    return <AskDialog title={t("override")} action={t("override_do")} onClose={onClose} ready={false} act={async () => {}}><Notice tone="warn" icon="person">{t("nobody_on_duty")}</Notice></AskDialog>;
  }
  return (
    <AskDialog title={t("override")} action={t("override_do")} onClose={onClose}
      ready={crew.physician !== "" && crew.driver !== "" && reason.trim() !== ""}
      act={async () => board.put("offer", await decideOn(board, call, (etag) =>
        sendOverride(board, call, crew, { etags: [etag], overrideReason: reason, requestId })))}>
      <CrewFields board={board} call={call} value={crew} onChange={setCrew} />
      <Field label={t("reason")} lines={2} value={reason} onChange={setReason} />
    </AskDialog>
  );
}

// Takes a call from its crew, and gives it to somebody named or to whom the
// match finds.
function Transfer({ board, call, onClose }: Props) {
  const [to, setTo] = useState<"auto" | "named">("auto");
  const [crew, setCrew] = useState<Crew>({ physician: "", driver: "" });
  const [reason, setReason] = useState("");
  const [releaseId] = useState(newRequestId);
  const [offerId] = useState(newRequestId);
  const now_ = board.get("assignment", call.assignment);
  return (
    <AskDialog title={t("release")} action={t("transfer_do")} onClose={onClose}
      ready={reason.trim() !== "" && (to === "auto" || (crew.physician !== "" && crew.driver !== ""))}
      act={async () => {
        board.put("assignment", await settled(() =>
          callRpc.releaseAssignment({ assignment: call.assignment, reason, requestId: releaseId })));
        // Whomever the match has found since: a colleague's crew cannot be it, for
        // only who released the call comes so far.
        if (to === "named") {
          board.put("offer", await settled(() =>
            sendOverride(board, call, crew, { etags: [], overrideReason: reason, requestId: offerId })));
        }
      }}>
      <p>{t("release_note")}</p>
      <Radios label={t("transfer_to")} value={to} onChange={setTo}
        options={[{ value: "auto", label: t("transfer_auto") }, { value: "named", label: t("override") }]} />
      {to === "named" && <CrewFields board={board} call={call} value={crew} onChange={setCrew} without={now_?.physician} />}
      <Field label={t("reason")} lines={2} value={reason} onChange={setReason} />
    </AskDialog>
  );
}

function Merge({ board, call, onClose }: Props) {
  const [into, setInto] = useState("");
  const [requestId] = useState(newRequestId);
  const others = board.all("call").filter((each) => each.name !== call.name && !isOver(each))
    .sort((a, b) => Number(b.patient === call.patient) - Number(a.patient === call.patient));
  return (
    <AskDialog title={t("merge")} action={t("merge_do")} onClose={onClose} ready={into !== ""}
      act={async () => board.put("call", await decideOn(board, call, (etag) => callRpc.mergeCall({ call: call.name, etag, into, requestId })))}>
      <Choice label={t("merge_into")} value={into} onChange={setInto}
        options={[{ value: "", label: "–" }, ...others.map((each) => ({
          value: each.name,
          label: `${patientNameOf(each, board)} ${receiptNumber(each.name)} ${clockTime(each.receiveTime)}`,
        }))]} />
    </AskDialog>
  );
}

function CorrectPlace({ board, call, onClose }: Props) {
  const old = call.place?.position;
  const picked = pickedPoint.value;
  const [address, setAddress] = useState(call.place?.address ?? "");
  const [entry, setEntry] = useState(call.place?.entryNotes ?? "");
  const [point, setPoint] = useState(
    picked ? `${picked.latitude.toFixed(5)},${picked.longitude.toFixed(5)}`
      : old ? `${old.latitude.toFixed(5)},${old.longitude.toFixed(5)}` : "",
  );
  const [reason, setReason] = useState("");
  const [requestId] = useState(newRequestId);
  const numbers = /^\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*$/.exec(point.normalize("NFKC"));
  return (
    <AskDialog title={t("place")} action={t("place")} onClose={onClose}
      ready={address.trim() !== "" && reason.trim() !== "" && (point === "" || numbers !== null)}
      act={async () => {
        board.put("call", await decideOn(board, call, (etag) => callRpc.correctPlace({
          call: call.name,
          etag,
          place: {
            address,
            entryNotes: entry,
            position: numbers ? { latitude: Number(numbers[1]), longitude: Number(numbers[2]) } : undefined,
          },
          reason,
          requestId,
        })));
        pickedPoint.value = undefined;
      }}>
      <Field label={t("address")} value={address} onChange={setAddress} />
      <Field label={t("entry")} value={entry} onChange={setEntry} optional />
      <Field label={t("coordinates")} value={point} onChange={setPoint} hint={t("coordinates_hint")} optional
        error={point !== "" && !numbers ? t("coordinates_wrong") : undefined} />
      <Field label={t("reason")} value={reason} onChange={setReason} />
    </AskDialog>
  );
}

function Close({ board, call, onClose }: Props) {
  const [outcome, setOutcome] = useState<Outcome | undefined>();
  const [reason, setReason] = useState("");
  const [requestId] = useState(newRequestId);
  return (
    <AskDialog title={t("close")} action={t("close_do")} onClose={onClose} ready={outcome !== undefined}
      act={async () => board.put("call", await decideOn(board, call, (etag) =>
        callRpc.closeCall({ call: call.name, etag, outcome: outcome!, reason, requestId })))}>
      <Radios label={t("outcome")} value={outcome} onChange={setOutcome}
        options={[Outcome.VISITED, Outcome.ADVICE_GIVEN, Outcome.SEEN_ONLINE, Outcome.TRANSFERRED, Outcome.EMERGENCY_119, Outcome.PATIENT_NOT_FOUND]
          .map((value) => ({ value, label: outcomeLabel(value) }))} />
      <Field label={t("reason")} value={reason} onChange={setReason} optional />
    </AskDialog>
  );
}

function SetCareTeam({ board, call, onClose }: Props) {
  const [organization, setOrganization] = useState("");
  const [role, setRole] = useState<CareRole>(CareRole.PRIMARY_CLINIC);
  // What to leave out, not what to keep: somebody else may add to the team
  // while this is open.
  const [left, setLeft] = useState<readonly string[]>([]);
  const [requestId, setRequestId] = useState(newRequestId);
  useEffect(() => setRequestId(newRequestId()), [call.etag]);
  const names = namesOf(board);
  const stays = call.careTeam.filter((each) => !left.includes(each.organization) && each.organization !== organization);
  const before = call.careTeam.find((each) => each.organization === organization);
  const organizations = board.all("organization").filter((each) => each.active !== false);
  return (
    <AskDialog title={t("care_team")} action={t("save")} onClose={onClose}
      ready={organization !== "" || (left.length > 0 && stays.length > 0)}
      act={async () => {
        const webhook = board.get("organization", organization)?.webhook !== undefined;
        const channels = before?.channels ?? (webhook ? [ChannelKind.WEBHOOK, ChannelKind.INBOX] : [ChannelKind.INBOX]);
        const added = organization ? [{ role, organization, channels, person: before?.person ?? "" }] : [];
        board.put("call", await decideOn(board, call, (etag) =>
          callRpc.setCareTeam({ call: call.name, etag, careTeam: [...stays, ...added], requestId })));
      }}>
      {call.careTeam.length > 0 && (
        <Checks label={t("care_team_now")} values={call.careTeam.map((each) => each.organization).filter((each) => !left.includes(each))}
          onChange={(kept) => setLeft(call.careTeam.map((each) => each.organization).filter((each) => !kept.includes(each)))}
          options={call.careTeam.map((each) => ({
            value: each.organization,
            label: withAside(names.organizationName(each.organization), careRoleLabel(each.role)),
          }))} />
      )}
      <Choice label={t("care_team_add")} value={organization} onChange={setOrganization} optional={call.careTeam.length > 0}
        options={[{ value: "", label: "–" }, ...organizations.map((each) => ({ value: each.name, label: each.displayName }))]} />
      <Choice label={t("role")} value={role} onChange={setRole}
        options={[CareRole.PRIMARY_CLINIC, CareRole.NURSE_STATION, CareRole.CARE_MANAGER, CareRole.FACILITY, CareRole.PHARMACY, CareRole.HOSPITAL]
          .map((value) => ({ value, label: careRoleLabel(value) }))} />
    </AskDialog>
  );
}

function DecideEmergency({ board, call, onClose }: Props) {
  const [decision, setDecision] = useState<EmergencyDecision | undefined>();
  const [requestId] = useState(newRequestId);
  return (
    <AskDialog title={t("emergency_decide")} action={t("decide")} onClose={onClose} ready={decision !== undefined}
      act={async () => board.put("call", await decideOn(board, call, (etag) =>
        callRpc.decideEmergency({ call: call.name, etag, decision: decision!, requestId })))}>
      <Radios label={t("emergency_decide")} value={decision} onChange={setDecision}
        options={[EmergencyDecision.GO_ON, EmergencyDecision.PHONE_SUPPORT, EmergencyDecision.STAND_DOWN]
          .map((value) => ({ value, label: emergencyDecisionLabel(value) }))} />
    </AskDialog>
  );
}

function AnswerCancel({ board, call, onClose }: Props) {
  const [approve, setApprove] = useState<1 | 0 | undefined>();
  const [reason, setReason] = useState("");
  const [requestId] = useState(newRequestId);
  return (
    <AskDialog title={t("answer_cancel")} action={t("decide")} onClose={onClose}
      ready={approve === 1 || (approve === 0 && reason.trim() !== "")}
      act={async () => board.put("call", await decideOn(board, call, (etag) =>
        callRpc.answerCancel({ call: call.name, etag, approve: approve === 1, reason, requestId })))}>
      <p class="pre">{call.cancelRequest?.reason}</p>
      <Radios label={t("answer_cancel")} value={approve} onChange={setApprove}
        options={[{ value: 1, label: t("approve") }, { value: 0, label: t("refuse") }]} />
      <Field label={t("reason")} lines={2} value={reason} onChange={setReason} optional={approve !== 0} />
    </AskDialog>
  );
}

// A car: broken down, or usable again.
export function CarDialog({ board, car: name, onClose }: { board: LiveBoard; car: string; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [requestId] = useState(newRequestId);
  const car = board.get("car", name);
  if (!car) return null;
  const broken = car.state === CarState.BROKEN_DOWN || car.state === CarState.OUT_OF_SERVICE;
  return (
    <AskDialog title={`${car.displayName} ${car.plate}`} action={t(broken ? "car_back" : "breakdown_do")}
      tone={broken ? "primary" : "urgent"} onClose={onClose}
      act={async () => {
        const answer = broken
          ? await settled(() => directory.updateCar({ car: { ...car, state: CarState.AVAILABLE, stateReason: "" }, requestId }))
          : await settled(() => visits.reportBreakdown({ car: name, reason, requestId }));
        board.put("car", answer);
      }}>
      {broken ? <p>{car.stateReason}</p> : <Field label={t("reason")} value={reason} onChange={setReason} optional />}
    </AskDialog>
  );
}

