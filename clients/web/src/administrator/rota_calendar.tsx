// The rota as a month: who is on duty each night, where somebody is missing.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { allPages, rota } from "../app/rpc";
import { msOf, now } from "../app/clock";
import { center } from "../app/session";
import { Role } from "../gen/housecall/v1/types_pb";
import { namesOf } from "../records/patient_card";
import { dayOf, hours, instantOf } from "../text/format";
import { gapsByHours } from "../records/gaps";
import { roleLabel } from "../text/labels";
import { language } from "../text/language";
import { Button, Failed, Loading, useLoad } from "../ui/parts";
import { RowDialog } from "./administrator";
import type { Kind, Row } from "./kinds";
import { t } from "./texts";

function addDays(day: string, days: number): string {
  const date = new Date(day + "T00:00:00Z");
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

export function RotaCalendar({ board, shifts }: { board: LiveBoard; shifts: Kind }) {
  const [month, setMonth] = useState(() => dayOf(now.peek()).slice(0, 7));
  const [adding, setAdding] = useState<Row>();
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
    const duties = await allPages((pageToken) => rota.listRota({ ...window, pageToken }), (page) => page.rotaDuties);
    const gaps = await allPages((pageToken) => rota.listCoverageGaps({ ...window, pageToken }), (page) => page.coverageGaps);
    // What is over cannot be mended any more.
    return { duties, gaps: gaps.filter((gap) => (msOf(gap.endTime) ?? 0) > now.peek()) };
  }, [month]);
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
        <h2>{t("rota")}　{title}</h2>
        <div class="row">
          <Button size="small" onPress={() => move(-1)}>{t("month_before")}</Button>
          <Button size="small" onPress={() => move(1)}>{t("month_after")}</Button>
          <Button size="small" tone="primary" icon="plus" onPress={() => setAdding({ start: `${dayOf(now.peek())} 18:00`, end: `${addDays(dayOf(now.peek()), 1)} 08:00` })}>{t("add_shift")}</Button>
        </div>
      </div>
      {loaded.error !== undefined && <Failed error={loaded.error} retry={loaded.reload} />}
      {loaded.loading && !loaded.value && <Loading />}
      {loaded.value && (
        <div class="scroll-x">
          <table class="calendar">
            <thead><tr>{[1, 2, 3, 4, 5, 6, 0].map((each) => <th key={each}>{weekdays[each]}</th>)}</tr></thead>
            <tbody>
              {Array.from({ length: weeks / 7 }, (_, week) => (
                <tr key={week}>
                  {days.slice(week * 7, week * 7 + 7).map((day) => {
                    const duties = loaded.value!.duties.filter((duty) => dayOf(msOf(duty.startTime) ?? 0) === day);
                    const gaps = gapsByHours(loaded.value!.gaps.filter((gap) => dayOf(msOf(gap.startTime) ?? 0) === day));
                    return (
                      <td key={day} data-weekday={weekdays[new Date(day + "T00:00:00Z").getUTCDay()]}
                        class={[day.slice(0, 7) === month ? "" : "other-month", duties.length + gaps.length === 0 ? "idle" : ""].join(" ")}>
                        <button type="button" class={`day ${day === dayOf(now.peek()) ? "today" : ""}`} aria-label={`${day} ${t("add_shift")}`}
                          onClick={() => setAdding({ start: `${day} 18:00`, end: `${addDays(day, 1)} 08:00` })}>{Number(day.slice(8))}</button>
                        {duties.map((duty, index) => (
                          <div class={`shift shift-${duty.role === Role.PHYSICIAN ? "physician" : duty.role === Role.DRIVER ? "driver" : "operator"}`} key={index}>
                            <b>{names.personName(duty.person)}</b> {roleLabel(duty.role)}<br />
                            {hours(duty.startTime, duty.endTime)}
                          </div>
                        ))}
                        {gaps.map((gap, index) => (
                          <div class="shift shift-gap" key={"g" + index}><b>{t("gap")}: {gap.roles.map(roleLabel).join("・")}</b><br />{hours(gap.start, gap.end)}</div>
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
      {adding && <RowDialog kind={shifts} row={adding} onClose={() => setAdding(undefined)} onSaved={loaded.reload} />}
    </main>
  );
}
