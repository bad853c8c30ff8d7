// The hand-over at the end of the night, and the paper to go on with when
// everything else fails: rota and phones, open calls, patients' cards, who
// depends on power. Made to be printed.
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { allPages, patients as patientRpc } from "../app/rpc";
import { now } from "../app/clock";
import { center, centerName, session } from "../app/session";
import { DeliveryState } from "../gen/housecall/v1/note_pb";
import { CallFacts, isOver } from "../records/call_view";
import { namesOf, nameWithAge, PatientCard } from "../records/patient_card";
import { durationMs, receiptNumber, shortTime, span } from "../text/format";
import { callStateLabel, deliveryStateLabel, deviceKindLabel, taskKindLabel, urgencyLabel } from "../text/labels";
import { apart, besideEachOther, space, together, withAside } from "../text/marks";
import { Button, Failed, Loading, Phone, Radios, Table, useLoad } from "../ui/parts";
import { patientNameOf } from "./board_page";
import { openTasks } from "./operator";
import { inOrder } from "./queue";
import { RotaTable, useTonight } from "./rota_page";
import { t } from "./texts";

export function HandoverPage({ board }: { board: LiveBoard }) {
  const tonight = useTonight();
  const power = useLoad(
    () => allPages((pageToken) => patientRpc.listDeviceUsers({ parent: center.value, pageSize: 200, pageToken }), (page) => page.deviceUsers),
    [],
  );
  const names = namesOf(board);
  const open = inOrder(board.all("call").filter((call) => !isOver(call)), session.value?.center.policy);
  const deliveries = board.all("delivery").filter((each) => each.state !== DeliveryState.RECEIVED);
  const [cards, setCards] = useState<"open" | "all">("open");
  const everybody = board.all("patient").filter((each) => each.active !== false)
    .sort((a, b) => (a.displayNameKana || a.displayName).localeCompare(b.displayNameKana || b.displayName, "ja"));
  const ofOpen = [...new Set(open.flatMap((call) => board.get("patient", call.patient) ?? []))];
  const known = cards === "all" ? everybody : ofOpen;
  const contacts = session.value?.center.lastResortContacts ?? [];
  return (
    <main class="page page-wide paper">
      <div class="row row-between">
        <div><h2>{t("handover")}</h2><p class="soft small">{besideEachOther([centerName.value, t("made", { time: shortTime(now.value) })])}</p></div>
        <Button icon="print" tone="primary" onPress={() => print()}>{t("print")}</Button>
      </div>
      <p class="small">{t("paper_note")}</p>
      <section class="card stack-tight no-print">
        <Radios label={t("cards_of")} value={cards} onChange={setCards} options={[
          { value: "open", label: t("cards_open", { n: ofOpen.length }) },
          { value: "all", label: t("cards_all", { n: everybody.length }) },
        ]} />
        <p class="hint">{t("cards_hint")}</p>
      </section>
      <section class="card stack-tight">
        <h3>{together([t("phones"), t("tonight")])}</h3>
        <p>{centerName.value} <Phone number={session.value?.center.phone ?? ""} />
          {contacts.map((each) => <span key={each.phone}>{apart()}{t("last_resort")}: {each.displayName} <Phone number={each.phone} /></span>)}
        </p>
        {tonight.error !== undefined && <Failed error={tonight.error} retry={tonight.reload} />}
        {tonight.value ? <RotaTable board={board} duties={tonight.value.duties} /> : tonight.error === undefined && <Loading />}
      </section>
      {openTasks(board).length > 0 && (
        <section class="card stack-tight">
          <h3>{t("tasks")}</h3>
          <ul>{openTasks(board).map((task) => <li key={task.name}>{shortTime(task.raiseTime)} <b>{taskKindLabel(task.kind)}</b> {task.call && patientNameOf(board.get("call", task.call) ?? ({} as never), board)}</li>)}</ul>
        </section>
      )}
      <section class="stack">
        <h3>{withAside(t("queue"), String(open.length))}</h3>
        {open.length === 0 && <p class="soft">{t("no_calls")}</p>}
        {open.map((call) => (
          <article class="card stack-tight paper-call" key={call.name}>
            <p><b>{patientNameOf(call, board)}</b>{space()}{besideEachOther([
              receiptNumber(call.name), urgencyLabel(call.urgency), callStateLabel(call.state), shortTime(call.receiveTime),
              call.assignment && `${t("with")}: ${names.personName(board.get("assignment", call.assignment)?.physician ?? "")}`,
            ])}</p>
            <CallFacts call={call} personName={names.personName} />
            <p class="paper-line">{t("paper_line")}</p>
          </article>
        ))}
      </section>
      {deliveries.length > 0 && (
        <section class="card stack-tight">
          <h3>{t("not_received")}</h3>
          <ul>{deliveries.map((each) => <li key={each.name}>{besideEachOther([
            names.organizationName(each.member?.organization ?? ""), board.get("patient", each.patient)?.displayName,
            deliveryStateLabel(each.state), `${t("due")} ${shortTime(each.dueTime)}`,
          ])}{space()}<Phone number={board.get("organization", each.member?.organization ?? "")?.phone ?? ""} /></li>)}</ul>
        </section>
      )}
      <section class="card stack-tight">
        <h3>{t("power")}</h3>
        {power.error !== undefined && <Failed error={power.error} retry={power.reload} />}
        {power.value ? (
          power.value.length === 0 ? <p class="soft">{t("power_none")}</p> : (
            <div class="scroll-x">
              <Table rows={power.value} keyOf={(user, index) => `${user.patient?.name}-${index}`} columns={[
                { label: t("name"), cell: (user) => <b>{user.patient?.displayName}</b> },
                { label: t("device"), cell: (user) => <>{deviceKindLabel(user.device?.kind ?? 0)} {user.device?.settings}</> },
                { label: t("battery"), nowrap: true, cell: (user) => (user.device?.batteryDuration ? span(durationMs(user.device.batteryDuration)!) : t("unknown")) },
                { label: t("address"), cell: (user) => user.patient?.place?.address },
                { label: t("phone"), nowrap: true, cell: (user) => <Phone number={user.patient?.phone ?? ""} /> },
              ]} />
            </div>
          )
        ) : power.error === undefined && <Loading />}
      </section>
      {cards === "all" && (
        <section class="card stack-tight">
          <h3>{t("cards_index")}</h3>
          <div class="scroll-x">
            <Table rows={everybody} keyOf={(patient) => patient.name} columns={[
              { label: t("kana"), cell: (patient) => patient.displayNameKana },
              { label: t("name"), cell: (patient) => <b>{patient.displayName}</b> },
              { label: t("address"), cell: (patient) => patient.place?.address },
              { label: t("phone"), nowrap: true, cell: (patient) => <Phone number={patient.phone} /> },
              { label: t("clinic"), cell: (patient) => names.organizationName(patient.primaryClinic) },
            ]} />
          </div>
        </section>
      )}
      {known.map((patient) => (
        <section class="paper-card stack-tight" key={patient.name}>
          <h3>{t("patient_card")}: {nameWithAge(patient)}</h3>
          <PatientCard patient={patient} {...names} />
        </section>
      ))}
    </main>
  );
}
