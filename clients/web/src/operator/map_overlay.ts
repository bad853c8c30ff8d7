// Calls, cars and their ways, drawn over the map on a canvas of their own. They
// move each second, the roads do not: so the roads need not be drawn again, and
// on a machine without a graphics card that is most of the work.
import maplibregl, { type Map as MapLibre } from "maplibre-gl/dist/maplibre-gl-csp";
import type { MapLine, MapPoint } from "./road_map";

// A place on the map as a share of the world's width and height.
interface Spot {
  readonly x: number;
  readonly y: number;
}

interface Placed {
  readonly point: MapPoint;
  readonly spot: Spot;
}

// What the event "shown" of the canvas tells.
export interface Shown {
  readonly points: readonly MapPoint[];
  readonly lines: readonly MapLine[];
  // Where a place is, in pixels from the map's corner.
  readonly pixelOf: (at: readonly [number, number]) => { x: number; y: number };
}

type Colors = Record<"line" | "paper" | "ink" | MapPoint["tone"] | MapPoint["kind"], string>;

// As the dots of the legend (style/operator.css).
function colorsOf(night: boolean): Colors {
  return {
    line: night ? "#86bdf4" : "#1a568f",
    paper: night ? "rgb(20 32 43 / 88%)" : "rgb(255 255 255 / 88%)",
    ink: night ? "#eaf0f6" : "#15212c",
    urgent: "#d11a24",
    warn: "#d98300",
    stale: "#9aa6b2",
    plain: "",
    call: "#5c6b79",
    car: "#1c7f52",
    physician: "#1a568f",
    standby: night ? "#79d3a4" : "#1c7f52",
  };
}

const tileSize = 512;
// How near a pointer must be, in pixels.
const reach = 14;

function spotOf([longitude, latitude]: readonly [number, number]): Spot {
  return maplibregl.MercatorCoordinate.fromLngLat([longitude, latitude]);
}

export class Overlay {
  private readonly canvas = document.createElement("canvas");
  private readonly context = this.canvas.getContext("2d")!;
  private placed: readonly Placed[] = [];
  private lines: readonly MapLine[] = [];
  // Ways stay the same while crews drive along them.
  private readonly spots = new WeakMap<object, readonly Spot[]>();
  private readonly font: string;
  private colors: Colors;

  constructor(private readonly map: MapLibre, night: boolean) {
    this.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
    this.colors = colorsOf(night);
    this.canvas.className = "map-overlay";
    map.getCanvasContainer().append(this.canvas);
    map.on("move", () => this.draw());
    map.on("resize", () => this.draw());
  }

  // Whoever listens is told, too: a canvas cannot be asked what it shows.
  show(points: readonly MapPoint[], lines: readonly MapLine[]): void {
    this.placed = points.map((point) => ({ point, spot: spotOf(point.at) }));
    this.lines = lines;
    this.draw();
    const pixelOf = (at: readonly [number, number]) => this.projection()(spotOf(at));
    this.canvas.dispatchEvent(new CustomEvent<Shown>("shown", { bubbles: true, detail: { points, lines, pixelOf } }));
  }

  setNight(night: boolean): void {
    this.colors = colorsOf(night);
    this.draw();
  }

  // The nearest point under a pointer, drawn last first; of one kind only.
  at({ x, y }: { x: number; y: number }, kind?: MapPoint["kind"]): MapPoint | undefined {
    const toPixel = this.projection();
    let best: MapPoint | undefined;
    let bestPixels = reach;
    for (const { point, spot } of this.placed) {
      if (kind && point.kind !== kind) continue;
      const at = toPixel(spot);
      const pixels = Math.hypot(at.x - x, at.y - y);
      if (pixels <= bestPixels) [best, bestPixels] = [point, pixels];
    }
    return best;
  }

