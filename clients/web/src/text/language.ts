// The language of the screens, and how catalogues are written. A catalogue has
// both languages for each key; the compiler refuses a key that is not there.
import { signal } from "@preact/signals";

export type Language = "ja" | "en";
export type Words = readonly [japanese: string, english: string];

const kept = localStorage.getItem("language");

// Japanese unless somebody chose otherwise on this device.
export const language = signal<Language>(kept === "en" ? "en" : "ja");

export function setLanguage(value: Language): void {
  localStorage.setItem("language", value);
  language.value = value;
  document.documentElement.lang = value;
}

document.documentElement.lang = language.value;

// Other windows of this browser follow.
window.addEventListener("storage", ({ key, newValue }) => {
  if (key === "language") setLanguage(newValue === "en" ? "en" : "ja");
});

export function say(words: Words): string {
  return words[language.value === "ja" ? 0 : 1];
}

// Makes the function that looks texts up: t("key"), with {name} replaced by
// parameters: t("key", { name: 3 }).
export function catalogue<K extends string>(texts: Record<K, Words>) {
  return (key: K, parameters?: Record<string, string | number>): string => {
    const text = say(texts[key]);
    if (!parameters) return text;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
      String(parameters[name] ?? whole),
    );
  };
}
