// What stands between words: Japanese has its own marks for it.
import { catalogue } from "./language";

const t = catalogue({
  and: ["、", ", "],
  with: ["・", ", "],
  apart: ["　", " · "],
  space: ["　", " "],
  next: ["。", ". "],
  end: ["。", "."],
  aside: ["{text}（{more}）", "{text} ({more})"],
});

type Words = readonly (string | undefined | false)[];

function join(words: Words, mark: string): string {
  return words.filter(Boolean).join(mark);
}

// "頭痛、発熱": a list. What is empty is left out, here and below.
export function listed(words: Words): string {
  return join(words, t("and"));
}

// "佐藤 明・山田 隆・1号車": what belongs together.
export function together(words: Words): string {
  return join(words, t("with"));
}

// Facts beside each other on one line.
export function besideEachOther(words: Words): string {
  return join(words, t("apart"));
}

// The same between elements, and after a label in bold.
export function apart(): string {
  return t("apart");
}
export function space(): string {
  return t("space");
}

export function sentences(words: Words): string {
  return join(words, t("next"));
}

// A sentence by itself.
export function sentence(words: string): string {
  return words + t("end");
}

// "1号車（故障）"; the first alone if there is no more to say.
export function withAside(text: string, more: string): string {
  return more ? t("aside", { text, more }) : text;
}
