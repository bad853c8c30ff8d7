// A patient's card, as far as the reader may see it: what is not told to him
// arrives empty and is left out.
import type { LiveBoard } from "../app/live_board";
import { TransportWish, type ResuscitationWish } from "../gen/housecall/v1/patient_pb";
import {
  ResuscitationWish as Resuscitation,
  type AcpEntry,
  type Patient,
} from "../gen/housecall/v1/patient_pb";
import { age, durationMs, fullDate, span, yearsOld } from "../text/format";
import {
  careRoleLabel,
  deviceKindLabel,
  placeOfDeathWishLabel,
  resuscitationWishLabel,
  sexLabel,
  skillLabel,
  transportWishLabel,
} from "../text/labels";
import { catalogue } from "../text/language";
import { apart, listed, space, together, withAside } from "../text/marks";
import { msOf, now } from "../app/clock";
import { Badge, Facts, Notice, Phone, PhoneText } from "../ui/parts";

const t = catalogue({
  confirmed: ["内容の確認: {age}", "Confirmed {age}"],
  never_confirmed: ["内容の確認日は記録されていません", "Never confirmed to be right"],
  old: ["{age}。情報が古い可能性があります。電話で確かめてください", "{age}. This may be out of date: ask by phone"],
  wishes: ["ご本人の意思（ACP）", "Wishes (ACP)"],
  no_wishes: ["ACPの記録はありません", "No wishes are recorded"],
  resuscitation: ["心肺蘇生", "Resuscitation"],
  transport: ["搬送", "Transport"],
  place_of_death: ["看取りの場所", "Place of death"],
  words: ["ことば", "In words"],
  participants: ["話し合った人", "Took part"],
  recorded: ["記録", "Recorded"],
  health: ["病状", "Health"],
  conditions: ["病名・状態", "Conditions"],
  allergies: ["アレルギー", "Allergies"],
  drugs: ["薬", "Drugs"],
  devices: ["機器", "Devices"],
  battery: ["電池 {span}", "battery {span}"],
  infection: ["感染対策", "Infection"],
  emergency_plan: ["急変時の対応", "Emergency plan"],
  skills: ["必要な専門", "Skills needed"],
  home: ["訪問先", "The place"],
  address: ["住所", "Address"],
  entry: ["入り方", "Getting in"],
  phone: ["電話", "Phone"],
  key: ["鍵の所持者", "Key holder"],
  parking: ["駐車", "Parking"],
  animals: ["動物", "Animals"],
  team: ["かかりつけのチーム", "Care team"],
  physician: ["主治医", "Own physician"],
  agreement: ["協定", "Agreement"],
});

export function nameWithAge(patient: Patient): string {
  const years = yearsOld(patient.birthDate);
  return withAside(patient.displayName, together([years, sexLabel(patient.sex)]));
}

export function wishTone(wish: ResuscitationWish): "warn" | undefined {
  return wish === Resuscitation.DO_NOT_ATTEMPT ? "warn" : undefined;
}

export function Wishes({ entry, resuscitationShown }: {
  entry: AcpEntry | undefined;
  // Whether the wish on resuscitation stands beside it already.
  resuscitationShown?: boolean;
}) {
  if (!entry) return <p class="soft">{t("no_wishes")}</p>;
  return (
    <div class="stack-tight">
      <div class="row">
        {entry.resuscitation !== Resuscitation.UNSPECIFIED && !resuscitationShown && (
          <Badge tone={wishTone(entry.resuscitation)}>
            {t("resuscitation")}: {resuscitationWishLabel(entry.resuscitation)}
          </Badge>
        )}
        {entry.transport !== TransportWish.UNSPECIFIED && (
          <Badge>{t("transport")}: {transportWishLabel(entry.transport)}</Badge>
        )}
      </div>
      <Facts rows={[
        [t("place_of_death"), placeOfDeathWishLabel(entry.placeOfDeath)],
        [t("words"), entry.wishes && <span class="pre">{entry.wishes}</span>],
        [t("participants"), entry.participants],
        [t("recorded"), entry.recordTime && fullDate(msOf(entry.recordTime)!)],
      ]} />
    </div>
  );
}

