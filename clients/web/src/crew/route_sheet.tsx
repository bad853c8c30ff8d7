// The driver's sheet: the way from where he is, road by road. It is asked for
// when it is unfolded, and again whenever that happens.
import { useState } from "preact/hooks";
import { visits } from "../app/rpc";
import type { RouteStep } from "../gen/housecall/v1/visit_service_pb";
import { areStraightLines } from "../records/travel_times";
import { durationMs, kilometers, span } from "../text/format";
import { catalogue } from "../text/language";
import { besideEachOther } from "../text/marks";
import { Facts, Loading, LoadError, useLoad } from "../ui/parts";

const t = catalogue({
  roads: ["道順（道路名）", "The way, road by road"],
  no_name: ["名前のない道", "road without a name"],
  no_map: ["道路の地図がないため、道順は出せません", "There is no map of roads, so no way can be told"],
  pick_up: ["ここで医師を乗せます", "Here the physician gets in"],
  estimate: ["道路の混み具合から見積もった時間です。標識と交通規制を優先してください", "Times are estimates. Signs and closures come first"],
});

export function RouteSheet({ assignment }: { assignment: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="card-details" id="route-sheet" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="card strong">{t("roads")}</summary>
      {open && <Roads assignment={assignment} />}
    </details>
  );
}

function Roads({ assignment }: { assignment: string }) {
  const route = useLoad(() => visits.getRoute({ assignment }), [assignment]);
  if (!route.value) return route.loading ? <Loading /> : <LoadError of={route} />;
  const steps = route.value.steps;
  if (areStraightLines(route.value.travelTimes)) return <p class="card soft">{t("no_map")}</p>;
  return (
    <section class="card stack-tight">
      <Facts rows={steps.map((step) => [step.roadName || t("no_name"), <Stretch step={step} />] as const)} />
      <p class="soft small">{t("estimate")}</p>
    </section>
  );
}

function Stretch({ step }: { step: RouteStep }) {
  return (
    <>
      {besideEachOther([kilometers(step.distanceMeters), span(durationMs(step.duration) ?? 0)])}
      {step.endsAtPickUp && <p><b>{t("pick_up")}</b></p>}
    </>
  );
}
