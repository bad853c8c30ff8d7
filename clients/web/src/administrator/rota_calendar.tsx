// The rota as a month: who is on duty each night, where somebody is missing.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { allPages, rota, settled } from "../app/rpc";
import { msOf, now } from "../app/clock";
import { center } from "../app/session";
import { Role } from "../gen/housecall/v1/types_pb";
import { namesOf } from "../records/patient_card";
import { clockTime, dayOf, hours, instantOf } from "../text/format";
import { gapsByHours, readGaps, type Gap } from "../records/gaps";
import { roleLabel } from "../text/labels";
import { language } from "../text/language";
import { space, together } from "../text/marks";
import type { CalendarDay, Override, RotaDuty, Shift } from "../gen/housecall/v1/rota_pb";
import { Badge, Button, ErrorLine, Failed, Loading, useLoad } from "../ui/parts";
import { RowDialog } from "./administrator";
import type { Kind, Row } from "./kinds";
import { t } from "./texts";

function addDays(day: string, days: number): string {
  const date = new Date(day + "T00:00:00Z");
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

// By center and day. Holidays do not change: each day is asked for once.
const calendarDays = new Map<string, CalendarDay>();
const keyOf = (day: string) => `${center.peek()} ${day}`;

async function readCalendar(days: readonly string[]): Promise<void> {
  await Promise.all(days.filter((day) => !calendarDays.has(keyOf(day))).map(async (date) =>
    calendarDays.set(keyOf(date), await settled(() => rota.getCalendarDay({ parent: center.peek(), date })))));
}

const dayStartMs = (day: string) => instantOf(day);
// A night that ends by then belongs to the day on which it began.
const nightEndHours = 12;

// What of a gap stands on a day: a night whole on the day on which it begins, of
// several days each one's part. "": nothing.
export function gapHoursOn(day: string, gap: Gap): string {
  const start = msOf(gap.start) ?? 0;
  const end = msOf(gap.end) ?? 0;
  const from = dayStartMs(day);
  const to = dayStartMs(addDays(day, 1));
  const noon = nightEndHours * 3_600_000;
  if (start >= to || end <= from) return "";
  if (start < from && end <= from + noon) return "";
  const isLast = end <= to + noon;
  // What is over cannot be mended any more.
  if ((isLast ? end : to) <= now.peek()) return "";
  if (start >= from) return isLast ? hours(gap.start, gap.end) : `${clockTime(start)}–24:00`;
  if (!isLast) return t("all_day");
  return end === to ? t("all_day") : hours(timestampFromMs(from), gap.end);
}

interface Editing {
  readonly kind: Kind;
  readonly row: Row;
  readonly record?: unknown;
}

export function RotaCalendar({ board, ready, refresh, kindOf }: {
  board: LiveBoard;
  // Whether the board has people and cars by now; the rota is read beside them.
  ready: boolean;
  refresh: () => void;
  kindOf: (name: "shifts" | "overrides") => Kind;
}) {
  const [month, setMonth] = useState(() => dayOf(now.peek()).slice(0, 7));
  const [editing, setEditing] = useState<Editing>();
  const [trouble, setTrouble] = useState<unknown>();
  const add = (day: string) =>
    setEditing({ kind: kindOf("shifts"), row: { start: `${day} 18:00`, end: `${addDays(day, 1)} 08:00` } });
  // What a duty comes from, as it is now.
  const edit = async (duty: RotaDuty) => {
    setTrouble(undefined);
    try {
      const kind = kindOf(duty.override ? "overrides" : "shifts");
      const record = await settled<Shift | Override>(() =>
        duty.override ? rota.getOverride({ name: duty.override }) : rota.getShift({ name: duty.shift }));
      setEditing({ kind, row: kind.rowOf(record), record });
    } catch (error) {
      setTrouble(error);
    }
  };
  const first = month + "-01";
  const weekday = (new Date(first + "T00:00:00Z").getUTCDay() + 6) % 7;
  const start = addDays(first, -weekday);
  const days = Array.from({ length: 42 }, (_, index) => addDays(start, index));
  const weeks = days[35]!.slice(0, 7) === month ? 42 : 35;
  const loaded = useLoad(async () => {
    const window = {
      parent: center.value,
      startTime: timestampFromMs(instantOf(start)),
      endTime: timestampFromMs(instantOf(addDays(start, weeks))),
      pageSize: 1000,
    };
    const [duties, gaps] = await Promise.all([
      allPages((pageToken) => rota.listRota({ ...window, pageToken }), (page) => page.rotaDuties),
      readGaps(Math.max(now.peek(), dayStartMs(start)), dayStartMs(addDays(start, weeks))),
    ]);
    return { duties, gaps: gapsByHours(gaps) };
  }, [month]);
  // One question for each day, when the calendar stands: it is of use without.
  const shown = ready && !loaded.loading;
  useLoad(async () => {
    if (shown) await readCalendar(days.slice(0, weeks));
  }, [month, shown]);
  const names = namesOf(board);
  // From Sunday, as dates count them.
  const weekdays = t("weekdays").split(",");
  const move = (months: number) => {
    const date = new Date(first + "T00:00:00Z");
    date.setUTCMonth(date.getUTCMonth() + months);
    setMonth(date.toISOString().slice(0, 7));
  };
  const title = new Intl.DateTimeFormat(language.value === "ja" ? "ja-JP" : "en-GB", {
    year: "numeric",
    month: "long",
    timeZone: "UTC",
  }).format(new Date(first + "T00:00:00Z"));
  return (
    <main class="page page-calendar">
      <div class="row row-between">
        <h2>{t("rota")}{space()}{title}</h2>
        <div class="row">
          <Button size="small" onPress={() => move(-1)}>{t("month_before")}</Button>
          <Button size="small" onPress={() => move(1)}>{t("month_after")}</Button>
          <Button size="small" tone="primary" icon="plus" onPress={() => add(dayOf(now.peek()))}>{t("add_shift")}</Button>
        </div>
      </div>
      {loaded.error !== undefined && <Failed error={loaded.error} retry={loaded.reload} />}
      {trouble !== undefined && <ErrorLine error={trouble} />}
      {loaded.error === undefined && !(ready && loaded.value) && <Loading />}
      {ready && loaded.value && (
        <div class="scroll-x">
          <table class="calendar">
            <thead><tr>{[1, 2, 3, 4, 5, 6, 0].map((each) => <th key={each}>{weekdays[each]}</th>)}</tr></thead>
            <tbody>
              {Array.from({ length: weeks / 7 }, (_, week) => (
                <tr key={week}>
                  {days.slice(week * 7, week * 7 + 7).map((day) => {
                    const duties = loaded.value!.duties.filter((duty) => dayOf(msOf(duty.startTime) ?? 0) === day);
                    const gaps = loaded.value!.gaps.map((gap) => ({ roles: gap.roles, hours: gapHoursOn(day, gap) })).filter((gap) => gap.hours);
                    const calendarDay = calendarDays.get(keyOf(day));
                    return (
                      <td key={day} data-weekday={weekdays[new Date(day + "T00:00:00Z").getUTCDay()]}
                        class={[day.slice(0, 7) === month ? "" : "other-month", duties.length + gaps.length === 0 && day < dayOf(now.peek()) ? "idle" : "",
                          calendarDay?.feeHoliday ? "holiday" : ""].join(" ")}>
                        <div class="day-head">
                          <button type="button" class={`day ${day === dayOf(now.peek()) ? "today" : ""}`} aria-label={`${day} ${t("add_shift")}`}
                            onClick={() => add(day)}>{Number(day.slice(8))}</button>
                          {calendarDay && (calendarDay.nationalHoliday
                            ? <span class="holiday-name" lang="ja">{calendarDay.nationalHoliday}</span>
                            : calendarDay.feeHoliday && new Date(day + "T00:00:00Z").getUTCDay() !== 0 && <span class="holiday-name">{t("fee_holiday")}</span>)}
                        </div>
                        {duties.map((duty, index) => (
                          <button type="button" key={index} onClick={() => void edit(duty)}
                            title={t("edit")}
                            class={`shift shift-${duty.role === Role.PHYSICIAN ? "physician" : duty.role === Role.DRIVER ? "driver" : "operator"} ${duty.reserve ? "shift-reserve" : ""}`}>
                            <b>{names.personName(duty.person)}</b> {roleLabel(duty.role)}{duty.reserve && <> <Badge>{t("reserve")}</Badge></>}<br />
                            {hours(duty.startTime, duty.endTime)}
                          </button>
                        ))}
                        {gaps.map((gap, index) => (
                          <div class="shift shift-gap" key={"g" + index}><b>{t("gap")}: {together(gap.roles.map(roleLabel))}</b><br />{gap.hours}</div>
                        ))}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {editing && <RowDialog {...editing} onClose={() => setEditing(undefined)} onSaved={() => {
        refresh();
        loaded.reload();
      }} />}
    </main>
  );
}
