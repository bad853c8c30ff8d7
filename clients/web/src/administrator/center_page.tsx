// The center itself: its names and phones, and how it rules: the times that are
// promised, how long is waited, and what the planner may do of its own accord.
import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { useState } from "preact/hooks";
import { directory, newRequestId, settled } from "../app/rpc";
import { center } from "../app/session";
import type { Center, Policy } from "../gen/housecall/v1/directory_pb";
import { ContactSchema } from "../gen/housecall/v1/types_pb";
import { durationMs } from "../text/format";
import { Button, Failed, Field, Loading, Notice, useLoad } from "../ui/parts";
import { t } from "./texts";

type TextKey = Parameters<typeof t>[0];

// Spans of the policy that a center sets itself, in minutes.
const spans = [
  ["urgentTriageTarget", "policy_urgent_triage"],
  ["triageTarget", "policy_triage"],
  ["urgentTarget", "policy_urgent"],
  ["standardTarget", "policy_standard"],
  ["routineTarget", "policy_routine"],
  ["urgentOfferTimeout", "policy_urgent_offer"],
  ["offerTimeout", "policy_offer"],
  ["departureNudge", "policy_nudge"],
  ["departureAlarm", "policy_alarm"],
  ["departureRematch", "policy_rematch"],
  ["visitDuration", "policy_visit"],
  ["retriageAfter", "policy_retriage"],
  ["positionStaleAfter", "policy_stale"],
] as const satisfies readonly (readonly [keyof Policy, TextKey])[];

// And what is so where the center has said nothing.
const switches = [
  ["anticipates", "policy_anticipates", "policy_anticipates_hint", true],
  ["driverWaits", "policy_driver_waits", "policy_driver_waits_hint", true],
  ["holds", "policy_holds", "policy_holds_hint", false],
  ["useTolls", "policy_use_tolls", "policy_use_tolls_hint", true],
  ["useFerries", "policy_use_ferries", "policy_use_ferries_hint", false],
] as const satisfies readonly (readonly [keyof Policy, TextKey, TextKey, boolean])[];

// What counts for how much when a crew is chosen.
const weights = [
  ["urgentWeight", "policy_urgent_weight"],
  ["standardWeight", "policy_standard_weight"],
  ["routineWeight", "policy_routine_weight"],
  ["tardinessWeight", "policy_tardiness_weight"],
  ["driveWeight", "policy_drive_weight"],
  ["ownPhysicianBonusMinutes", "policy_own_physician"],
  ["fairnessMinutesPerVisit", "policy_fairness"],
  ["platformPenaltyMinutes", "policy_platform"],
  ["changeMinutes", "policy_change"],
] as const satisfies readonly (readonly [keyof Policy, TextKey])[];

type Minutes = Record<(typeof spans)[number][0], string>;
type Switches = Record<(typeof switches)[number][0], boolean>;
type Weights = Record<(typeof weights)[number][0], string>;

function minutesOf(policy: Policy | undefined): Minutes {
  return Object.fromEntries(
    spans.map(([key]) => [key, String((durationMs(policy?.[key]) ?? 0) / 60_000)]),
  ) as Minutes;
}

// More than nothing, as far as a second.
function isSpan(text: string): boolean {
  return /^\d{1,5}(\.\d+)?$/.test(text.normalize("NFKC")) && Number(text.normalize("NFKC")) >= 1 / 60;
}

// To the second.
function spanOf(text: string) {
  return create(DurationSchema, { seconds: BigInt(Math.round(Number(text.normalize("NFKC")) * 60)) });
}

function weightsOf(policy: Policy | undefined): Weights {
  return Object.fromEntries(weights.map(([key]) => [key, String(policy?.[key] ?? 0)])) as Weights;
}

// As the server wants them; what is more urgent never counts less.
function isWeight(key: keyof Weights, all: Weights): boolean {
  const of = (each: keyof Weights) => Number(all[each].normalize("NFKC"));
  if (!/^\d{1,7}(\.\d+)?$/.test(all[key].normalize("NFKC"))) return false;
  switch (key) {
    case "urgentWeight":
      return of(key) <= 1000 && of(key) >= of("standardWeight");
    case "standardWeight":
      return of(key) <= 1000 && of(key) >= of("routineWeight");
    case "routineWeight":
      return of(key) <= 1000 && of(key) >= 0.01;
    case "driveWeight":
      return of(key) <= 1000;
    case "tardinessWeight":
    case "ownPhysicianBonusMinutes":
    case "fairnessMinutesPerVisit":
    case "platformPenaltyMinutes":
      return of(key) <= 1e6;
    case "changeMinutes":
      return of(key) <= 1e6 && of(key) >= 1;
  }
}

