// The operator's face: the night on one large screen.
import "../style/operator.css";
import { computed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { LiveBoard } from "../app/live_board";
import { now } from "../app/clock";
import { path } from "../app/router";
import { canSound, wantSound } from "../app/sound";
import { center, centerName, session } from "../app/session";
import { Role } from "../gen/housecall/v1/types_pb";
import { isOver } from "../records/call_view";
import { clockTime, longDate } from "../text/format";
import { Badge, Button, ConnectionBar, Failed, Loading } from "../ui/parts";
import { Icon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { muted, setMuted, soundWhile } from "./alarm";
import { BoardPage } from "./board_page";
import { DeliveriesPage } from "./deliveries_page";
import { HandoverPage } from "./handover_page";
import { pickedPoint } from "./map_panel";
import { isLate } from "./queue";
import { RotaPage } from "./rota_page";
import { t } from "./texts";

export function openTasks(board: LiveBoard) {
  return board.all("task").filter((task) => !task.resolved);
}

export default function Operator() {
  const board = useMemo(() => new LiveBoard(center.value), []);
  useEffect(() => board.start(), []);
  const unseen = useMemo(
    () => computed(() => openTasks(board).some((task) => !task.acknowledged)),
    [],
  );
  useEffect(() => soundWhile(unseen), []);
  useEffect(wantSound, []);
  // Where a patient lives, perhaps: not for whoever logs in next.
  useEffect(() => () => {
    pickedPoint.value = undefined;
  }, []);
  return (
    <div class="desk">
      <Head board={board} />
      <ConnectionBar connection={board.connection.value} />
      {unseen.value && (muted.value || !canSound.value) && (
        <div class="bar" role="status"><Icon name="bell" />{t(muted.value ? "sound_muted" : "sound_silent")}</div>
      )}
      {board.loaded.value ? <Page board={board} /> : (
        <main class="page">{board.problem.value ? <Failed error={board.problem.value} /> : <Loading />}</main>
      )}
    </div>
  );
}

function Page({ board }: { board: LiveBoard }) {
  switch (path.value[0]) {
    case "rota":
      return <RotaPage board={board} />;
    case "deliveries":
      return <DeliveriesPage board={board} />;
    case "handover":
      return <HandoverPage board={board} />;
    default:
      return <BoardPage board={board} />;
  }
}

function Head({ board }: { board: LiveBoard }) {
  const open = board.all("call").filter((call) => !isOver(call));
  const policy = session.value?.center.policy;
  const late = open.filter((call) => isLate(call, policy)).length;
  const duties = board.all("duty").filter((duty) => duty.onDuty);
  const place = path.value[0] ?? "";
  const link = (to: string, label: string) => (
    <a href={"#/" + to} aria-current={place === to || (to === "" && place === "calls") ? "page" : undefined}>{label}</a>
  );
  return (
    <header class="top desk-top">
      <h1>{centerName.value}</h1>
      <nav>
        {link("", t("board"))}
        {link("rota", t("rota"))}
        {link("deliveries", t("deliveries"))}
        {link("handover", t("handover"))}
      </nav>
      <div class="desk-figures">
        <span>{t("open", { n: open.length })}</span>
        {late > 0 && <Badge tone="urgent">{t("late", { n: late })}</Badge>}
        <span class="desk-duty">
          {t("on_duty", {
            p: duties.filter((duty) => duty.role === Role.PHYSICIAN).length,
            d: duties.filter((duty) => duty.role === Role.DRIVER).length,
          })}
        </span>
      </div>
      <time class="desk-clock"><span class="desk-date">{longDate(now.value)}</span> <b>{clockTime(now.value)}</b></time>
      <span class="desk-sound">
        <Button size="small" icon="bell" label={t(muted.value ? "sound_off" : "sound_on")} pressed={!muted.value} onPress={() => setMuted(!muted.value)}>
          <span class="desk-sound-words">{t(muted.value ? "sound_off" : "sound_on")}</span>
        </Button>
      </span>
      <Menu />
    </header>
  );
}
