// MapLibre with the center's own roads and nothing from elsewhere: no tiles, no
// fonts, no styles of other hosts. What moves is drawn over it (map_overlay.ts).
import "maplibre-gl/dist/maplibre-gl.css";
import maplibregl, { type Map as MapLibre } from "maplibre-gl/dist/maplibre-gl-csp";
import worker from "maplibre-gl/dist/maplibre-gl-csp-worker?url";
import type { LatLng } from "../gen/housecall/v1/types_pb";
import { Overlay } from "./map_overlay";

export interface MapPoint {
  readonly name: string;
  readonly kind: "call" | "car" | "physician" | "standby";
  readonly tone: "urgent" | "warn" | "plain" | "stale";
  readonly label: string;
  // Written beside the point as long as there is room.
  readonly note: string;
  readonly chosen: boolean;
  // Longitude, latitude.
  readonly at: [number, number];
}

export interface MapLine {
  // On the roads; else as the crow flies, and dashed.
  readonly onRoads: boolean;
  readonly chosen: boolean;
  readonly points: readonly [number, number][];
  // Of a way along which somebody drives: where he is, and the first of the
  // points that is still before him.
  readonly ahead?: { readonly at: [number, number]; readonly next: number };
}

export interface RoadMap {
  // Whom the roads are from; undefined: there are none.
  readonly attribution: string | undefined;
  show(points: readonly MapPoint[], lines: readonly MapLine[]): void;
  // Brings these into sight, at once or by a short flight.
  frame(points: readonly [number, number][], how: "at_once" | "flying"): void;
  setNight(night: boolean): void;
  close(): void;
}

interface Options {
  center: LatLng | undefined;
  night: boolean;
  onChoose: (call: string) => void;
  onPick: (point: { latitude: number; longitude: number }) => void;
}

// As `housecall-map roads` writes them.
type Roads = GeoJSON.FeatureCollection & { attribution?: string };

const roadsAddress = "/map/roads.geojson";

// Not nearer than this, however close together they are.
const nearestZoom = 14.5;

const paintOf = (night: boolean) => ({
  ground: night ? "#0f1922" : "#eef1f4",
  road: night ? "#33475a" : "#c3ccd6",
});

// Throws where the browser has no WebGL.
export async function openRoadMap(element: HTMLElement, options: Options): Promise<RoadMap> {
  maplibregl.setWorkerUrl(worker);
  const roads = await readRoads();
  const paint = paintOf(options.night);
  const map: MapLibre = new maplibregl.Map({
    container: element,
    attributionControl: false,
    center: options.center ? [options.center.longitude, options.center.latitude] : [139.4, 35.7],
    zoom: 13,
    maxPitch: 0,
    dragRotate: false,
    fadeDuration: 0,
    style: {
      version: 8,
      transition: { duration: 0, delay: 0 },
      sources: {
        roads: { type: "geojson", data: roads ?? { type: "FeatureCollection", features: [] } },
      },
      layers: [
        { id: "ground", type: "background", paint: { "background-color": paint.ground } },
        {
          id: "roads",
          type: "line",
          source: "roads",
          paint: {
            "line-color": paint.road,
            "line-width": [
              "interpolate", ["linear"], ["zoom"],
              11, ["match", ["get", "class"], ["motorway", "trunk", "primary"], 1.6, ["secondary", "tertiary"], 0.9, 0.2],
              16, ["match", ["get", "class"], ["motorway", "trunk", "primary"], 7, ["secondary", "tertiary"], 5, 2.5],
            ],
          },
        },
      ],
    },
  });
  const overlay = new Overlay(map, options.night);
  const tip = document.createElement("div");
  tip.className = "map-tip";
  tip.hidden = true;
  element.append(tip);
  map.on("mousemove", ({ point }) => {
    const found = overlay.at(point);
    tip.textContent = found?.label ?? "";
    tip.style.transform = `translate(${point.x + 12}px, ${point.y + 12}px)`;
    tip.hidden = !found?.label;
    map.getCanvas().style.cursor = found?.kind === "call" ? "pointer" : "";
  });
  map.on("mouseout", () => (tip.hidden = true));
  map.on("click", ({ point }) => {
    const found = overlay.at(point, "call");
    if (found) options.onChoose(found.name);
  });
  map.on("contextmenu", (event) =>
    options.onPick({ latitude: event.lngLat.lat, longitude: event.lngLat.lng }));
  await new Promise<void>((resolve, reject) => {
    map.once("load", () => resolve());
    map.once("error", (event) => reject(event.error));
  });
  return {
    attribution: roads && (roads.attribution ?? ""),
    show: (points, lines) => overlay.show(points, lines),
    frame: (points, how) => {
      if (points.length === 0) return;
      const bounds = new maplibregl.LngLatBounds();
      for (const point of points) bounds.extend(point);
      map.fitBounds(bounds, { padding: 48, maxZoom: nearestZoom, animate: how === "flying", duration: 300 });
    },
    setNight: (night) => {
      const { ground, road } = paintOf(night);
      map.setPaintProperty("ground", "background-color", ground);
      map.setPaintProperty("roads", "line-color", road);
      overlay.setNight(night);
    },
    close: () => map.remove(),
  };
}

// undefined where the server has none: a center without an imported map.
async function readRoads(): Promise<Roads | undefined> {
  try {
    const answer = await fetch(roadsAddress, { credentials: "same-origin" });
    if (!answer.ok || !answer.headers.get("content-type")?.includes("json")) return undefined;
    return (await answer.json()) as Roads;
  } catch {
    return undefined;
  }
}
