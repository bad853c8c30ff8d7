// What has not reached the center yet, and what it did not take.
import type { LiveBoard } from "../app/live_board";
import type { Step } from "../app/outbox";
import { go, path } from "../app/router";
import { clockTime, idOf } from "../text/format";
import { Badge, Button, Failed, LinkButton, Loading } from "../ui/parts";
import { Refused } from "../ui/refused";
import { isBegun, openedDraft, patientOfWaiting, revise, waitingCalls } from "./draft";
import { t } from "./texts";

// The first screenful of a page that needs the board, while there is none.
export function BoardState({ board }: { board: LiveBoard }) {
  return board.problem.value !== undefined ? <Failed error={board.problem.value} retry={board.retry} /> : <Loading />;
}

// Refused steps of every call, so that none is left where nobody looks.
export function RefusedSteps({ except }: { except?: (step: Step) => boolean }) {
  return (
    <Refused {...(except ? { except } : {})} more={(step) => {
      if (step.method === "SubmitCall") return <ReviseButton step={step} />;
      const id = step.call && idOf(step.call);
      const isHere = path.value[0] === "calls" && path.value[1] === id;
      return id && !isHere ? <LinkButton href={`#/calls/${id}`}>{t("see_it")}</LinkButton> : null;
    }} />
  );
}

// Takes a refused call back into the form, unless another one is begun there.
export function ReviseButton({ step }: { step: Step }) {
  if (isBegun(openedDraft())) return <p class="small">{t("other_draft")} <a href="#/new">{t("draft_resume")}</a></p>;
  return (
    <Button tone="primary" onPress={async () => {
      await revise(step);
      go("/new");
    }}>{t("edit_again")}</Button>
  );
}

// Calls that wait for the network, as the open calls that they are to become.
export function WaitingCalls({ board }: { board: LiveBoard }) {
  const waiting = waitingCalls().filter((step) => !step.refusal);
  if (waiting.length === 0) return null;
  return (
    <ul class="stack-tight">
      {waiting.map((step) => {
        const { complaint, shortPatient } = step.request as { complaint?: string; shortPatient?: { displayName?: string } };
        const name = board.get("patient", patientOfWaiting(step))?.displayName ?? shortPatient?.displayName;
        return (
          <li key={step.key}>
            <a class="card card-link stack-tight" href={`#/calls/${idOf(step.lane)}`}>
              <div class="row row-between"><b>{name ?? complaint}</b><Badge tone="warn">{t("not_sent_short")}</Badge></div>
              {name && <span>{complaint}</span>}
              <span class="soft small">{clockTime(step.doneMs)}</span>
            </a>
          </li>
        );
      })}
    </ul>
  );
}
