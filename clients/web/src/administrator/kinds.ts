// What an administrator keeps: for each kind of record its columns, from which
// the tables, the forms and the CSV files are made alike.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { LiveBoard } from "../app/live_board";
import { allPages, directory, patients as patientRpc, rota } from "../app/rpc";
import { msOf, now } from "../app/clock";
import { center } from "../app/session";
import { OrganizationKind, type Account, type Car, type Organization, type Person } from "../gen/housecall/v1/directory_pb";
import { CareRole, Sex, type Patient } from "../gen/housecall/v1/patient_pb";
import { OverrideKind, ShiftState, type Override, type Shift } from "../gen/housecall/v1/rota_pb";
import { ChannelKind, Role, Skill } from "../gen/housecall/v1/types_pb";
import { civilInput, dayOf, idOf, instantOf } from "../text/format";
import { organizationKindLabel, overrideKindLabel, roleLabel, sexLabel, skillLabel, type Label } from "../text/labels";
import { t } from "./texts";

type TextKey = Parameters<typeof t>[0];

export interface Option {
  readonly value: string;
  readonly label: string;
  // Is known by its name, but nothing new may name it.
  readonly ended?: boolean;
}

export interface Column {
  readonly key: string;
  readonly label: TextKey;
  readonly required?: boolean;
  // Why a text cannot be used; undefined: it can.
  readonly problem?: (text: string) => string | undefined;
  // What may be chosen; undefined: anything.
  readonly options?: () => Option[];
  // Yes or no ("" is no).
  readonly flag?: boolean;
  readonly hint?: TextKey;
  readonly secret?: boolean;
  // Not in tables, only where one record is edited or imported.
  readonly detail?: boolean;
  readonly multiline?: boolean;
  // Several values, separated by semicolons.
  readonly several?: boolean;
}

// One row, by column key.
export type Row = Record<string, string>;

export interface Kind {
  readonly name: "organizations" | "people" | "accounts" | "cars" | "patients" | "shifts" | "overrides";
  readonly columns: readonly Column[];
  // The flag of what does not count any more: kept, but out of sight.
  readonly ended: string;
  readonly rowOf: (record: unknown) => Row;
  // What there is, newest state, as rows; with what update needs beside it.
  readonly read: () => Promise<{ row: Row; record: unknown }[]>;
  readonly create: (row: Row, requestId: string) => Promise<unknown>;
  readonly update: (row: Row, record: unknown, requestId: string) => Promise<unknown>;
}

// What a record has besides the fields that are written anew. Without the mark
// of a message: the API's client takes parts that are not messages only then.
function rest(record: unknown): object {
  const { $typeName: _, ...fields } = (record ?? {}) as { $typeName?: string };
  return fields;
}

const words = (text: string) => text.split(/[;；\n]/).map((each) => each.trim()).filter(Boolean);
export const isYes = (text: string) => /^(1|y|yes|true|はい|○|可)$/i.test(text.trim());
const isNo = (text: string) => /^(0|n|no|false|いいえ|×|不可)?$/i.test(text.trim());
const yes = (value: boolean) => (value ? t("yes") : "");

function pointOf(text: string) {
  const found = /^\s*(-?\d+(?:\.\d+)?)\s*[,、]\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text.normalize("NFKC"));
  return found ? { latitude: Number(found[1]), longitude: Number(found[2]) } : undefined;
}

function pointText(point: { latitude: number; longitude: number } | undefined): string {
  return point ? `${point.latitude.toFixed(5)},${point.longitude.toFixed(5)}` : "";
}

const pointProblem = (text: string) => (text && !pointOf(text) ? t("bad_point") : undefined);
const idProblem = (text: string) =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text) && !text.includes("--") ? undefined : t("bad_id");
const dateProblem = (text: string) =>
  text && !/^\d{4}-\d{2}-\d{2}$/.test(text) ? t("bad_date") : undefined;