export function CenterPage() {
  const [saved, setSaved] = useState(false);
  const loaded = useLoad(() => directory.getCenter({ name: center.peek() }), []);
  return (
    <main class="page">
      <h2>{t("center")}</h2>
      {loaded.error !== undefined && <Failed error={loaded.error} retry={loaded.reload} />}
      {loaded.loading && !loaded.value && <Loading />}
      {loaded.value && (
        <CenterForm center={loaded.value} key={loaded.value.etag} onSaved={(value) => {
          loaded.set(value);
          setSaved(true);
        }} />
      )}
      {saved && <Notice tone="good" icon="check"><p role="status">{t("saved")}</p></Notice>}
    </main>
  );
}

function CenterForm({ center: before, onSaved }: { center: Center; onSaved: (center: Center) => void }) {
  const [name, setName] = useState(before.displayName);
  const [english, setEnglish] = useState(before.displayNameEnglish);
  const [phone, setPhone] = useState(before.phone);
  const [contact, setContact] = useState(before.lastResortContacts[0]?.displayName ?? "");
  const [contactPhone, setContactPhone] = useState(before.lastResortContacts[0]?.phone ?? "");
  const [minutes, setMinutes] = useState(() => minutesOf(before.policy));
  const [chosen, setChosen] = useState<Switches>(() =>
    Object.fromEntries(switches.map(([key, , , usual]) => [key, before.policy?.[key] ?? usual])) as Switches);
  const [weighed, setWeighed] = useState(() => weightsOf(before.policy));
  const isRight = name.trim() !== "" && contact.trim() !== "" && contactPhone.trim() !== "" &&
    spans.every(([key]) => isSpan(minutes[key])) && weights.every(([key]) => isWeight(key, weighed));
  const save = async () => {
    const policy = {
      ...before.policy!,
      ...Object.fromEntries(spans.map(([key]) => [key, spanOf(minutes[key])])),
      ...chosen,
      ...Object.fromEntries(weights.map(([key]) => [key, Number(weighed[key].normalize("NFKC"))])),
    };
    const requestId = newRequestId();
    const answer = await settled(() => directory.updateCenter({
      center: {
        ...before,
        displayName: name,
        displayNameEnglish: english,
        phone,
        lastResortContacts: [
          create(ContactSchema, { displayName: contact, phone: contactPhone }),
          ...before.lastResortContacts.slice(1),
        ],
        policy,
      },
      requestId,
    }));
    onSaved(answer);
  };
  return (
    <div class="stack">
      <section class="card stack">
        <Field label={t("name")} value={name} onChange={setName} error={name.trim() ? undefined : t("needed")} />
        <Field label={t("name_english")} value={english} onChange={setEnglish} optional />
        <Field label={t("phone")} value={phone} onChange={setPhone} type="tel" optional />
        <Field label={t("last_resort")} value={contact} onChange={setContact} error={contact.trim() ? undefined : t("needed")} />
        <Field label={t("last_resort_phone")} value={contactPhone} onChange={setContactPhone} type="tel"
          error={contactPhone.trim() ? undefined : t("needed")} />
      </section>
      <section class="card stack">
        <h3>{t("policy_planner")}</h3>
        {switches.map(([key, label, hint]) => (
          <div class="stack-tight" key={key}>
            <label class="check">
              <input type="checkbox" checked={chosen[key]} onChange={(event) => setChosen({ ...chosen, [key]: event.currentTarget.checked })} />
              {t(label)}
            </label>
            <p class="hint">{t(hint)}</p>
          </div>
        ))}
      </section>
      <section class="card stack">
        <h3>{t("policy_weights")}</h3>
        <p class="hint">{t("policy_weights_hint")}</p>
        <div class="fields-two">
          {weights.map(([key, label]) => (
            <Field key={key} label={t(label)} value={weighed[key]} inputMode="decimal" maxLength={12}
              error={isWeight(key, weighed) ? undefined : t("weight_wanted")}
              onChange={(text) => setWeighed({ ...weighed, [key]: text })} />
          ))}
        </div>
      </section>
      <section class="card stack">
        <h3>{t("policy_times")}</h3>
        <div class="fields-two">
          {spans.map(([key, label]) => (
            <Field key={key} label={t(label)} value={minutes[key]} inputMode="decimal" maxLength={7}
              error={isSpan(minutes[key]) ? undefined : t("minutes_wanted")}
              onChange={(text) => setMinutes({ ...minutes, [key]: text })} />
          ))}
        </div>
      </section>
      <div><Button tone="primary" disabled={!isRight} onPress={save}>{t("save")}</Button></div>
    </div>
  );
}
