// The note: six fields with phrases to add, kept on the device at every
// keystroke and on the server soon after; then signed.
import { useEffect, useRef, useState } from "preact/hooks";
import { noteKey } from "../app/drafts";
import { onAnswered, perform, reachable, unsent, type Step } from "../app/outbox";
import { allPages, notes as noteRpc } from "../app/rpc";
import { center, session } from "../app/session";
import { keep, kept } from "../app/vault";
import type { Call } from "../gen/housecall/v1/call_pb";
import { NoteState, type Delivery, type Note } from "../gen/housecall/v1/note_pb";
import { DeliveryState } from "../gen/housecall/v1/note_pb";
import type { DutyView } from "../gen/housecall/v1/visit_service_pb";
import { noteFieldLabel, noteFields, NoteView, type NoteField } from "../records/note_view";
import { shortTime } from "../text/format";
import { careRoleLabel, deliveryStateLabel } from "../text/labels";
import { AskDialog, Badge, Button, Facts, Field, LoadError, Loading, Notice, Top, useLoad } from "../ui/parts";
import { Refused } from "../ui/refused";
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
  const draftKey = noteKey(call.name);
  // What he has written on this page; what this device has kept, null if nothing.
  const [typed, setTyped] = useState<Text>();
  const [here, setHere] = useState<Text | null>();
  const [signing, setSigning] = useState(false);
  const [amending, setAmending] = useState(false);
  const [note, setNote] = useState<Note>();
  // What the server refused and he has given up: not sent again by itself.
  const [givenUp, setGivenUp] = useState<Text>();
  // Behind the visit's own steps: nothing is written before the arrival is told.
  // A trip may have two calls, and so two notes in one lane.
  const lane = call.assignment || call.name;
  const steps = unsent.value.filter((step) => step.lane === lane && step.call === call.name);
  const lastDraft = steps.findLast((step) => step.method === "DraftNote");
  const refused = lastDraft?.refusal !== undefined;
  const signature = steps.find((step) => step.method === "SignNote" && !step.refusal);

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

  useEffect(() => onAnswered((step, answer) => {
    if (step.lane !== lane || step.call !== call.name) return;
    if (step.method === "DraftNote" || step.method === "SignNote") setNote(answer as Note);
    if (step.method === "SignNote") setAmending(false);
  }), [lane]);

  useEffect(() => {
    kept<Text>(draftKey).then((found) => setHere(found ?? null), () => setHere(null));
  }, []);
  // This device's text first: it is the newest that this physician has seen.
  const there = loaded.loading ? undefined : pick(loaded.value?.draft ?? emptyText);
  const text = typed ?? (here === null ? there : here);

  // What is on its way to the server, or there.
  const saved = lastDraft ? textOf(lastDraft)
    : pick(note?.draft ?? (amending ? note?.versions.at(-1)?.text : undefined) ?? {});
  const changed = !!text && !isSame(text, saved);
  const save = (value: Text) => perform("DraftNote", lane, { call: call.name, text: value });
  const change = (field: NoteField, value: string) => {
    const next = { ...(text ?? emptyText), [field]: value };
    setTyped(next);
    void keep(draftKey, next);
  };

  const isSigned = note?.state === NoteState.SIGNED;
  const writing = (!isSigned || amending) && !signature;
  // Soon after the last keystroke, and at once when the page is left; also what
  // an earlier page has kept here and never sent.
  const onlyHere = changed && !!givenUp && isSame(text, givenUp);
  const unsaved = writing && changed && !onlyHere && !loaded.loading ? text : undefined;
  const leaving = useRef<Text>();
  leaving.current = unsaved;
  useEffect(() => {
    if (!unsaved) return;
    const timer = setTimeout(() => void save(unsaved), saveAfterMs);
    return () => clearTimeout(timer);
  }, [unsaved && JSON.stringify(unsaved)]);
  useEffect(() => () => {
    if (leaving.current) void save(leaving.current);
  }, [lane]);
  const several = (note?.versions.length ?? 0) > 1;
  const me = session.value?.person;
  const whoIs = (name: string) =>
    (name === me?.name ? me.displayName : view.people.find((each) => each.name === name)?.displayName) ?? "";
  return (
    <>
      <Top title={t("note")} back="/" backLabel={t("back")} />
      <main class="page">
        <Refused onGivenUp={(step) => {
          if (step.method === "DraftNote" && step.call === call.name) setGivenUp(textOf(step));
        }} />
        {!note && loaded.error !== undefined && (
          <>
            <LoadError of={loaded} />
            <p class="small soft">{t("note_unread")}</p>
          </>
        )}
        {!text && loaded.loading && <Loading />}
        {signature ? <Notice tone="warn" icon="clock">{t(refused ? "sign_stopped" : "sign_unsent")}</Notice>
          : isSigned && !amending && <Notice tone="good" icon="check">{t("signed")}</Notice>}
        {signature && text && (
          <section class="card">
            <Facts rows={noteFields.map((field) => [noteFieldLabel(field), text[field] && <span class="pre">{text[field]}</span>])} />
          </section>
        )}
        {note && note.versions.length > 0 && (
          <section class="card"><NoteView note={note} personName={whoIs} /></section>
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
        <LoadError of={deliveries} />
        {note && note.versions.length > 0 && deliveries.loading && !deliveries.value?.length && <Loading />}
        {deliveries.value && deliveries.value.length > 0 && (
          <section class="card stack-tight">
            <h2>{t("deliveries")}</h2>
            {[...deliveries.value].sort((a, b) => b.noteVersion - a.noteVersion).map((each) => (
              <div class="stack-tight" key={each.name}>
                <div class="row row-between">
                  <span>{careRoleLabel(each.member!.role)} <span class="soft small">{several && t("of_version", { n: each.noteVersion })} {each.receipt && shortTime(each.receipt.time)}</span></span>
                  <Badge tone={each.state === DeliveryState.RECEIVED ? "good" : each.state === DeliveryState.FAILED ? "urgent" : "warn"}>{deliveryStateLabel(each.state)}</Badge>
                </div>
                {each.questions.map((question, index) => (
                  <Notice key={index} icon="note">
                    <p class="small soft">{t("question", { time: shortTime(question.time) })}</p>
                    <p class="pre">{question.text}</p>
                  </Notice>
                ))}
              </div>
            ))}
          </section>
        )}
        {text && (writing ? (
          <div class="foot stack-tight">
            <p class="small soft" role="status">{onlyHere ? t("only_here") : changed ? t("saving") : refused ? t("draft_refused")
              : lastDraft ? t("saved_here") : note ? t("saved") : ""}</p>
            <Button tone="primary" size="large" wide
              disabled={!noteFields.some((field) => text[field].trim()) || (refused && !changed)}
              onPress={async () => {
                // What is signed is what stands here, not what was sent last.
                if (changed || (!note && !lastDraft) || note?.state === NoteState.SIGNED) await save(text);
                setSigning(true);
              }}>{t("sign")}</Button>
          </div>
        ) : !signature && (
          <Button onPress={() => {
            setTyped(pick(note!.versions.at(-1)!.text ?? emptyText));
            setAmending(true);
          }}>{t("amend")}</Button>
        ))}
        {signing && text && (
          <Sign lane={lane} call={call.name} note={note} onClose={() => setSigning(false)} />
        )}
      </main>
    </>
  );
}

function pick(text: Partial<Text>): Text {
  return Object.fromEntries(noteFields.map((field) => [field, text[field] ?? ""])) as Text;
}

// What a DraftNote has in it.
function textOf(step: Step): Text {
  return pick((step.request as { text?: Partial<Text> }).text ?? {});
}

function isSame(a: Text, b: Text): boolean {
  return noteFields.every((field) => a[field] === b[field]);
}

function Sign({ lane, call, note, onClose }: {
  lane: string;
  call: string;
  note: Note | undefined;
  onClose: () => void;
}) {
  const [reason, setReason] = useState("");
  // Whether the draft has not reached the server yet: the signature follows it,
  // and its answer says what is signed (app/outbox.ts).
  const isDraftWaiting = () =>
    unsent.value.some((step) => step.method === "DraftNote" && step.lane === lane && step.call === call);
  const waiting = isDraftWaiting();
  const amends = (note?.versions.length ?? 0) > 0;
  return (
    <AskDialog title={t("sign_title")} action={t("sign")} onClose={onClose}
      ready={(!!note || waiting) && (!amends || reason.trim() !== "")}
      act={async () => {
        const signed = isDraftWaiting() ? {} : { note: note?.name ?? "", etag: note?.etag ?? "" };
        await perform("SignNote", lane, { ...signed, amendReason: reason }, call);
      }}>
      <p>{t("sign_note")}</p>
      {waiting && !reachable.value && <Notice tone="warn" icon="offline">{t("sign_offline")}</Notice>}
      {amends && <Field label={t("amend_reason")} value={reason} onChange={setReason} />}
    </AskDialog>
  );
}