const civil = (text: string) => text.trim().replace(/[ 　]+/, "T").replace(/\//g, "-");
const timeProblem = (text: string) =>
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(civil(text)) ? undefined : t("bad_time");
const timeOf = (text: string) => timestampFromMs(instantOf(civil(text)));
const timeText = (ms: number | undefined) => (ms === undefined ? "" : civilInput(ms).replace("T", " "));

// A value of an enumeration by what it is called in either language, so that
// rows outlive a switch of the language, or by its name in the API.
function oneOf<E extends number>(values: Record<string, string | number>, label: Label, text: string): E | undefined {
  const wanted = text.trim().toLowerCase();
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "number" || value === 0) continue;
    if (name.toLowerCase() === wanted || label.says(value, text.trim())) return value as E;
  }
  return undefined;
}

function enumProblem(values: Record<string, string | number>, label: Label) {
  return (text: string) => {
    const wrong = words(text).find((each) => oneOf(values, label, each) === undefined);
    return wrong === undefined ? undefined : t("bad_value", { value: wrong });
  };
}

function enumOptions(values: Record<string, string | number>, label: Label, only?: readonly number[]) {
  return () =>
    Object.values(values)
      .filter((value): value is number => typeof value === "number" && value !== 0)
      .filter((value) => label(value) !== "" && (!only || only.includes(value)))
      .map((value) => ({ value: label(value), label: label(value) }));
}

// The care team besides the primary clinic, which has a field of its own.
const team = [
  { key: "nurse_station", role: CareRole.NURSE_STATION },
  { key: "care_manager", role: CareRole.CARE_MANAGER },
  { key: "facility", role: CareRole.FACILITY },
  { key: "pharmacy", role: CareRole.PHARMACY },
  { key: "hospital", role: CareRole.HOSPITAL },
] as const;

const shiftRoles = [Role.PHYSICIAN, Role.DRIVER, Role.OPERATOR];

