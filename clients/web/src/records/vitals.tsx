// Vital signs: typed in, and shown.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { VitalSigns, VitalSignsSchema } from "../gen/housecall/v1/call_pb";
import { catalogue } from "../text/language";
import { besideEachOther } from "../text/marks";
import { Field } from "../ui/parts";

const t = catalogue({
  temperature: ["体温 ℃", "Temp. ℃"],
  pulse: ["脈拍 /分", "Pulse /min"],
  systolic: ["血圧 上", "BP systolic"],
  diastolic: ["血圧 下", "BP diastolic"],
  oxygen: ["SpO2 %", "SpO2 %"],
  breaths: ["呼吸数 /分", "Breaths /min"],
  pressure: ["血圧", "BP"],
  pulse_short: ["脈", "P"],
  breaths_short: ["呼吸", "RR"],
  range: ["{low}〜{high}で", "{low} to {high}"],
});

const ranges = {
  temperatureCelsius: { label: "temperature", low: 20, high: 45 },
  pulsePerMinute: { label: "pulse", low: 0, high: 350 },
  systolicMmhg: { label: "systolic", low: 0, high: 350 },
  diastolicMmhg: { label: "diastolic", low: 0, high: 350 },
  oxygenSaturationPercent: { label: "oxygen", low: 0, high: 100 },
  breathsPerMinute: { label: "breaths", low: 0, high: 150 },
} as const;
type Name = keyof typeof ranges;

// What was typed, by field; an empty one was not measured.
export type TypedVitals = Partial<Record<Name, string>>;

function problemOf(name: Name, text: string | undefined): string | undefined {
  if (!text) return undefined;
  const value = Number(text.normalize("NFKC"));
  const { low, high } = ranges[name];
  if (Number.isNaN(value) || value < low || value > high) return t("range", { low, high });
  if (name !== "temperatureCelsius" && !Number.isInteger(value)) return t("range", { low, high });
  return undefined;
}

export function areVitalsRight(typed: TypedVitals): boolean {
  return (Object.keys(ranges) as Name[]).every((name) => !problemOf(name, typed[name]));
}

export function vitalsOf(typed: TypedVitals): MessageInitShape<typeof VitalSignsSchema> | undefined {
  const entries = (Object.keys(ranges) as Name[])
    .filter((name) => typed[name])
    .map((name) => [name, Number(typed[name]!.normalize("NFKC"))]);
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

// What was measured, as if it were typed again.
export function typedOf(vitals: VitalSigns | undefined): TypedVitals {
  const entries = (Object.keys(ranges) as Name[])
    .filter((name) => vitals?.[name] !== undefined)
    .map((name) => [name, String(Number(vitals![name]!.toFixed(1)))]);
  return Object.fromEntries(entries);
}

export function VitalsFields(props: {
  value: TypedVitals;
  onChange: (value: TypedVitals) => void;
}) {
  return (
    <div class="vitals">
      {(Object.keys(ranges) as Name[]).map((name) => (
        <Field key={name} label={t(ranges[name].label)} value={props.value[name] ?? ""}
          inputMode="decimal" maxLength={5} optional error={problemOf(name, props.value[name])}
          onChange={(text) => props.onChange({ ...props.value, [name]: text })} />
      ))}
    </div>
  );
}

// "36.8℃ 脈104 血圧152/88 SpO2 91% 呼吸24".
export function vitalsText(vitals: VitalSigns | undefined): string {
  if (!vitals) return "";
  const parts: string[] = [];
  if (vitals.temperatureCelsius !== undefined) parts.push(`${vitals.temperatureCelsius.toFixed(1)}℃`);
  if (vitals.pulsePerMinute !== undefined) parts.push(`${t("pulse_short")} ${vitals.pulsePerMinute}`);
  if (vitals.systolicMmhg !== undefined || vitals.diastolicMmhg !== undefined) {
    parts.push(`${t("pressure")} ${vitals.systolicMmhg ?? "–"}/${vitals.diastolicMmhg ?? "–"}`);
  }
  if (vitals.oxygenSaturationPercent !== undefined) {
    parts.push(`SpO2 ${vitals.oxygenSaturationPercent}%`);
  }
  if (vitals.breathsPerMinute !== undefined) parts.push(`${t("breaths_short")} ${vitals.breathsPerMinute}`);
  return besideEachOther(parts);
}
