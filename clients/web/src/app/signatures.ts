// Which draft a signature signs: the last one of the same call before it. What a
// physician signs is what he had before him then, and never an older text.

// As much of a step as is needed to tell.
interface NoteStep {
  // Sorts in the order in which steps were done.
  readonly key: string;
  readonly method: string;
  readonly lane: string;
  // Two patients may be on one trip, and so two notes in one lane.
  readonly call: string;
  readonly refusal?: unknown;
}

// The signatures among these steps that sign this draft.
export function signaturesOf<S extends NoteStep>(draft: NoteStep, steps: readonly S[]): S[] {
  const isBehind = (step: NoteStep) =>
    step.lane === draft.lane && step.call === draft.call && step.key > draft.key;
  const next = steps.filter((step) => step.method === "DraftNote" && isBehind(step))
    .reduce((least, { key }) => (key < least ? key : least), "\uffff");
  return steps.filter((step) => step.method === "SignNote" && isBehind(step) && step.key < next);
}
