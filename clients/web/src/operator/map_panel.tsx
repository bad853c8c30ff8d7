// The map panel; the map itself is loaded when it is first shown, because it is
// as large as everything else together.
import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LiveBoard } from "../app/live_board";
import { session } from "../app/session";
import { CallState, type Call } from "../gen/housecall/v1/call_pb";
import { Role, Urgency, type LatLng } from "../gen/housecall/v1/types_pb";
import { AssignmentState } from "../gen/housecall/v1/visit_pb";
import { msOf, now } from "../app/clock";
import { hasArrived, isOver } from "../records/call_view";
import { clockTime, durationMs } from "../text/format";
import { Button, Loading } from "../ui/parts";
import type { MapLine, MapPoint, RoadMap } from "./road_map";
import { advice } from "./advice";
import { Routes } from "./routes";
import { patientNameOf } from "./board_page";
import { t } from "./texts";

// What a map of `housecall-map demo-town` says whom it is from.
const inventedTown = "An invented town; no such place exists";

// Where somebody right-clicked on the map last.
export const pickedPoint = signal<{ latitude: number; longitude: number } | undefined>(undefined);

export function BoardMap({ board, chosen, onChoose }: {
  board: LiveBoard;
  chosen: Call | undefined;
  onChoose: (call: Call) => void;
}) {
  const element = useRef<HTMLDivElement>(null);
  const map = useRef<RoadMap>();
  const [state, setState] = useState<"loading" | "roads" | "no_roads" | "failed">("loading");
  const routes = useMemo(() => new Routes(), []);
  const [attribution, setAttribution] = useState("");
  const [turn, setTurn] = useState(0);
  const calls = board.all("call").filter((call) => !isOver(call) && !isPaper(call) && call.place?.position);
  const duties = board.all("duty").filter((duty) => duty.onDuty && duty.role !== Role.OPERATOR);

  // Where everything that matters is: open calls, and the crews.
  const everywhere = () => [
    ...calls.map((call) => coordinates(call.place!.position!)),
    ...duties.flatMap((duty) => {
      const at = board.get("position", duty.name)?.position;
      return at ? [coordinates(at)] : [];
    }),
  ];

  useEffect(() => {
    let over = false;
    let opened: RoadMap | undefined;
    setState("loading");
    const observer = new MutationObserver(() => opened?.setNight(isNight()));
    observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    void import("./road_map").then(
      async ({ openRoadMap }) => {
        if (over || !element.current) return;
        try {
          const made = await openRoadMap(element.current, {
            center: session.value?.center.position,
            night: isNight(),
            onChoose: (name) => {
              const call = board.get("call", name);
              if (call) onChoose(call);
            },
            onPick: (point) => (pickedPoint.value = point),
          });
          if (over) return made.close();
          map.current = opened = made;
          opened.setNight(isNight());
          opened.frame(everywhere(), "at_once");
          setAttribution(opened.attribution ?? "");
          setState(opened.attribution === undefined ? "no_roads" : "roads");
        } catch {
          setState("failed");
        }
      },
      () => setState("failed"),
    );
    return () => {
      over = true;
      observer.disconnect();
      opened?.close();
      map.current = undefined;
    };
  }, [turn]);

  useEffect(() => {
    const staleMs = durationMs(session.value?.center.policy?.positionStaleAfter) ?? 300_000;
    const points: MapPoint[] = calls.map((call) => ({
      name: call.name,
      kind: "call",
      tone: call.state === CallState.EMERGENCY_119 || call.urgency === Urgency.URGENT ? "urgent"
        : call.urgency === Urgency.STANDARD ? "warn" : "plain",
      label: patientNameOf(call, board),
      note: call.name === chosen?.name || calls.length <= 40 ? patientNameOf(call, board) : "",
      chosen: call.name === chosen?.name,
      at: coordinates(call.place!.position!),
    }));
    const lines: MapLine[] = [];
    const under = board.all("assignment").filter((each) =>
      each.state === AssignmentState.EN_ROUTE || each.state === AssignmentState.ACCEPTED);
    const chosenDriver = under.find((each) => each.name === chosen?.assignment)?.driver;
    const busy = new Set(under.flatMap((each) => [each.physician, each.driver]));
    const etaOf = (person: string) =>
      clockTime(under.find((each) => (each.driver || each.physician) === person)?.estimate?.arriveTime);
    for (const duty of duties) {
      const position = board.get("position", duty.name);
      if (!position?.position) continue;
      points.push({
        name: duty.name,
        kind: duty.role === Role.DRIVER ? "car" : "physician",
        tone: now.peek() - (msOf(position.deviceTime) ?? 0) > staleMs ? "stale" : "plain",
        label: board.get("person", duty.name)?.displayName ?? "",
        // Hundreds of names would hide the map, and cost more than all the rest.
        note: duties.length <= 60 || duty.name === chosenDriver
          ? [duty.car && board.get("car", duty.car)?.displayName, etaOf(duty.name)].filter(Boolean).join(" → ") : "",
        chosen: false,
        at: coordinates(position.position),
      });
    }
    for (const duty of duties) {
      const there = advice.value && duty.standby?.position;
      const from = board.get("position", duty.name)?.position;
      if (!there || busy.has(duty.name)) continue;
      points.push({
        name: `${duty.name}/standby`,
        kind: "standby",
        tone: "plain",
        label: t("standby_of", { who: board.get("person", duty.name)?.displayName ?? "" }),
        note: "",
        chosen: false,
        at: coordinates(there),
      });
      if (from) lines.push({ onRoads: false, chosen: false, points: [coordinates(from), coordinates(there)] });
    }
    for (const assignment of under) {
      const from = board.get("position", assignment.driver || assignment.physician)?.position;
      const call = board.get("call", assignment.calls[0] ?? "");
      if (!from || !call?.place?.position || hasArrived(call)) continue;
      const way = routes.get(assignment.name);
      lines.push({
        onRoads: way.length > 1,
        chosen: call.name === chosen?.name,
        points: way.length > 1 ? way : [coordinates(from), coordinates(call.place.position)],
        ...(way.length > 1 && { ahead: { at: coordinates(from), next: nextOf(way, coordinates(from)) } }),
      });
    }
    // The chosen one's first.
    routes.want([...under].sort((a, b) =>
      Number(b.name === chosen?.assignment) - Number(a.name === chosen?.assignment)));
    map.current?.show(points, lines);
  }, [board.version.value, board.moved.value, routes.version.value, chosen?.name, state, advice.value]);

  useEffect(() => {
    const position = chosen?.place?.position;
    if (!position) return;
    // With its crew while that is on its way.
    const assignment = chosen && !hasArrived(chosen) ? board.get("assignment", chosen.assignment) : undefined;
    const crew = assignment && board.get("position", assignment.driver || assignment.physician)?.position;
    map.current?.frame([position, ...(crew ? [crew] : [])].map(coordinates), "flying");
  }, [chosen?.name, chosen?.assignment, state]);

  return (
    <section class="panel map-panel" aria-label={t("map")}>
      <div class="map-frame">
        <div ref={element} class="map" role="img" key={turn} aria-label={t("map_label", { calls: calls.length, cars: duties.length })} />
        {state === "loading" && <div class="map-state"><Loading /></div>}
        {state === "failed" && (
          <div class="map-state">
            <p>{t("map_failed")}</p>
            <Button size="small" onPress={() => setTurn(turn + 1)}>{t("map_retry")}</Button>
          </div>
        )}
        {(state === "roads" || state === "no_roads") && (
          <div class="map-all"><Button size="small" onPress={() => map.current?.frame(everywhere(), "flying")}>{t("map_all")}</Button></div>
        )}
      </div>
      <p class="map-legend">
        <span><i class="dot dot-urgent" /><i class="dot dot-warn" /><i class="dot" />{t("legend_call")}</span>
        <span><i class="dot dot-car" />{t("legend_car")}</span>
        <span><i class="dot dot-physician" />{t("legend_physician")}</span>
        <span><i class="dot dot-stale" />{t("legend_stale")}</span>
        {advice.value && <span><i class="dot dot-standby" />{t("legend_standby")}</span>}
      </p>
      <p class="map-note small">
        {state === "no_roads" && t("map_no_roads")}
        {state === "roads" && (attribution === inventedTown ? t("map_invented") : attribution)}
      </p>
    </section>
  );
}

// The point of a way that follows the part nearest to a place.
function nextOf(way: readonly [number, number][], [lng, lat]: readonly [number, number]): number {
  const stretch = Math.cos((lat * Math.PI) / 180);
  let best = 1;
  let bestSquare = Infinity;
  for (let i = 1; i < way.length; i++) {
    const [ax, ay] = [(way[i - 1]![0] - lng) * stretch, way[i - 1]![1] - lat];
    const [dx, dy] = [(way[i]![0] - lng) * stretch - ax, way[i]![1] - lat - ay];
    const length = dx * dx + dy * dy;
    const share = length === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / length));
    const square = (ax + share * dx) ** 2 + (ay + share * dy) ** 2;
    if (square < bestSquare) [best, bestSquare] = [i, square];
  }
  return best;
}

function isNight(): boolean {
  return document.documentElement.dataset.theme === "night";
}

function isPaper(call: Call): boolean {
  return call.state === CallState.DEPARTED_SCENE || call.state === CallState.NOTE_SENT;
}

function coordinates(point: LatLng): [number, number] {
  return [point.longitude, point.latitude];
}