export function kindsOf(board: LiveBoard): readonly Kind[] {
  const name = (collection: string, id: string) => (id ? `${center.value}/${collection}/${id.trim()}` : "");
  const exists = (kind: "organization" | "person" | "car", collection: string) => (text: string) =>
    text && !board.get(kind, name(collection, text)) ? t("no_such", { value: text }) : undefined;
  const choices = (kind: "organization" | "person" | "car") => () =>
    board.all(kind).map((each) => ({ value: idOf(each.name), label: each.displayName, ended: each.active === false }));
  const activeIn = (row: Row) => ({ active: !isYes(row.inactive ?? "") });
  const organization = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("organizations", row.id!),
    kind: oneOf<OrganizationKind>(OrganizationKind, organizationKindLabel, row.kind!),
    displayName: row.name,
    phone: row.phone,
    fax: row.fax,
    address: row.address,
    position: pointOf(row.position ?? ""),
    ...activeIn(row),
  });
  // The first is the one that the table shows; a new one counts from today, and
  // the others stay: many work for several.
  const employmentsOf = (row: Row, before: Person["employments"]) => {
    const employer = name("organizations", row.employer ?? "");
    if (!employer || before[0]?.organization === employer) return before;
    return [
      { organization: employer, startTime: timestampFromMs(instantOf(dayOf(now.peek()))) },
      ...before.filter((each) => each.organization !== employer),
    ];
  };
  const person = (row: Row, record?: Person) => ({
    ...rest(record),
    name: name("people", row.id!),
    organization: name("organizations", row.organization!),
    displayName: row.name,
    displayNameKana: row.kana,
    phone: row.phone,
    skills: words(row.skills ?? "").map((each) => oneOf<Skill>(Skill, skillLabel, each)!),
    selfDrive: isYes(row.self_drive ?? ""),
    employments: employmentsOf(row, record?.employments ?? []),
    ...activeIn(row),
  });
  const car = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("cars", row.id!),
    displayName: row.name,
    plate: row.plate,
    organization: name("organizations", row.organization ?? ""),
    seats: row.seats ? Number(row.seats) : undefined,
    basePosition: pointOf(row.position ?? ""),
    ...activeIn(row),
  });
  const patient = (row: Row, record?: { careTeam?: { role: CareRole; organization: string }[]; primaryClinic?: string }) => {
    const member = (role: CareRole, organizationId: string | undefined) => {
      if (!organizationId) return [];
      const at = name("organizations", organizationId);
      const hasWebhook = board.get("organization", at)?.webhook !== undefined;
      return [{ role, organization: at, channels: hasWebhook ? [ChannelKind.WEBHOOK, ChannelKind.INBOX] : [ChannelKind.INBOX] }];
    };
    const told: readonly CareRole[] = [CareRole.PRIMARY_CLINIC, ...team.map(({ role }) => role)];
    return {
      ...rest(record),
      name: name("patients", row.id!),
      displayName: row.name,
      displayNameKana: row.kana,
      birthDate: row.birth,
      sex: oneOf<Sex>(Sex, sexLabel, row.sex ?? "") ?? Sex.UNSPECIFIED,
      place: { address: row.address, position: pointOf(row.position ?? ""), entryNotes: row.entry },
      phone: row.phone,
      keyHolder: row.key_holder,
      parking: row.parking,
      animals: row.animals,
      primaryClinic: name("organizations", row.clinic ?? ""),
      primaryPhysician: name("people", row.physician ?? ""),
      careTeam: [
        ...member(CareRole.PRIMARY_CLINIC, row.clinic),
        ...team.flatMap(({ key, role }) => member(role, row[key])),
        ...(record?.careTeam ?? []).filter((each) => !told.includes(each.role)),
      ],
      coverageAgreement: row.agreement,
      conditions: words(row.conditions ?? ""),
      allergies: words(row.allergies ?? ""),
      drugs: words(row.drugs ?? ""),
      emergencyPlan: row.plan,
      ...activeIn(row),
    };
  };
  const account = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("accounts", row.id!),
    person: name("people", row.person!),
    roles: words(row.roles ?? "").map((each) => oneOf<Role>(Role, roleLabel, each)!),
    disabled: isYes(row.disabled ?? ""),
  });
  const dutyFields = (row: Row) => ({
    person: name("people", row.person!),
    role: oneOf<Role>(Role, roleLabel, row.role ?? "") ?? Role.UNSPECIFIED,
    startTime: timeOf(row.start!),
    endTime: timeOf(row.end!),
    organization: name("organizations", row.organization ?? ""),
    car: name("cars", row.car ?? ""),
  });
  const shift = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("shifts", row.id!),
    ...dutyFields(row),
    reserve: isYes(row.reserve ?? ""),
    state: isYes(row.cancelled ?? "") ? ShiftState.CANCELLED : ShiftState.PLANNED,
  });
  const override = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("overrides", row.id!),
    kind: oneOf<OverrideKind>(OverrideKind, overrideKindLabel, row.kind!),
    ...dutyFields(row),
    replacement: name("people", row.replacement ?? ""),
    reason: row.reason,
    cancelled: isYes(row.cancelled ?? ""),
  });

  // A column of a record; `of` says what it holds now.
  const text = <R,>(key: string, label: TextKey, of: (record: R) => string, more: Partial<Column> = {}) => ({ key, label, of, ...more });
  const reference = <R,>(key: string, label: TextKey, kind: "organization" | "person" | "car", of: (record: R) => string, more: Partial<Column> = {}) =>
    text(key, label, (record: R) => idOf(of(record)), {
      problem: exists(kind, kind === "person" ? "people" : `${kind}s`),
      options: choices(kind),
      ...more,
    });
  const flag = <R,>(key: string, label: TextKey, of: (record: R) => boolean, more: Partial<Column> = {}) =>
    text(key, label, (record: R) => yes(of(record)), {
      flag: true,
      problem: (typed) => (isYes(typed) || isNo(typed) ? undefined : t("bad_flag")),
      ...more,
    });
  // Nobody and nothing is ever deleted.
  const inactive = flag<{ active?: boolean }>("inactive", "inactive", (each) => each.active === false, { hint: "inactive_hint" });
  const required = { required: true };
  // One or several values of an enumeration.
  const some = (values: Record<string, string | number>, label: Label) => ({ problem: enumProblem(values, label) });
  const one = (values: Record<string, string | number>, label: Label, only?: readonly number[]) => ({
    ...some(values, label),
    options: enumOptions(values, label, only),
  });
  const kind = <R extends { name: string }>(
    kindName: Kind["name"],
    columns: readonly (Column & { of: (record: R) => string })[],
    list: () => Promise<readonly R[]>,
    create: (row: Row, requestId: string) => Promise<unknown>,
    update: (row: Row, record: R, requestId: string) => Promise<unknown>,
  ): Kind => {
    const all = [{ key: "id", label: "id" as const, required: true, problem: idProblem, of: (record: R) => idOf(record.name) }, ...columns];
    const rowOf = (record: R) => Object.fromEntries(all.map((column) => [column.key, column.of(record)]));
    return {
      name: kindName,
      columns: all,
      ended: ["inactive", "disabled", "cancelled"].find((key) => all.some((column) => column.key === key))!,
      rowOf: (record) => rowOf(record as R),
      read: async () => (await list()).map((record) => ({ record, row: rowOf(record) })),
      create,
      update: (row, record, requestId) => update(row, record as R, requestId),
    };
  };
  // What shifts and their exceptions have alike.
  const dutyColumns = [
    text<Shift | Override>("start", "start", (each) => timeText(msOf(each.startTime)), { ...required, problem: timeProblem }),
    text<Shift | Override>("end", "end", (each) => timeText(msOf(each.endTime)), { ...required, problem: timeProblem }),
    reference<Shift | Override>("organization", "employer", "organization", (each) => each.organization),
    reference<Shift | Override>("car", "car", "car", (each) => each.car),
  ];
  const dutyRole = text<Shift | Override>("role", "role", (each) => roleLabel(each.role), one(Role, roleLabel, shiftRoles));
  const dutyPerson = reference<Shift | Override>("person", "person", "person", (each) => each.person, required);
  const memberColumn = ({ key, role }: (typeof team)[number]) =>
    reference<Patient>(key, key, "organization", (each) =>
      each.careTeam.find((member) => member.role === role)?.organization ?? "");

  return [
    kind<Person>("people", [
      text("name", "person_name", (each) => each.displayName, required),
      text("kana", "kana", (each) => each.displayNameKana),
      reference("organization", "organization", "organization", (each) => each.organization, required),
      text("phone", "phone", (each) => each.phone),
      text("skills", "skills", (each) => each.skills.map(skillLabel).join(";"), { several: true, ...some(Skill, skillLabel) }),
      flag("self_drive", "self_drive", (each) => each.selfDrive),
      reference("employer", "employer", "organization", (each) => each.employments[0]?.organization ?? ""),
      inactive,
    ], async () => board.all("person"),
    (row, requestId) => directory.createPerson({ parent: center.value, person: person(row) as never, requestId }),
    (row, record, requestId) => directory.updatePerson({ person: person(row, record) as never, requestId })),

    kind<Account>("accounts", [
      reference("person", "person", "person", (each) => each.person, required),
      text("roles", "roles", (each) => each.roles.map(roleLabel).join(";"), { ...required, several: true, ...some(Role, roleLabel) }),
      text("password", "password", () => "", {
        secret: true,
        problem: (typed) => (typed && [...typed].length < 13 ? t("bad_password") : undefined),
      }),
      flag("disabled", "disabled", (each) => each.disabled, { hint: "disabled_hint" }),
    ], () => allPages(
      (pageToken) => directory.listAccounts({ parent: center.value, pageSize: 1000, pageToken }),
      (page) => page.accounts,
    ),
    (row, requestId) => directory.createAccount({ parent: center.value, account: account(row) as never, password: row.password, requestId }),
    (row, record, requestId) => directory.updateAccount({ account: account(row, record) as never, password: row.password, requestId })),

    kind<Organization>("organizations", [
      text("kind", "kind", (each) => organizationKindLabel(each.kind), { ...required, ...one(OrganizationKind, organizationKindLabel) }),
      text("name", "name", (each) => each.displayName, required),
      text("phone", "phone", (each) => each.phone),
      text("fax", "fax", (each) => each.fax),
      text("address", "address", (each) => each.address),
      text("position", "position", (each) => pointText(each.position), { problem: pointProblem, detail: true }),
      inactive,
    ], async () => board.all("organization"),
    (row, requestId) => directory.createOrganization({ parent: center.value, organization: organization(row) as never, requestId }),
    (row, record, requestId) => directory.updateOrganization({ organization: organization(row, record) as never, requestId })),

    kind<Car>("cars", [
      text("name", "name", (each) => each.displayName, required),
      text("plate", "plate", (each) => each.plate),
      reference("organization", "organization", "organization", (each) => each.organization),
      text("seats", "seats", (each) => (each.seats === undefined ? "" : String(each.seats)), {
        problem: (typed) => (typed && !/^\d{1,2}$/.test(typed) ? t("bad_value", { value: typed }) : undefined),
      }),
      text("position", "position", (each) => pointText(each.basePosition), { problem: pointProblem, detail: true }),
      inactive,
    ], async () => board.all("car"),
    (row, requestId) => directory.createCar({ parent: center.value, car: car(row) as never, requestId }),
    (row, record, requestId) => directory.updateCar({ car: car(row, record) as never, requestId })),

    kind<Patient>("patients", [
      text("name", "person_name", (each) => each.displayName, required),
      text("kana", "kana", (each) => each.displayNameKana),
      text("birth", "birth", (each) => each.birthDate, { problem: dateProblem }),
      text("sex", "sex", (each) => sexLabel(each.sex), one(Sex, sexLabel)),
      text("address", "address", (each) => each.place?.address ?? ""),
      text("position", "position", (each) => pointText(each.place?.position), { problem: pointProblem, detail: true }),
      text("entry", "entry", (each) => each.place?.entryNotes ?? ""),
      text("phone", "phone", (each) => each.phone),
      text("key_holder", "key_holder", (each) => each.keyHolder),
      text("parking", "parking", (each) => each.parking),
      text("animals", "animals", (each) => each.animals),
      reference("clinic", "clinic", "organization", (each) => each.primaryClinic),
      reference("physician", "physician", "person", (each) => each.primaryPhysician),
      ...team.map(memberColumn),
      text("agreement", "agreement", (each) => each.coverageAgreement),
      text("conditions", "conditions", (each) => each.conditions.join(";"), { several: true }),
      text("allergies", "allergies", (each) => each.allergies.join(";"), { several: true }),
      text("drugs", "drugs", (each) => each.drugs.join(";"), { several: true }),
      text("plan", "plan", (each) => each.emergencyPlan, { multiline: true }),
      inactive,
    ], () => allPages(
      (pageToken) => patientRpc.listPatients({ parent: center.value, includeInactive: true, pageSize: 1000, pageToken }),
      (page) => page.patients,
    ),
    (row, requestId) => patientRpc.createPatient({ parent: center.value, patient: patient(row) as never, requestId }),
    (row, record, requestId) => patientRpc.updatePatient({ patient: patient(row, record) as never, requestId })),

    kind<Shift>("shifts", [
      dutyPerson,
      { ...dutyRole, ...required },
      ...dutyColumns,
      flag("reserve", "reserve", (each) => each.reserve),
      flag("cancelled", "cancelled", (each) => each.state === ShiftState.CANCELLED, { hint: "cancelled_hint" }),
    ], async () => board.all("shift"),
    (row, requestId) => rota.createShift({ parent: center.value, shift: shift(row) as never, requestId }),
    (row, record, requestId) => rota.updateShift({ shift: shift(row, record) as never, requestId })),

    kind<Override>("overrides", [
      text("kind", "kind", (each) => overrideKindLabel(each.kind), { ...required, ...one(OverrideKind, overrideKindLabel) }),
      dutyPerson,
      reference("replacement", "replacement", "person", (each) => each.replacement),
      dutyRole,
      ...dutyColumns,
      text("reason", "reason", (each) => each.reason),
      flag("cancelled", "cancelled", (each) => each.cancelled, { hint: "cancelled_hint" }),
    ], async () => board.all("override"),
    (row, requestId) => rota.createOverride({ parent: center.value, override: override(row) as never, requestId }),
    (row, record, requestId) => rota.updateOverride({ override: override(row, record) as never, requestId })),
  ];
}

// What is wrong with a row, by column; {} when nothing is.
export function problemsOf(kind: Kind, row: Row): Record<string, string> {
  const result: Record<string, string> = {};
  for (const column of kind.columns) {
    const text = (row[column.key] ?? "").trim();
    if (!text) {
      if (column.required) result[column.key] = t("needed");
      continue;
    }
    const problem = column.problem?.(text);
    if (problem) result[column.key] = problem;
  }
  return result;
}
