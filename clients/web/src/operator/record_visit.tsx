// A visit that was made while nothing served, entered from its sheet of paper:
// nobody is asked or sent any more, and the note is still to come.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { msOf, now } from "../app/clock";
import { newRequestId, settled, visits } from "../app/rpc";
import type { Call } from "../gen/housecall/v1/call_pb";
import { Role, Urgency } from "../gen/housecall/v1/types_pb";
import { namesOf } from "../records/patient_card";
import { civilInput, instantOf } from "../text/format";
import { urgencyLabel } from "../text/labels";
import { AskDialog, Choice, Field, Radios } from "../ui/parts";
import { t } from "./texts";

// In the order in which they happened.
const steps = ["depart", "arrive", "start", "end", "leave"] as const;
type Times = Record<(typeof steps)[number], string>;

const self = "self";

export function RecordVisit({ board, call, onClose }: { board: LiveBoard; call: Call; onClose: () => void }) {
  const [urgency, setUrgency] = useState<Urgency | undefined>(call.urgency || undefined);
  const [physician, setPhysician] = useState("");
  const [driver, setDriver] = useState("");
  const [car, setCar] = useState("");
  const [times, setTimes] = useState<Times>(() => {
    const from = civilInput(msOf(call.writtenTime ?? call.receiveTime) ?? now.peek());
    return { depart: from, arrive: "", start: "", end: "", leave: "" };
  });
  const [requestId] = useState(newRequestId);
  const names = namesOf(board);
  const skilled = board.all("shift").filter((each) => each.role === Role.PHYSICIAN).map((each) => each.person);
  const people = board.all("person").filter((each) => each.active !== false)
    .sort((a, b) => a.displayNameKana.localeCompare(b.displayNameKana, "ja"));
  const options = (all: readonly { name: string; displayName: string }[]) =>
    all.map((each) => ({ value: each.name, label: each.displayName }));
  const at = (step: keyof Times) => (times[step] ? instantOf(times[step]) : NaN);
  // Each not before the one above it, none to come.
  const isRight = steps.every((step, index) =>
    at(step) <= now.value + 60_000 && (index === 0 || at(step) >= at(steps[index - 1]!)));
  return (
    <AskDialog title={t("record_visit")} action={t("record_do")} onClose={onClose}
      ready={physician !== "" && driver !== "" && urgency !== undefined && isRight}
      act={async () => {
        const time = (step: keyof Times) => timestampFromMs(Math.min(at(step), now.peek()));
        board.put("call", await settled(() => visits.recordVisit({
          call: call.name,
          urgency: urgency!,
          physician,
          driver: driver === self ? "" : driver,
          selfDrive: driver === self,
          car: driver === self ? "" : car,
          departTime: time("depart"),
          arriveTime: time("arrive"),
          treatmentStartTime: time("start"),
          treatmentEndTime: time("end"),
          leaveTime: time("leave"),
          requestId,
        })));
      }}>
      <p>{t("record_note")}</p>
      <Radios label={t("urgency")} value={urgency} onChange={setUrgency}
        options={[Urgency.URGENT, Urgency.STANDARD, Urgency.ROUTINE].map((value) => ({ value, label: urgencyLabel(value) }))} />
      <Choice label={t("physician")} value={physician} onChange={setPhysician}
        options={[{ value: "", label: "–" }, ...options(people.filter((each) => skilled.includes(each.name)))]} />
      <Choice label={t("driver")} value={driver} onChange={setDriver}
        options={[{ value: "", label: "–" }, { value: self, label: t("self_drive") }, ...options(people)]} />
      {driver !== "" && driver !== self && (
        <Choice label={t("car")} value={car} onChange={setCar} optional
          options={[{ value: "", label: "–" }, ...board.all("car").map((each) => ({ value: each.name, label: names.carName(each.name) }))]} />
      )}
      {steps.map((step) => (
        <Field key={step} label={t(`record_${step}`)} type="datetime-local" value={times[step]}
          onChange={(value) => setTimes({ ...times, [step]: value })} />
      ))}
      {!isRight && <p class="hint">{t("record_order")}</p>}
    </AskDialog>
  );
}
