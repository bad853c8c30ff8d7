// Who is on duty tonight, who has come, and where the coming week has gaps.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { LiveBoard } from "../app/live_board";
import { allPages, rota } from "../app/rpc";
import { msOf, now } from "../app/clock";
import { center } from "../app/session";
import type { RotaDuty } from "../gen/housecall/v1/rota_pb";
import { namesOf } from "../records/patient_card";
import { clockTime, hours, longDate } from "../text/format";
import { gapsByHours, readGaps } from "../records/gaps";
import { roleLabel } from "../text/labels";
import { besideEachOther } from "../text/marks";
import { Badge, Empty, Failed, Loading, Phone, Table, useLoad } from "../ui/parts";
import { t } from "./texts";

export function useTonight() {
  return useLoad(async () => {
    const from = now.peek();
    const window = {
      parent: center.value,
      startTime: timestampFromMs(from),
      endTime: timestampFromMs(from + 16 * 3_600_000),
      pageSize: 500,
    };
    const duties = await allPages((pageToken) => rota.listRota({ ...window, pageToken }), (page) => page.rotaDuties);
    return { duties, gaps: await readGaps(from, from + 7 * 86_400_000) };
  }, []);
}

export function RotaTable({ board, duties }: { board: LiveBoard; duties: readonly RotaDuty[] }) {
  const names = namesOf(board);
  if (duties.length === 0) return <Empty icon="person">{t("nobody_on_rota")}</Empty>;
  return (
    <div class="scroll-x">
      <Table rows={duties} keyOf={(duty, index) => `${duty.person}-${index}`} columns={[
        { label: t("duty_role"), cell: (duty) => <>{roleLabel(duty.role)}{duty.reserve && <> <Badge>{t("reserve")}</Badge></>}</> },
        { label: t("name"), cell: (duty) => <b>{names.personName(duty.person)}</b> },
        { label: t("time"), nowrap: true, cell: (duty) => hours(duty.startTime, duty.endTime) },
        { label: t("car"), cell: (duty) => duty.car && names.carName(duty.car) },
        { label: t("phone"), nowrap: true, cell: (duty) => <Phone number={board.get("person", duty.person)?.phone ?? ""} /> },
        {
          label: t("duty"),
          nowrap: true,
          cell: (duty) => {
            const on = board.get("duty", duty.person);
            if ((msOf(duty.startTime) ?? 0) > now.peek()) return null;
            return on?.onDuty ? <Badge tone="good">{t("since", { time: clockTime(on.since) })}</Badge> : <Badge tone="warn">{t("not_on_duty")}</Badge>;
          },
        },
      ]} />
    </div>
  );
}

export function RotaPage({ board }: { board: LiveBoard }) {
  const loaded = useTonight();
  return (
    <main class="page page-wide">
      {loaded.error !== undefined && <Failed error={loaded.error} retry={loaded.reload} />}
      {!loaded.value && loaded.error === undefined && <Loading />}
      {loaded.value && (
        <>
          <section class="card stack-tight"><h2>{t("tonight")}</h2><RotaTable board={board} duties={loaded.value.duties} /></section>
          <section class="card stack-tight">
            <h2>{t("gaps")}</h2>
            {loaded.value.gaps.length === 0 ? <Empty icon="check">{t("no_gaps")}</Empty> : (
              <Table rows={gapsByHours(loaded.value.gaps)} keyOf={({ start, end }) => `${msOf(start)}-${msOf(end)}`} columns={[
                { label: t("period"), nowrap: true, cell: ({ start, end }) => besideEachOther([longDate(msOf(start) ?? 0), hours(start, end)]) },
                { label: t("nobody_for"), cell: ({ roles }) => <span class="row">{roles.map((role) => <Badge tone="warn" key={role}>{roleLabel(role)}</Badge>)}</span> },
              ]} />
            )}
          </section>
        </>
      )}
    </main>
  );
}