  // The map is never turned or tilted: places become pixels by scale and shift.
  private projection(): (spot: Spot) => Spot {
    const scale = tileSize * 2 ** this.map.getZoom();
    const { lng, lat } = this.map.getCenter();
    const center = spotOf([lng, lat]);
    const { clientWidth, clientHeight } = this.map.getContainer();
    return ({ x, y }) => ({
      x: (x - center.x) * scale + clientWidth / 2,
      y: (y - center.y) * scale + clientHeight / 2,
    });
  }

  private draw(): void {
    const { clientWidth, clientHeight } = this.map.getContainer();
    const ratio = devicePixelRatio;
    const width = Math.round(clientWidth * ratio);
    const height = Math.round(clientHeight * ratio);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const { context } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, clientWidth, clientHeight);
    const toPixel = this.projection();
    this.drawLines(toPixel);
    const seen = this.placed
      .map(({ point, spot }) => ({ point, at: toPixel(spot) }))
      .filter(({ at }) => at.x > -20 && at.y > -20 && at.x < clientWidth + 20 && at.y < clientHeight + 20)
      .sort((a, b) => weight(a.point) - weight(b.point));
    for (const { point, at } of seen) this.drawDot(point, at);
    this.drawNotes(seen);
  }

  private drawLines(toPixel: (spot: Spot) => Spot): void {
    const { context } = this;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = this.colors.line;
    for (const line of this.lines) {
      context.lineWidth = line.chosen ? 5 : line.onRoads ? 3 : 2;
      context.globalAlpha = line.chosen ? 0.9 : line.onRoads ? 0.55 : 1;
      context.setLineDash(line.onRoads ? [] : [4, 5]);
      context.beginPath();
      const spots = this.spotsOf(line);
      if (line.ahead) {
        const { x, y } = toPixel(spotOf(line.ahead.at));
        context.lineTo(x, y);
      }
      for (let i = line.ahead?.next ?? 0; i < spots.length; i++) {
        const { x, y } = toPixel(spots[i]!);
        context.lineTo(x, y);
      }
      context.stroke();
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
  }

  private spotsOf({ points }: MapLine): readonly Spot[] {
    const known = this.spots.get(points);
    if (known) return known;
    const spots = points.map(spotOf);
    this.spots.set(points, spots);
    return spots;
  }

  private drawDot(point: MapPoint, { x, y }: Spot): void {
    const { context } = this;
    context.beginPath();
    if (point.kind === "standby") {
      context.arc(x, y, 13, 0, 2 * Math.PI);
      context.lineWidth = 3;
      context.strokeStyle = this.colors.standby;
      context.stroke();
      return;
    }
    context.arc(x, y, point.chosen ? 12 : point.kind === "call" ? 8 : 6, 0, 2 * Math.PI);
    context.fillStyle = this.colors[point.tone] || this.colors[point.kind];
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = "#ffffff";
    context.stroke();
  }

  // Beside the dots, as long as there is room: the chosen one's first.
  private drawNotes(seen: readonly { point: MapPoint; at: Spot }[]): void {
    const { context } = this;
    const taken: { left: number; top: number; right: number; bottom: number }[] = [];
    context.font = this.font;
    context.textBaseline = "middle";
    for (const { point, at } of [...seen].reverse()) {
      if (!point.note) continue;
      const left = at.x + (point.chosen ? 15 : 10);
      const box = { left, top: at.y - 9, right: left + context.measureText(point.note).width + 8, bottom: at.y + 9 };
      const isFree = taken.every((other) =>
        box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom);
      if (!isFree) continue;
      taken.push(box);
      context.fillStyle = this.colors.paper;
      context.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
      context.fillStyle = this.colors.ink;
      context.fillText(point.note, left + 4, at.y + 1);
    }
  }
}

// What is drawn last lies on top: calls over cars, the chosen one over all.
function weight(point: MapPoint): number {
  return point.chosen ? 2 : point.kind === "call" ? 1 : 0;
}
