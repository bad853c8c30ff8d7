// Times, ages and names as people read them. Civil times are the center's, not
// the device's.
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { signal } from "@preact/signals";
import { msOf, now } from "../app/clock";
import { catalogue, language } from "./language";

// IANA name, the center's once it is known.
export const timeZone = signal("Asia/Tokyo");

const t = catalogue({
  now: ["たった今", "just now"],
  minutes_ago: ["{n}分前", "{n} min ago"],
  hours_ago: ["{n}時間前", "{n} h ago"],
  days_ago: ["{n}日前", "{n} days ago"],
  months_ago: ["約{n}か月前", "about {n} months ago"],
  minutes: ["{n}分", "{n} min"],
  seconds: ["{n}秒", "{n} s"],
  hours_minutes: ["{h}時間{n}分", "{h} h {n} min"],
  hours: ["{h}時間", "{h} h"],
  next_day: ["翌{time}", "{time} next day"],
  years_old: ["{n}歳", "{n} y"],
});

const formats = new Map<string, Intl.DateTimeFormat>();

// Kept: making one costs more than using it a hundred times.
function format(
  options: Intl.DateTimeFormatOptions,
  locale = language.value === "ja" ? "ja-JP" : "en-GB",
): Intl.DateTimeFormat {
  const key = locale + timeZone.value + JSON.stringify(options);
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, { timeZone: timeZone.value, ...options });
    formats.set(key, found);
  }
  return found;
}

// "21:45".
export function clockTime(time: Timestamp | number | undefined): string {
  const ms = typeof time === "number" ? time : msOf(time);
  if (ms === undefined) return "";
  return format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(ms);
}

// "21:45" today, "11/20 21:45" on another day.
export function shortTime(time: Timestamp | number | undefined): string {
  const ms = typeof time === "number" ? time : msOf(time);
  if (ms === undefined) return "";
  if (dayOf(ms) === dayOf(now.value)) return clockTime(ms);
  return format({
    month: "numeric",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(ms);
}

// "18:00–翌8:00": from one instant to another, as a rota says it.
export function hours(start: Timestamp | undefined, end: Timestamp | undefined): string {
  const from = msOf(start);
  const to = msOf(end);
  if (from === undefined || to === undefined) return "";
  const days = Math.round((Date.parse(dayOf(to)) - Date.parse(dayOf(from))) / 86_400_000);
  const until = days === 0 ? clockTime(to) : days === 1 ? t("next_day", { time: clockTime(to) }) : shortTime(to);
  return `${clockTime(from)}–${until}`;
}

export function longDate(ms: number): string {
  return format({ month: "long", day: "numeric", weekday: "short" }).format(ms);
}

export function fullDate(ms: number): string {
  return format({ year: "numeric", month: "long", day: "numeric" }).format(ms);
}

// YYYY-MM-DD in the center's time zone.
export function dayOf(ms: number): string {
  return format({ year: "numeric", month: "2-digit", day: "2-digit" }, "sv-SE").format(ms);
}

// The instant of a civil time in the center's time zone; "2026-11-21T18:00".
export function instantOf(civil: string): number {
  const wanted = Date.parse(civil + (civil.length === 10 ? "T00:00:00Z" : "Z"));
  let guess = wanted;
  // Twice: the offset may differ on the two sides of a change of clocks.
  for (let i = 0; i < 2; i++) guess = wanted - (civilMs(guess) - guess);
  return guess;
}

function civilMs(ms: number): number {
  const text = format({ dateStyle: "short", timeStyle: "medium" }, "sv-SE").format(ms);
  return Date.parse(text.replace(" ", "T") + "Z");
}

// "YYYY-MM-DDThh:mm" in the center's time zone, for date inputs.
export function civilInput(ms: number): string {
  return new Date(civilMs(ms)).toISOString().slice(0, 16);
}

// "5分前". By the server's clock.
export function age(time: Timestamp | undefined): string {
  const ms = msOf(time);
  if (ms === undefined) return "";
  const minutes = Math.floor((now.value - ms) / 60000);
  if (minutes < 1) return t("now");
  if (minutes < 60) return t("minutes_ago", { n: minutes });
  if (minutes < 48 * 60) return t("hours_ago", { n: Math.floor(minutes / 60) });
  const days = Math.floor(minutes / 1440);
  if (days < 60) return t("days_ago", { n: days });
  return t("months_ago", { n: Math.round(days / 30) });
}

// "1時間20分".
export function span(ms: number): string {
  const total = Math.round(Math.abs(ms) / 60000);
  const h = Math.floor(total / 60);
  const n = total % 60;
  if (h === 0) return t("minutes", { n });
  return n === 0 ? t("hours", { h }) : t("hours_minutes", { h, n });
}

export function durationMs(duration: Duration | undefined): number | undefined {
  if (!duration) return undefined;
  return Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

// "1:05", for countdowns; never negative.
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

export function kilometers(meters: number): string {
  return `${(meters / 1000).toFixed(meters < 10000 ? 1 : 0)} km`;
}

// "81歳", or "" where the date is not known.
export function yearsOld(birthDate: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(birthDate)) return "";
  const today = dayOf(now.value);
  const had = today.slice(5) >= birthDate.slice(5) ? 0 : 1;
  return t("years_old", { n: Number(today.slice(0, 4)) - Number(birthDate.slice(0, 4)) - had });
}

// The last part of a resource's name.
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

// What a call is called on the phone: the end of its id, in capitals.
export function receiptNumber(callName: string): string {
  return idOf(callName).replace(/-/g, "").slice(-6).toUpperCase();
}
