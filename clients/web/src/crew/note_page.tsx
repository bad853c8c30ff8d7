// The note: six fields with phrases to add, kept on the device at every
// keystroke and on the server soon after; then signed.
import { useEffect, useRef, useState } from "preact/hooks";
import { isWaiting, onAnswered, perform, reachable, unsent } from "../app/outbox";
import { allPages, notes as noteRpc } from "../app/rpc";
import { center } from "../app/session";
import { forget, keep, kept } from "../app/vault";
import type { Call } from "../gen/housecall/v1/call_pb";
import { NoteState, type Delivery, type Note } from "../gen/housecall/v1/note_pb";
import { DeliveryState } from "../gen/housecall/v1/note_pb";
import type { DutyView } from "../gen/housecall/v1/visit_service_pb";
import { noteFieldLabel, noteFields, NoteView, type NoteField } from "../records/note_view";
import { shortTime } from "../text/format";
import { careRoleLabel, deliveryStateLabel } from "../text/labels";
import { AskDialog, Badge, Button, ErrorLine, Facts, Field, Loading, Notice, Top, useLoad } from "../ui/parts";
import { t } from "./texts";

type Text = Record<NoteField, string>;
const emptyText: Text = { findings: "", diagnosis: "", treatment: "", prescriptions: "", advice: "", followUp: "" };

const phrases: Record<NoteField, readonly Parameters<typeof t>[0][]> = {
  findings: ["templates_stable", "templates_none"],
  diagnosis: [],
  treatment: ["templates_oxygen"],
  prescriptions: ["templates_no_drug"],
  advice: ["templates_watch", "templates_119", "templates_family"],
  followUp: ["templates_tomorrow", "templates_drugs"],
};

// How long after the last keystroke the draft goes to the server.
const saveAfterMs = 2000;