// How old the card's information is, said plainly when it is old.
export function CardAge({ patient }: { patient: Patient }) {
  const confirmed = msOf(patient.confirmTime);
  const old = confirmed === undefined || now.value - confirmed > 90 * 86_400_000;
  const words = confirmed === undefined ? t("never_confirmed") : t("confirmed", { age: age(patient.confirmTime) });
  return <p class={`small ${old ? "strong" : "soft"}`}>{old ? t("old", { age: words }) : words}</p>;
}

export function PatientCard(props: {
  patient: Patient;
  organizationName: (name: string) => string;
  organizationPhone?: (name: string) => string;
  personName: (name: string) => string;
}) {
  const { patient } = props;
  const acp = patient.acp.at(-1);
  const clinical =
    patient.conditions.length > 0 || patient.drugs.length > 0 || patient.emergencyPlan !== "" ||
    patient.allergies.length > 0 || patient.devices.length > 0 || patient.infection || acp;
  return (
    <div class="stack">
      <CardAge patient={patient} />
      {patient.infection && (
        <Notice tone="warn" icon="alert">
          <p><b>{t("infection")}</b>{space()}{patient.infectionNotes}</p>
        </Notice>
      )}
      {clinical && (
        <section class="card stack-tight">
          <h2>{t("wishes")}</h2>
          <Wishes entry={acp} />
        </section>
      )}
      {clinical && (
        <section class="card stack-tight">
          <h2>{t("health")}</h2>
          <Facts rows={[
            [t("conditions"), listed(patient.conditions)],
            [t("allergies"), patient.allergies.length > 0 && <b>{listed(patient.allergies)}</b>],
            [t("drugs"), patient.drugs.length > 0 && (
              <ul>{patient.drugs.map((drug) => <li key={drug}>{drug}</li>)}</ul>
            )],
            [t("devices"), patient.devices.length > 0 && (
              <ul>
                {patient.devices.map((device) => (
                  <li key={device.kind}>
                    {withAside(
                      [deviceKindLabel(device.kind), device.settings].filter(Boolean).join(" "),
                      device.batteryDuration ? t("battery", { span: span(durationMs(device.batteryDuration)!) }) : "",
                    )}
                  </li>
                ))}
              </ul>
            )],
            [t("emergency_plan"), patient.emergencyPlan && <span class="pre">{patient.emergencyPlan}</span>],
            [t("skills"), listed(patient.requiredSkills.map(skillLabel))],
          ].map(([label, value]) => [label as string, value || ""] as const)} />
        </section>
      )}
      <section class="card stack-tight">
        <h2>{t("home")}</h2>
        <Facts rows={[
          [t("address"), patient.place?.address ?? ""],
          [t("entry"), patient.place?.entryNotes && <b>{patient.place.entryNotes}</b>],
          [t("phone"), patient.phone && <Phone number={patient.phone} />],
          [t("key"), patient.keyHolder && <PhoneText text={patient.keyHolder} />],
          [t("parking"), patient.parking],
          [t("animals"), patient.animals],
        ]} />
      </section>
      {(patient.careTeam.length > 0 || patient.primaryPhysician) && (
        <section class="card stack-tight">
          <h2>{t("team")}</h2>
          <Facts rows={[
            [t("physician"), patient.primaryPhysician && props.personName(patient.primaryPhysician)],
            ...patient.careTeam.map((member) => [
              careRoleLabel(member.role),
              <span>
                {props.organizationName(member.organization)}
                {member.person && <>{apart()}<span class="whole">{props.personName(member.person)}</span></>}
                {" "}<Phone number={props.organizationPhone?.(member.organization) ?? ""} />
              </span>,
            ] as const),
            [t("agreement"), patient.coverageAgreement],
          ]} />
        </section>
      )}
    </div>
  );
}

// Names of people and organizations from the board; the id where it has none.
export function namesOf(board: LiveBoard) {
  const last = (name: string) => name.slice(name.lastIndexOf("/") + 1);
  return {
    organizationName: (name: string) => board.get("organization", name)?.displayName || last(name),
    organizationPhone: (name: string) => board.get("organization", name)?.phone ?? "",
    // "" for somebody whom the reader may not look up.
    personName: (name: string) => board.get("person", name)?.displayName ?? "",
    carName: (name: string) => board.get("car", name)?.displayName || last(name),
  };
}
