// What an administrator keeps: for each kind of record its columns, from which
// the tables, the forms and the CSV files are made alike.
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { LiveBoard } from "../app/live_board";
import { allPages, directory, patients as patientRpc, rota } from "../app/rpc";
import { msOf } from "../app/clock";
import { center } from "../app/session";
import { OrganizationKind } from "../gen/housecall/v1/directory_pb";
import { CareRole, Sex } from "../gen/housecall/v1/patient_pb";
import { OverrideKind } from "../gen/housecall/v1/rota_pb";
import { ChannelKind, Role, Skill } from "../gen/housecall/v1/types_pb";
import { civilInput, idOf, instantOf } from "../text/format";
import { organizationKindLabel, overrideKindLabel, roleLabel, sexLabel, skillLabel } from "../text/labels";
import { t } from "./texts";

type TextKey = Parameters<typeof t>[0];

export interface Column {
  readonly key: string;
  readonly label: TextKey;
  readonly required?: boolean;
  // Why a text cannot be used; undefined: it can.
  readonly problem?: (text: string) => string | undefined;
  // What may be chosen; undefined: anything.
  readonly options?: () => { value: string; label: string }[];
  readonly secret?: boolean;
  // Not in tables, only where one record is edited or imported.
  readonly detail?: boolean;
  readonly multiline?: boolean;
}

// One row, by column key.
export type Row = Record<string, string>;

export interface Kind {
  readonly name: "organizations" | "people" | "accounts" | "cars" | "patients" | "shifts" | "overrides";
  readonly columns: readonly Column[];
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
const isYes = (text: string) => /^(1|y|yes|true|はい|○|可)$/i.test(text.trim());
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

// A value of an enumeration by its name in either language or in the API.
function oneOf<E extends number>(values: Record<string, string | number>, label: (value: number) => string, text: string): E | undefined {
  const wanted = text.trim().toLowerCase();
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== "number" || value === 0) continue;
    if (name.toLowerCase() === wanted || label(value) === text.trim()) return value as E;
  }
  return undefined;
}

function enumProblem(values: Record<string, string | number>, label: (value: number) => string) {
  return (text: string) => {
    const wrong = words(text).find((each) => oneOf(values, label, each) === undefined);
    return wrong === undefined ? undefined : t("bad_value", { value: wrong });
  };
}

function enumOptions(values: Record<string, string | number>, label: (value: number) => string, only?: readonly number[]) {
  return () =>
    Object.values(values)
      .filter((value): value is number => typeof value === "number" && value !== 0)
      .filter((value) => label(value) !== "" && (!only || only.includes(value)))
      .map((value) => ({ value: label(value), label: label(value) }));
}

const shiftRoles = [Role.PHYSICIAN, Role.DRIVER, Role.OPERATOR];

