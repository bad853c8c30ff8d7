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

const switches = [
  ["anticipates", "policy_anticipates", "policy_anticipates_hint"],
  ["driverWaits", "policy_driver_waits", "policy_driver_waits_hint"],
] as const satisfies readonly (readonly [keyof Policy, TextKey, TextKey])[];

type Minutes = Record<(typeof spans)[number][0], string>;
type Switches = Record<(typeof switches)[number][0], boolean>;

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
    Object.fromEntries(switches.map(([key]) => [key, before.policy?.[key] ?? true])) as Switches);
  const isRight = name.trim() !== "" && contact.trim() !== "" && contactPhone.trim() !== "" && spans.every(([key]) => isSpan(minutes[key]));
  const save = async () => {
    const policy = {
      ...before.policy!,
      ...Object.fromEntries(spans.map(([key]) => [key, spanOf(minutes[key])])),
      ...chosen,
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
