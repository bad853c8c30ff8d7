// Notes that nobody has confirmed yet, and what can be done about them.
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { newRequestId, notes as noteRpc, settled } from "../app/rpc";
import { msOf } from "../app/clock";
import { DeliveryState, type Delivery } from "../gen/housecall/v1/note_pb";
import { namesOf } from "../records/patient_card";
import { idOf, shortTime } from "../text/format";
import { careRoleLabel, channelKindLabel, deliveryStateLabel, sendResultLabel } from "../text/labels";
import { apart, space } from "../text/marks";
import { AskDialog, Badge, Button, Empty, Field, Phone } from "../ui/parts";
import { t } from "./texts";

export function DeliveriesPage({ board }: { board: LiveBoard }) {
  const open = board.all("delivery").filter((each) => each.state !== DeliveryState.RECEIVED)
    .sort((a, b) => (msOf(a.dueTime) ?? 0) - (msOf(b.dueTime) ?? 0));
  return (
    <main class="page page-wide">
      <h2>{t("not_received")}</h2>
      {open.length === 0 ? <Empty icon="inbox">{t("all_received")}</Empty> : <DeliveryRows board={board} deliveries={open} />}
    </main>
  );
}

export function DeliveryRows({ board, deliveries }: { board: LiveBoard; deliveries: readonly Delivery[] }) {
  const [byHand, setByHand] = useState<Delivery>();
  const [receiver, setReceiver] = useState("");
  const [reason, setReason] = useState("");
  const [requestId, setRequestId] = useState(newRequestId);
  const names = namesOf(board);
  return (
    <ul class="stack">
      {deliveries.map((each) => {
        const organization = board.get("organization", each.member?.organization ?? "");
        const last = each.attempts.at(-1);
        return (
          <li class="card stack-tight" key={each.name}>
            <div class="row row-between">
              <span>
                <b>{names.organizationName(each.member?.organization ?? "")}</b>{space()}<span class="soft small">{careRoleLabel(each.member?.role ?? 0)}</span>{apart()}
                <a class="nowrap" href={`#/calls/${idOf(each.call)}`}>{board.get("patient", each.patient)?.displayName}</a>
              </span>
              <span class="row">
                {each.overdue && <Badge tone="urgent">{t("overdue")}</Badge>}
                <Badge tone={each.state === DeliveryState.RECEIVED ? "good" : each.state === DeliveryState.FAILED ? "urgent" : "warn"}>{deliveryStateLabel(each.state)}</Badge>
              </span>
            </div>
            <p class="small soft">
              {channelKindLabel(each.member?.channels[each.channelIndex] ?? 0)}{apart()}{t("due")} {shortTime(each.dueTime)}{apart()}<Phone number={organization?.phone ?? ""} />
            </p>
            {each.receipt && <p class="small">{shortTime(each.receipt.time)} {names.personName(each.receipt.person)} {each.receipt.receiverName}</p>}
            {last?.error && each.state !== DeliveryState.RECEIVED && (
              <details class="small">
                <summary>{t("last_error")}: {shortTime(last.time)} {sendResultLabel(last.result)}</summary>
                <span lang="en">{last.error}</span>
              </details>
            )}
            {each.questions.map((question, index) => <p key={index} class="small"><b>{t("questions")}</b> {shortTime(question.time)} {names.personName(question.author)}: {question.text}</p>)}
            {each.state !== DeliveryState.RECEIVED && (
              <div class="row">
                <Button size="small" onPress={async () => board.put("delivery", await settled(() => noteRpc.retryDelivery({ delivery: each.name, requestId: newRequestId() })))}>{t("retry")}</Button>
                <Button size="small" onPress={() => setByHand(each)}>{t("by_hand")}</Button>
              </div>
            )}
          </li>
        );
      })}
      {byHand && (
        <AskDialog title={t("by_hand")} action={t("by_hand")} onClose={() => setByHand(undefined)}
          ready={receiver.trim() !== "" && reason.trim() !== ""}
          act={async () => {
            board.put("delivery", await settled(() => noteRpc.confirmReceiptByHand({ delivery: byHand.name, receiverName: receiver, reason, requestId })));
            setReceiver("");
            setReason("");
            setRequestId(newRequestId());
          }}>
          <Field label={t("receiver")} value={receiver} onChange={setReceiver} />
          <Field label={t("reason")} value={reason} onChange={setReason} />
        </AskDialog>
      )}
    </ul>
  );
}
