// MapLibre with the center's own roads and nothing from elsewhere: no tiles, no
// fonts, no styles of other hosts.
import "maplibre-gl/dist/maplibre-gl.css";
import maplibregl, { type GeoJSONSource, type Map as MapLibre } from "maplibre-gl/dist/maplibre-gl-csp";
import worker from "maplibre-gl/dist/maplibre-gl-csp-worker?url";
import type { LatLng } from "../gen/housecall/v1/types_pb";

export interface MapPoint {
  readonly name: string;
  readonly kind: "call" | "car" | "physician";
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
}

export interface RoadMap {
  // Whom the roads are from; undefined: there are none.
  readonly attribution: string | undefined;
  show(points: readonly MapPoint[], lines: readonly MapLine[]): void;
  flyTo(at: [number, number]): void;
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

// Throws where the browser has no WebGL.
export async function openRoadMap(element: HTMLElement, options: Options): Promise<RoadMap> {
  maplibregl.setWorkerUrl(worker);
  const roads = await readRoads();
  const night = options.night;
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
      sources: {
        roads: { type: "geojson", data: roads ?? empty() },
        lines: { type: "geojson", data: empty() },
        points: { type: "geojson", data: empty() },
      },
      layers: [
        { id: "ground", type: "background", paint: { "background-color": night ? "#0f1922" : "#eef1f4" } },
        {
          id: "roads",
          type: "line",
          source: "roads",
          paint: {
            "line-color": night ? "#33475a" : "#c3ccd6",
            "line-width": [
              "interpolate", ["linear"], ["zoom"],
              11, ["match", ["get", "class"], ["motorway", "trunk", "primary"], 1.6, ["secondary", "tertiary"], 0.9, 0.2],
              16, ["match", ["get", "class"], ["motorway", "trunk", "primary"], 7, ["secondary", "tertiary"], 5, 2.5],
            ],
          },
        },
        {
          id: "lines",
          type: "line",
          source: "lines",
          filter: ["get", "onRoads"],
          layout: { "line-cap": "round", "line-join": "round" },
          paint: {
            "line-color": night ? "#86bdf4" : "#1a568f",
            "line-width": ["case", ["get", "chosen"], 5, 3],
            "line-opacity": ["case", ["get", "chosen"], 0.9, 0.55],
          },
        },
        {
          id: "guesses",
          type: "line",
          source: "lines",
          filter: ["!", ["get", "onRoads"]],
          paint: { "line-color": night ? "#86bdf4" : "#1a568f", "line-width": 2, "line-dasharray": [2, 2] },
        },
        {
          id: "points",
          type: "circle",
          source: "points",
          paint: {
            "circle-radius": ["case", ["get", "chosen"], 12, ["==", ["get", "kind"], "call"], 8, 6],
            "circle-color": [
              "match", ["get", "tone"], "urgent", "#d11a24", "warn", "#d98300", "stale", "#9aa6b2",
              ["match", ["get", "kind"], "car", "#1c7f52", "physician", "#1a568f", "#5c6b79"],
            ],
            "circle-stroke-color": "#ffffff",
            "circle-stroke-width": 2,
          },
        },
        {
          id: "notes",
          type: "symbol",
          source: "points",
          filter: ["!=", ["get", "note"], ""],
          layout: {
            "icon-image": ["get", "note"],
            "icon-anchor": "left",
            "icon-offset": [9, 0],
            "symbol-sort-key": ["case", ["get", "chosen"], 0, ["==", ["get", "kind"], "call"], 1, 2],
          },
        },
      ],
    },
  });
  // Words on the map are drawn here: fonts for maps would be a server's.
  map.on("styleimagemissing", ({ id }) => {
    const image = drawWords(id, night);
    if (image && !map.hasImage(id)) map.addImage(id, image, { pixelRatio: 2 });
  });
  const tip = document.createElement("div");
  tip.className = "map-tip";
  element.append(tip);
  map.on("mousemove", "points", (event) => {
    const label = String(event.features?.[0]?.properties.label ?? "");
    tip.textContent = label;
    tip.style.transform = `translate(${event.point.x + 12}px, ${event.point.y + 12}px)`;
    tip.hidden = label === "";
  });
  map.on("mouseleave", "points", () => (tip.hidden = true));
  map.on("click", "points", (event) => {
    const found = event.features?.find((each) => each.properties.kind === "call");
    if (found) options.onChoose(String(found.properties.name));
  });
  map.on("contextmenu", (event) =>
    options.onPick({ latitude: event.lngLat.lat, longitude: event.lngLat.lng }));
  await new Promise<void>((resolve, reject) => {
    map.once("load", () => resolve());
    map.once("error", (event) => reject(event.error));
  });
  return {
    attribution: roads && (roads.attribution ?? ""),
    show(points, lines) {
      (map.getSource("points") as GeoJSONSource | undefined)?.setData({
        type: "FeatureCollection",
        features: points.map(({ at, ...properties }) => ({
          type: "Feature",
          properties,
          geometry: { type: "Point", coordinates: at },
        })),
      });
      (map.getSource("lines") as GeoJSONSource | undefined)?.setData({
        type: "FeatureCollection",
        features: lines.map(({ points: coordinates, onRoads, chosen }) => ({
          type: "Feature",
          properties: { onRoads, chosen },
          geometry: { type: "LineString", coordinates: [...coordinates] },
        })),
      });
    },
    flyTo: (at) => void map.easeTo({ center: at, duration: 300 }),
    close: () => map.remove(),
  };
}

function drawWords(words: string, night: boolean): ImageData | undefined {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context || !words) return undefined;
  const font = `600 24px ${getComputedStyle(document.body).fontFamily}`;
  context.font = font;
  canvas.width = Math.ceil(context.measureText(words).width) + 16;
  canvas.height = 36;
  context.font = font;
  context.fillStyle = night ? "rgb(20 32 43 / 88%)" : "rgb(255 255 255 / 88%)";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = night ? "#eaf0f6" : "#15212c";
  context.textBaseline = "middle";
  context.fillText(words, 8, canvas.height / 2 + 1);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

function empty(): GeoJSON.FeatureCollection {
  return { type: "FeatureCollection", features: [] };
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
