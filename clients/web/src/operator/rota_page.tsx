// Who is on duty tonight, who has come, and where the coming week has gaps.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { LiveBoard } from "../app/live_board";
import { allPages, rota } from "../app/rpc";
import { msOf, now } from "../app/clock";
import { center } from "../app/session";
import type { RotaDuty } from "../gen/housecall/v1/rota_pb";
import { namesOf } from "../records/patient_card";
import { clockTime, hours, longDate } from "../text/format";
import { gapsByHours } from "../records/gaps";
import { roleLabel } from "../text/labels";
import { Badge, Empty, ErrorLine, Loading, Phone, useLoad } from "../ui/parts";
import { t } from "./texts";

export function useTonight() {
  return useLoad(async () => {
    const from = now.peek();
    const window = (hours: number) => ({
      parent: center.value,
      startTime: timestampFromMs(from),
      endTime: timestampFromMs(from + hours * 3_600_000),
      pageSize: 500,
    });
    const duties = await allPages((pageToken) => rota.listRota({ ...window(16), pageToken }), (page) => page.rotaDuties);
    const gaps = await allPages((pageToken) => rota.listCoverageGaps({ ...window(7 * 24), pageToken }), (page) => page.coverageGaps);
    return { duties, gaps };
  }, []);
}

export function RotaTable({ board, duties }: { board: LiveBoard; duties: readonly RotaDuty[] }) {
  const names = namesOf(board);
  return (
    <div class="scroll-x">
      <table>
        <thead><tr><th>{t("duty_role")}</th><th>{t("name")}</th><th>{t("time")}</th><th>{t("car")}</th><th>{t("phone")}</th><th>{t("duty")}</th></tr></thead>
        <tbody>
          {duties.map((duty, index) => {
            const now_ = board.get("duty", duty.person);
            const hasBegun = (msOf(duty.startTime) ?? 0) <= now.peek();
            return (
              <tr key={index}>
                <td>{roleLabel(duty.role)}{duty.reserve && <> <Badge>{t("reserve")}</Badge></>}</td>
                <td><b>{names.personName(duty.person)}</b></td>
                <td class="nowrap">{hours(duty.startTime, duty.endTime)}</td>
                <td>{duty.car && names.carName(duty.car)}</td>
                <td><Phone number={board.get("person", duty.person)?.phone ?? ""} /></td>
                <td>{hasBegun && (now_?.onDuty ? <Badge tone="good">{clockTime(now_.since)}〜</Badge> : <Badge tone="warn">{t("not_on_duty")}</Badge>)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

export function RotaPage({ board }: { board: LiveBoard }) {
  const loaded = useTonight();
  return (
    <main class="page page-wide">
      {loaded.error !== undefined && <ErrorLine error={loaded.error} />}
      {!loaded.value && loaded.error === undefined && <Loading />}
      {loaded.value && (
        <>
          <section class="card stack-tight"><h2>{t("tonight")}</h2><RotaTable board={board} duties={loaded.value.duties} /></section>
          <section class="card stack-tight">
            <h2>{t("gaps")}</h2>
            {loaded.value.gaps.length === 0 ? <Empty icon="check">{t("no_gaps")}</Empty> : (
              <table>
                <thead><tr><th>{t("period")}</th><th>{t("nobody_for")}</th></tr></thead>
                <tbody>
                  {gapsByHours(loaded.value.gaps).map(({ start, end, roles }) => (
                    <tr key={`${msOf(start)}-${msOf(end)}`}>
                      <td class="nowrap">{longDate(msOf(start) ?? 0)}　{hours(start, end)}</td>
                      <td><span class="row">{roles.map((role) => <Badge tone="warn" key={role}>{roleLabel(role)}</Badge>)}</span></td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
          </section>
        </>
      )}
    </main>
  );
}
