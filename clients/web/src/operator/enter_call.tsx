// A call that came by telephone, or that was written on paper while nothing
// served: entered by an operator for the professional who called, with the time
// at which it was said beside the one at which it is entered.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { now } from "../app/clock";
import { calls as callRpc, newId, newRequestId, settled } from "../app/rpc";
import { center } from "../app/session";
import { CallSource } from "../gen/housecall/v1/call_pb";
import { redFlags } from "../records/red_flags";
import { nameWithAge, namesOf } from "../records/patient_card";
import { areVitalsRight, VitalsFields, vitalsOf, type TypedVitals } from "../records/vitals";
import { isOver } from "../records/call_view";
import { civilInput, instantOf } from "../text/format";
import { callSourceLabel, redFlagLabel } from "../text/labels";
import { besideEachOther } from "../text/marks";
import { AskDialog, Checks, Choice, Field, Notice, Radios } from "../ui/parts";
import { t as form } from "../requester/texts";
import { t } from "./texts";

const short = "short";
const oldestMs = 31 * 86_400_000;

export function EnterCall({ board, onClose, onEntered }: {
  board: LiveBoard;
  onClose: () => void;
  onEntered: (call: string) => void;
}) {
  const [call] = useState(() => `${center.peek()}/calls/${newId("c")}`);
  const [source, setSource] = useState<CallSource>(CallSource.PHONE);
  const [written, setWritten] = useState(() => civilInput(now.peek()));
  const [requester, setRequester] = useState("");
  const [patient, setPatient] = useState("");
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [complaint, setComplaint] = useState("");
  const [onset, setOnset] = useState("");
  const [judgement, setJudgement] = useState("");
  const [phone, setPhone] = useState("");
  const [flags, setFlags] = useState<(typeof redFlags)[number][]>([]);
  const [vitals, setVitals] = useState<TypedVitals>({});
  const [requestId] = useState(newRequestId);
  const names = namesOf(board);
  const writtenMs = written ? instantOf(written) : undefined;
  const isWrittenRight = writtenMs !== undefined && writtenMs <= now.value + 60_000 && writtenMs > now.value - oldestMs;
  const open = board.all("call").find((each) => patient !== "" && each.patient === patient && !isOver(each));
  const people = board.all("person").filter((each) => each.active !== false)
    .sort((a, b) => a.displayNameKana.localeCompare(b.displayNameKana, "ja"));
  const patients = board.all("patient").filter((each) => each.active !== false)
    .sort((a, b) => a.displayNameKana.localeCompare(b.displayNameKana, "ja"));
  const isComplete =
    requester !== "" && patient !== "" && complaint.trim() !== "" && judgement.trim() !== "" && phone.trim() !== "" &&
    (patient !== short || (name.trim() !== "" && address.trim() !== "")) && isWrittenRight && areVitalsRight(vitals);
  const choosePerson = (person: string) => {
    setRequester(person);
    if (!phone) setPhone(board.get("person", person)?.phone ?? "");
  };
  return (
    <AskDialog title={t("enter_call")} action={t("enter_do")} onClose={onClose} ready={isComplete}
      act={async () => {
        const answer = await settled(() => callRpc.submitCall({
          call,
          patient: patient === short ? "" : patient,
          shortPatient: patient === short ? { displayName: name } : undefined,
          place: patient === short ? { address } : undefined,
          complaint,
          onset,
          judgement,
          callbackPhone: phone.normalize("NFKC"),
          redFlags: flags,
          vitals: vitalsOf(vitals),
          source,
          // The minute that is being entered may not be over yet.
          writtenTime: timestampFromMs(Math.min(writtenMs!, now.peek())),
          requester,
          requestId,
        }));
        board.put("call", answer);
        onEntered(answer.name);
      }}>
      <Radios label={t("source")} value={source} onChange={setSource}
        options={[CallSource.PHONE, CallSource.PAPER].map((value) => ({ value, label: callSourceLabel(value) }))} />
      <Field label={t("written")} type="datetime-local" value={written} onChange={setWritten} hint={t("written_hint")}
        error={isWrittenRight ? undefined : t("written_wrong")} />
      <Choice label={t("who_called")} value={requester} onChange={choosePerson}
        options={[{ value: "", label: form("choose") }, ...people.map((each) => ({
          value: each.name,
          label: besideEachOther([each.displayName, names.organizationName(each.organization)]),
        }))]} />
      <Choice label={form("who")} value={patient} onChange={setPatient}
        options={[{ value: "", label: form("choose") }, ...patients.map((each) => ({ value: each.name, label: nameWithAge(each) })),
          { value: short, label: form("unregistered") }]} />
      {open && <Notice tone="warn" icon="alert" alert><p class="strong">{form("has_open")}</p><p>{form("go_on_anyway")}</p></Notice>}
      {patient === short && (
        <>
          <Field label={form("name")} value={name} onChange={setName} />
          <Field label={form("address")} value={address} onChange={setAddress} />
        </>
      )}
      <Checks label={form("flags")} urgent values={flags} onChange={setFlags}
        options={redFlags.map((flag) => ({ value: flag, label: redFlagLabel(flag) }))} />
      <Field label={form("complaint")} lines={2} value={complaint} onChange={setComplaint} />
      <Field label={form("onset")} value={onset} optional onChange={setOnset} />
      <details>
        <summary>{form("vitals")}</summary>
        <VitalsFields value={vitals} onChange={setVitals} />
      </details>
      <Field label={form("judgement")} lines={2} value={judgement} onChange={setJudgement} />
      <Field label={form("phone")} type="tel" inputMode="tel" value={phone} onChange={setPhone} />
    </AskDialog>
  );
}
