// A signed note, newest version first.
import type { Note, NoteText } from "../gen/housecall/v1/note_pb";
import { shortTime } from "../text/format";
import { catalogue } from "../text/language";
import { space } from "../text/marks";
import { Facts } from "../ui/parts";

const t = catalogue({
  version: ["第{n}版　{time} {who} 署名", "Version {n}, signed {time} by {who}"],
  amended: ["訂正理由", "Amended because"],
  findings: ["所見", "Findings"],
  diagnosis: ["診断", "Diagnosis"],
  treatment: ["処置", "Treatment"],
  prescriptions: ["処方", "Prescriptions"],
  advice: ["説明・助言", "Advice"],
  followUp: ["引継ぎ", "Follow-up"],
});

export const noteFields = [
  "findings",
  "diagnosis",
  "treatment",
  "prescriptions",
  "advice",
  "followUp",
] as const;
export type NoteField = (typeof noteFields)[number];

export function noteFieldLabel(field: NoteField): string {
  return t(field);
}

export function NoteTextView({ text }: { text: NoteText | undefined }) {
  return (
    <Facts rows={noteFields.map((field) => [
      t(field),
      text?.[field] ? <span class="pre">{text[field]}</span> : "",
    ] as const)} />
  );
}

export function NoteView({ note, personName }: {
  note: Note;
  personName: (name: string) => string;
}) {
  return (
    <div class="stack">
      {[...note.versions].reverse().map((version) => (
        <div class="stack-tight" key={version.number}>
          <p class="soft small">
            {t("version", {
              n: version.number,
              time: shortTime(version.signTime),
              who: personName(version.signedBy),
            })}
          </p>
          {version.amendReason && <p><b>{t("amended")}</b>{space()}{version.amendReason}</p>}
          <NoteTextView text={version.text} />
        </div>
      ))}
    </div>
  );
}
