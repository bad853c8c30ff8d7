// Notes that have come to one's organization, and their receipt.
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { newRequestId, notes as noteRpc, settled } from "../app/rpc";
import { session } from "../app/session";
import { DeliveryState, type Delivery } from "../gen/housecall/v1/note_pb";
import { namesOf } from "../records/patient_card";
import { idOf, shortTime } from "../text/format";
import { deliveryStateLabel } from "../text/labels";
import { msOf } from "../app/clock";
import { AskDialog, Badge, Button, Empty, Field, LinkButton, Top } from "../ui/parts";
import { myDeliveries } from "./home";
import { RefusedSteps } from "./waiting";
import { t } from "./texts";

export function Inbox({ board }: { board: LiveBoard }) {
  const deliveries = myDeliveries(board).sort(
    (a, b) =>
      Number(a.state === DeliveryState.RECEIVED) - Number(b.state === DeliveryState.RECEIVED) ||
      (msOf(b.dueTime) ?? 0) - (msOf(a.dueTime) ?? 0),
  );
  return (
    <>
      <Top title={t("inbox")} back="/" backLabel={t("back")} />
      <main class="page">
        <RefusedSteps />
        {deliveries.length === 0 && <Empty icon="inbox">{t("inbox_empty")}</Empty>}
        {deliveries.map((delivery) => (
          <article class="card stack-tight" key={delivery.name}>
            <a class="strong" href={`#/calls/${idOf(delivery.call)}`}>
              {board.get("patient", delivery.patient)?.displayName || t("note")}
            </a>
            <DeliveryCard board={board} delivery={delivery} isRead={false} />
            <LinkButton href={`#/calls/${idOf(delivery.call)}`} icon="note" wide>{t("read_note")}</LinkButton>
          </article>
        ))}
      </main>
    </>
  );
}

// One delivery: its state, and what its receiver can do with it once he has the
// note before him.
export function DeliveryCard({ board, delivery, isRead }: { board: LiveBoard; delivery: Delivery; isRead: boolean }) {
  const [asking, setAsking] = useState(false);
  const [text, setText] = useState("");
  const [requestId] = useState(newRequestId);
  const [questionId, setQuestionId] = useState(newRequestId);
  const names = namesOf(board);
  // Colleagues' names are not told to everybody; one's own is known.
  const me = session.value?.person;
  const whoIs = (person: string) => (person === me?.name ? me.displayName : names.personName(person));
  const received = delivery.state === DeliveryState.RECEIVED;
  return (
    <div class="stack-tight">
      <div class="row">
        <Badge tone={received ? "good" : "warn"}>{received ? deliveryStateLabel(delivery.state) : t("unconfirmed")}</Badge>
        {received ? (
          <span class="small soft">
            {delivery.receipt?.person && !whoIs(delivery.receipt.person) ? t("confirmed_here", { time: shortTime(delivery.receipt.time) })
              : delivery.receipt?.person ? t("confirmed", { time: shortTime(delivery.receipt.time), who: whoIs(delivery.receipt.person) })
              : t("confirmed_system", { time: shortTime(delivery.receipt?.time) })}
          </span>
        ) : (
          <span class="small soft">{t("due", { time: shortTime(delivery.dueTime) })}</span>
        )}
      </div>
      {delivery.questions.length > 0 && (
        <ul class="stack-tight">
          {delivery.questions.map((question, index) => (
            <li key={index}><span class="soft small">{shortTime(question.time)} {whoIs(question.author)}</span><div class="pre">{question.text}</div></li>
          ))}
        </ul>
      )}
      {isRead && <div class="actions">
        {!received && (
          <Button tone="primary" icon="check" onPress={async () => {
            board.put("delivery", await settled(() => noteRpc.confirmReceipt({ delivery: delivery.name, requestId })));
          }}>{t("confirm")}</Button>
        )}
        <Button onPress={() => setAsking(true)}>{t("question")}</Button>
      </div>}
      {asking && (
        <AskDialog title={t("question")} action={t("question_send")} ready={text.trim() !== ""}
          onClose={() => setAsking(false)}
          act={async () => {
            board.put("delivery", await settled(() => noteRpc.questionNote({ delivery: delivery.name, text, requestId: questionId })));
            setText("");
            setQuestionId(newRequestId());
          }}>
          <Field label={t("question_text")} lines={4} value={text} onChange={setText} />
        </AskDialog>
      )}
    </div>
  );
}