export function NotePage({ view, call }: { view: DutyView; call: Call }) {
  const draftKey = `note|${call.name}`;
  const [text, setText] = useState<Text>();
  const [changed, setChanged] = useState(false);
  const [signing, setSigning] = useState(false);
  const [amending, setAmending] = useState(false);
  const [note, setNote] = useState<Note>();
  const timer = useRef<ReturnType<typeof setTimeout>>();
  // Behind the visit's own steps: nothing is written before the arrival is told.
  const lane = call.assignment || call.name;
  const waiting = isWaiting(lane, "DraftNote");
  const signature = unsent.value.find((step) =>
    step.method === "SignNote" && step.lane === lane && !step.refusal);

  const loaded = useLoad(async () => {
    const { notes } = await noteRpc.listNotes({ parent: center.value, call: call.name });
    const found = notes[0];
    setNote(found);
    return found;
  }, [call.name]);
  const deliveries = useLoad<Delivery[]>(
    () => (note
      ? allPages((pageToken) => noteRpc.listDeliveries({ parent: center.value, call: call.name, pageToken }), (page) => page.deliveries)
      : Promise.resolve([])),
    [note?.name, note?.etag, call.state],
  );

  useEffect(() => onAnswered(async (step, answer) => {
    if (step.lane !== lane) return;
    if (step.method === "DraftNote" && (answer as Note).call === call.name) setNote(answer as Note);
    if (step.method === "SignNote" && (answer as Note).call === call.name) {
      setNote(answer as Note);
      setAmending(false);
      await forget(draftKey);
    }
  }), [lane]);

  // This device's text first: it is the newest that this physician has seen.
  useEffect(() => {
    void (async () => {
      const here = await kept<Text>(draftKey);
      if (here) {
        setText(here);
        return;
      }
      if (loaded.loading) return;
      const draft = loaded.value?.draft;
      setText(draft ? pick(draft) : emptyText);
    })();
  }, [loaded.loading]);

  const save = async (value: Text) => {
    clearTimeout(timer.current);
    setChanged(false);
    await perform("DraftNote", lane, { call: call.name, text: value });
  };
  const change = (field: NoteField, value: string) => {
    const next = { ...(text ?? emptyText), [field]: value };
    setText(next);
    setChanged(true);
    void keep(draftKey, next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void save(next), saveAfterMs);
  };

  const isSigned = note?.state === NoteState.SIGNED;
  const writing = (!isSigned || amending) && !signature;
  return (
    <>
      <Top title={t("note")} back="/" backLabel={t("back")} />
      <main class="page">
        {loaded.error !== undefined && !text && <ErrorLine error={loaded.error} />}
        {!text && loaded.loading && <Loading />}
        {signature ? <Notice tone="warn" icon="clock">{t("sign_unsent")}</Notice>
          : isSigned && !amending && <Notice tone="good" icon="check">{t("signed")}</Notice>}
        {signature && text && (
          <section class="card">
            <Facts rows={noteFields.map((field) => [noteFieldLabel(field), text[field] && <span class="pre">{text[field]}</span>])} />
          </section>
        )}
        {note && note.versions.length > 0 && (
          <section class="card"><NoteView note={note} personName={(name) => view.people.find((each) => each.name === name)?.displayName ?? ""} /></section>
        )}
        {text && writing && noteFields.map((field) => (
          <div class="stack-tight" key={field}>
            <Field label={noteFieldLabel(field)} lines={3} value={text[field]} onChange={(value) => change(field, value)} optional={field !== "findings"} />
            {phrases[field].length > 0 && (
              <div class="phrases" role="group" aria-label={t("templates")}>
                {phrases[field].map((phrase) => (
                  <button type="button" class="phrase" key={phrase}
                    onClick={() => change(field, [text[field], t(phrase)].filter(Boolean).join("\n"))}>{t(phrase)}</button>
                ))}
              </div>
            )}
          </div>
        ))}
        {deliveries.value && deliveries.value.length > 0 && (
          <section class="card stack-tight">
            <h2>{t("deliveries")}</h2>
            {deliveries.value.map((each) => (
              <div class="row row-between" key={each.name}>
                <span>{careRoleLabel(each.member!.role)} <span class="soft small">{each.receipt && shortTime(each.receipt.time)}</span></span>
                <Badge tone={each.state === DeliveryState.RECEIVED ? "good" : each.state === DeliveryState.FAILED ? "urgent" : "warn"}>{deliveryStateLabel(each.state)}</Badge>
              </div>
            ))}
          </section>
        )}
        {text && (writing ? (
          <div class="foot stack-tight">
            <p class="small soft" role="status">{changed ? t("saving") : waiting ? t("saved_here") : note ? t("saved") : ""}</p>
            <Button tone="primary" size="large" wide disabled={!noteFields.some((field) => text[field].trim())}
              onPress={async () => {
                if (changed || !note || note.state === NoteState.SIGNED) await save(text);
                setSigning(true);
              }}>{t("sign")}</Button>
          </div>
        ) : !signature && (
          <Button onPress={() => {
            setText(pick(note!.versions.at(-1)!.text ?? emptyText));
            setAmending(true);
          }}>{t("amend")}</Button>
        ))}
        {signing && text && (
          <Sign lane={lane} note={note} waiting={waiting} onClose={() => setSigning(false)} />
        )}
      </main>
    </>
  );
}

function pick(text: Partial<Text>): Text {
  return Object.fromEntries(noteFields.map((field) => [field, text[field] ?? ""])) as Text;
}

function Sign({ lane, note, waiting, onClose }: {
  lane: string;
  note: Note | undefined;
  // Whether the draft has not reached the server yet: the signature follows it.
  waiting: boolean;
  onClose: () => void;
}) {
  const [reason, setReason] = useState("");
  const amends = (note?.versions.length ?? 0) > 0;
  return (
    <AskDialog title={t("sign_title")} action={t("sign")} onClose={onClose}
      ready={(!!note || waiting) && (!amends || reason.trim() !== "")}
      act={async () => {
        await perform("SignNote", lane, { note: note?.name ?? "", etag: note?.etag ?? "", amendReason: reason });
      }}>
      <p>{t("sign_note")}</p>
      {waiting && !reachable.value && <Notice tone="warn" icon="offline">{t("sign_offline")}</Notice>}
      {amends && <Field label={t("amend_reason")} value={reason} onChange={setReason} />}
    </AskDialog>
  );
}