export function kindsOf(board: LiveBoard): readonly Kind[] {
  const name = (collection: string, id: string) => (id ? `${center.value}/${collection}/${id.trim()}` : "");
  const exists = (kind: "organization" | "person" | "car", collection: string) => (text: string) =>
    text && !board.get(kind, name(collection, text)) ? t("no_such", { value: text }) : undefined;
  const choices = (kind: "organization" | "person" | "car") => () =>
    board.all(kind).filter((each) => each.active !== false).map((each) => ({ value: idOf(each.name), label: each.displayName }));
  const reference = (key: string, label: TextKey, kind: "organization" | "person" | "car", required = false): Column => ({
    key,
    label,
    required,
    problem: exists(kind, kind === "person" ? "people" : `${kind}s`),
    options: choices(kind),
  });
  const id: Column = { key: "id", label: "id", required: true, problem: idProblem };
  const parent = () => center.value;

  const organization = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("organizations", row.id!),
    kind: oneOf<OrganizationKind>(OrganizationKind, organizationKindLabel, row.kind!),
    displayName: row.name,
    phone: row.phone,
    fax: row.fax,
    address: row.address,
    position: pointOf(row.position ?? ""),
  });
  const person = (row: Row, record?: { employments?: unknown[] }) => ({
    ...rest(record),
    name: name("people", row.id!),
    organization: name("organizations", row.organization!),
    displayName: row.name,
    displayNameKana: row.kana,
    phone: row.phone,
    skills: words(row.skills ?? "").map((each) => oneOf<Skill>(Skill, skillLabel, each)!),
    selfDrive: isYes(row.self_drive ?? ""),
    employments: row.employer
      ? [{ organization: name("organizations", row.employer), startTime: timestampFromMs(Date.UTC(2020, 3, 1)) }]
      : (record?.employments ?? []),
  });
  const car = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("cars", row.id!),
    displayName: row.name,
    plate: row.plate,
    organization: name("organizations", row.organization ?? ""),
    seats: row.seats ? Number(row.seats) : undefined,
    basePosition: pointOf(row.position ?? ""),
  });
  const patient = (row: Row, record?: { careTeam?: { role: CareRole; organization: string }[]; primaryClinic?: string }) => {
    const member = (role: CareRole, organizationId: string | undefined) => {
      if (!organizationId) return [];
      const at = name("organizations", organizationId);
      const hasWebhook = board.get("organization", at)?.webhook !== undefined;
      return [{ role, organization: at, channels: hasWebhook ? [ChannelKind.WEBHOOK, ChannelKind.INBOX] : [ChannelKind.INBOX] }];
    };
    const told = [CareRole.PRIMARY_CLINIC, CareRole.NURSE_STATION, CareRole.CARE_MANAGER];
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
        ...member(CareRole.NURSE_STATION, row.nurse_station),
        ...member(CareRole.CARE_MANAGER, row.care_manager),
        ...(record?.careTeam ?? []).filter((each) => !told.includes(each.role)),
      ],
      coverageAgreement: row.agreement,
      conditions: words(row.conditions ?? ""),
      allergies: words(row.allergies ?? ""),
      drugs: words(row.drugs ?? ""),
      emergencyPlan: row.plan,
    };
  };
  const account = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("accounts", row.id!),
    person: name("people", row.person!),
    roles: words(row.roles ?? "").map((each) => oneOf<Role>(Role, roleLabel, each)!),
    disabled: isYes(row.disabled ?? ""),
  });
  const shift = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("shifts", row.id!),
    person: name("people", row.person!),
    role: oneOf<Role>(Role, roleLabel, row.role!),
    startTime: timeOf(row.start!),
    endTime: timeOf(row.end!),
    organization: name("organizations", row.organization ?? ""),
    car: name("cars", row.car ?? ""),
    reserve: isYes(row.reserve ?? ""),
  });
  const override = (row: Row, record?: unknown) => ({
    ...rest(record),
    name: name("overrides", row.id!),
    kind: oneOf<OverrideKind>(OverrideKind, overrideKindLabel, row.kind!),
    person: name("people", row.person!),
    replacement: name("people", row.replacement ?? ""),
    role: oneOf<Role>(Role, roleLabel, row.role ?? "") ?? Role.UNSPECIFIED,
    startTime: timeOf(row.start!),
    endTime: timeOf(row.end!),
    organization: name("organizations", row.organization ?? ""),
    car: name("cars", row.car ?? ""),
    reason: row.reason,
  });

  return [
    {
      name: "people",
      columns: [
        id,
        { key: "name", label: "person_name", required: true },
        { key: "kana", label: "kana" },
        reference("organization", "organization", "organization", true),
        { key: "phone", label: "phone" },
        { key: "skills", label: "skills", problem: enumProblem(Skill, skillLabel) },
        { key: "self_drive", label: "self_drive" },
        reference("employer", "employer", "organization"),
      ],
      read: async () =>
        board.all("person").map((each) => ({
          record: each,
          row: {
            id: idOf(each.name),
            name: each.displayName,
            kana: each.displayNameKana,
            organization: idOf(each.organization),
            phone: each.phone,
            skills: each.skills.map(skillLabel).join(";"),
            self_drive: yes(each.selfDrive),
            employer: idOf(each.employments[0]?.organization ?? ""),
          },
        })),
      create: (row, requestId) => directory.createPerson({ parent: parent(), person: person(row) as never, requestId }),
      update: (row, record, requestId) => directory.updatePerson({ person: person(row, record as never) as never, requestId }),
    },
    {
      name: "accounts",
      columns: [
        id,
        reference("person", "person", "person", true),
        { key: "roles", label: "roles", required: true, problem: enumProblem(Role, roleLabel) },
        {
          key: "password",
          label: "password",
          secret: true,
          problem: (text) => (text && [...text].length < 13 ? t("bad_password") : undefined),
        },
        { key: "disabled", label: "disabled" },
      ],
      read: async () => {
        const all = await allPages(
          (pageToken) => directory.listAccounts({ parent: parent(), pageSize: 1000, pageToken }),
          (page) => page.accounts,
        );
        return all.map((each) => ({
          record: each,
          row: {
            id: idOf(each.name),
            person: idOf(each.person),
            roles: each.roles.map(roleLabel).join(";"),
            password: "",
            disabled: yes(each.disabled),
          },
        }));
      },
      create: (row, requestId) => directory.createAccount({ parent: parent(), account: account(row) as never, password: row.password, requestId }),
      update: (row, record, requestId) => directory.updateAccount({ account: account(row, record) as never, password: row.password, requestId }),
    },
    {
      name: "organizations",
      columns: [
        id,
        { key: "kind", label: "kind", required: true, problem: enumProblem(OrganizationKind, organizationKindLabel), options: enumOptions(OrganizationKind, organizationKindLabel) },
        { key: "name", label: "name", required: true },
        { key: "phone", label: "phone" },
        { key: "fax", label: "fax" },
        { key: "address", label: "address" },
        { key: "position", label: "position", problem: pointProblem, detail: true },
      ],
      read: async () =>
        board.all("organization").map((each) => ({
          record: each,
          row: {
            id: idOf(each.name),
            kind: organizationKindLabel(each.kind),
            name: each.displayName,
            phone: each.phone,
            fax: each.fax,
            address: each.address,
            position: pointText(each.position),
          },
        })),
      create: (row, requestId) => directory.createOrganization({ parent: parent(), organization: organization(row) as never, requestId }),
      update: (row, record, requestId) => directory.updateOrganization({ organization: organization(row, record) as never, requestId }),
    },
    {
      name: "cars",
      columns: [
        id,
        { key: "name", label: "name", required: true },
        { key: "plate", label: "plate" },
        reference("organization", "organization", "organization"),
        { key: "seats", label: "seats", problem: (text) => (text && !/^\d{1,2}$/.test(text) ? t("bad_value", { value: text }) : undefined) },
        { key: "position", label: "position", problem: pointProblem, detail: true },
      ],
      read: async () =>
        board.all("car").map((each) => ({
          record: each,
          row: {
            id: idOf(each.name),
            name: each.displayName,
            plate: each.plate,
            organization: idOf(each.organization),
            seats: each.seats === undefined ? "" : String(each.seats),
            position: pointText(each.basePosition),
          },
        })),
      create: (row, requestId) => directory.createCar({ parent: parent(), car: car(row) as never, requestId }),
      update: (row, record, requestId) => directory.updateCar({ car: car(row, record) as never, requestId }),
    },
    {
      name: "patients",
      columns: [
        id,
        { key: "name", label: "person_name", required: true },
        { key: "kana", label: "kana" },
        { key: "birth", label: "birth", problem: dateProblem },
        { key: "sex", label: "sex", problem: enumProblem(Sex, sexLabel), options: enumOptions(Sex, sexLabel) },
        { key: "address", label: "address" },
        { key: "position", label: "position", problem: pointProblem, detail: true },
        { key: "entry", label: "entry" },
        { key: "phone", label: "phone" },
        { key: "key_holder", label: "key_holder" },
        { key: "parking", label: "parking" },
        { key: "animals", label: "animals" },
        reference("clinic", "clinic", "organization"),
        reference("physician", "physician", "person"),
        reference("nurse_station", "nurse_station", "organization"),
        reference("care_manager", "care_manager", "organization"),
        { key: "agreement", label: "agreement" },
        { key: "conditions", label: "conditions" },
        { key: "allergies", label: "allergies" },
        { key: "drugs", label: "drugs" },
        { key: "plan", label: "plan", multiline: true },
      ],
      read: async () =>
        (await allPages(
          (pageToken) => patientRpc.listPatients({ parent: parent(), includeInactive: true, pageSize: 1000, pageToken }),
          (page) => page.patients,
        )).map((each) => {
          const team = (role: CareRole) => idOf(each.careTeam.find((member) => member.role === role)?.organization ?? "");
          return {
            record: each,
            row: {
              id: idOf(each.name),
              name: each.displayName,
              kana: each.displayNameKana,
              birth: each.birthDate,
              sex: sexLabel(each.sex),
              address: each.place?.address ?? "",
              position: pointText(each.place?.position),
              entry: each.place?.entryNotes ?? "",
              phone: each.phone,
              key_holder: each.keyHolder,
              parking: each.parking,
              animals: each.animals,
              clinic: idOf(each.primaryClinic),
              physician: idOf(each.primaryPhysician),
              nurse_station: team(CareRole.NURSE_STATION),
              care_manager: team(CareRole.CARE_MANAGER),
              agreement: each.coverageAgreement,
              conditions: each.conditions.join(";"),
              allergies: each.allergies.join(";"),
              drugs: each.drugs.join(";"),
              plan: each.emergencyPlan,
            },
          };
        }),
      create: (row, requestId) => patientRpc.createPatient({ parent: parent(), patient: patient(row) as never, requestId }),
      update: (row, record, requestId) => patientRpc.updatePatient({ patient: patient(row, record as never) as never, requestId }),
    },
    {
      name: "shifts",
      columns: [
        id,
        reference("person", "person", "person", true),
        { key: "role", label: "role", required: true, problem: enumProblem(Role, roleLabel), options: enumOptions(Role, roleLabel, shiftRoles) },
        { key: "start", label: "start", required: true, problem: timeProblem },
        { key: "end", label: "end", required: true, problem: timeProblem },
        reference("organization", "employer", "organization"),
        reference("car", "car", "car"),
        { key: "reserve", label: "reserve" },
      ],
      read: async () =>
        board.all("shift").map((each) => ({
          record: each,
          row: {
            id: idOf(each.name),
            person: idOf(each.person),
            role: roleLabel(each.role),
            start: timeText(msOf(each.startTime)),
            end: timeText(msOf(each.endTime)),
            organization: idOf(each.organization),
            car: idOf(each.car),
            reserve: yes(each.reserve),
          },
        })),
      create: (row, requestId) => rota.createShift({ parent: parent(), shift: shift(row) as never, requestId }),
      update: (row, record, requestId) => rota.updateShift({ shift: shift(row, record) as never, requestId }),
    },
    {
      name: "overrides",
      columns: [
        id,
        { key: "kind", label: "kind", required: true, problem: enumProblem(OverrideKind, overrideKindLabel), options: enumOptions(OverrideKind, overrideKindLabel) },
        reference("person", "person", "person", true),
        reference("replacement", "replacement", "person"),
        { key: "role", label: "role", problem: enumProblem(Role, roleLabel), options: enumOptions(Role, roleLabel, shiftRoles) },
        { key: "start", label: "start", required: true, problem: timeProblem },
        { key: "end", label: "end", required: true, problem: timeProblem },
        reference("organization", "employer", "organization"),
        reference("car", "car", "car"),
        { key: "reason", label: "reason" },
      ],
      read: async () =>
        board.all("override").filter((each) => !each.cancelled).map((each) => ({
          record: each,
          row: {
            id: idOf(each.name),
            kind: overrideKindLabel(each.kind),
            person: idOf(each.person),
            replacement: idOf(each.replacement),
            role: roleLabel(each.role),
            start: timeText(msOf(each.startTime)),
            end: timeText(msOf(each.endTime)),
            organization: idOf(each.organization),
            car: idOf(each.car),
            reason: each.reason,
          },
        })),
      create: (row, requestId) => rota.createOverride({ parent: parent(), override: override(row) as never, requestId }),
      update: (row, record, requestId) => rota.updateOverride({ override: override(row, record) as never, requestId }),
    },
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
