// What the server did not take: the person decides. What stands behind a refused
// step waits until he has.
import type { ComponentChildren } from "preact";
import { giveUp, refused, sendAgain, signedWith, type Step } from "../app/outbox";
import { noteFieldLabel, noteFields } from "../records/note_view";
import { clockTime } from "../text/format";
import { catalogue } from "../text/language";
import { stepName } from "../text/steps";
import { Button, FailureText, Notice } from "./parts";

const t = catalogue({
  refused: ["受け付けられなかった操作: {step}", "Refused: {step}"],
  refused_note: ["センターで受け付けられませんでした。送り直すか、送るのをやめるかを選んでください", "The center did not take it: send it again, or give it up"],
  again: ["もう一度送る", "Send again"],
  give_up: ["送るのをやめる", "Give it up"],
  with_signature: [
    "送るのをやめると、この記録への署名も取り消されます。前の内容のまま署名されることはありません",
    "If you give it up, your signature goes with it: no older text is signed",
  ],
  done_at: ["{time}に操作", "done at {time}"],
});

// What the person wrote, so that he knows what is at stake.
function wordsOf(step: Step): string {
  const { complaint, text, reason } = step.request as Partial<Record<string, unknown>>;
  const note = step.method === "DraftNote" ? (text as Partial<Record<string, string>>) : {};
  return [
    ...[complaint, text, reason].filter((each) => typeof each === "string"),
    ...noteFields.flatMap((field) => (note[field] ? [`${noteFieldLabel(field)}: ${note[field]}`] : [])),
  ].join("\n");
}

export function Refused(props: {
  // Those that are shown elsewhere.
  except?: (step: Step) => boolean;
  // What else can be done about a step than sending it again.
  more?: (step: Step) => ComponentChildren;
  onGivenUp?: (step: Step) => void;
}) {
  const steps = refused.value.filter((step) => !props.except?.(step));
  if (steps.length === 0) return null;
  return (
    <section class="stack">
      {steps.map((step) => (
        <Notice key={step.key} tone="urgent" icon="alert" alert>
          <p class="strong">{t("refused", { step: stepName(step.method) })}</p>
          {wordsOf(step) && <p class="pre">{wordsOf(step)}</p>}
          <p class="small">{t("done_at", { time: clockTime(step.doneMs) })}</p>
          <div><FailureText failure={step.refusal!} /></div>
          <p class="small">{t("refused_note")}</p>
          {signedWith(step).length > 0 && <p class="small">{t("with_signature")}</p>}
          <div class="row">
            {props.more?.(step)}
            <Button onPress={() => sendAgain(step)}>{t("again")}</Button>
            <Button tone="urgent-quiet" onPress={async () => {
              await giveUp(step);
              props.onGivenUp?.(step);
            }}>{t("give_up")}</Button>
          </div>
        </Notice>
      ))}
    </section>
  );
}
