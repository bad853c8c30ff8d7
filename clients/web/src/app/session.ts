// Who is logged in on this device, and as what he is working now.
import { computed, signal } from "@preact/signals";
import type { Account, Center, Organization, Person } from "../gen/housecall/v1/directory_pb";
import { Role } from "../gen/housecall/v1/types_pb";
import { timeZone } from "../text/format";
import { language } from "../text/language";
import { setServerTime } from "./clock";
import { closeDrafts, openDrafts } from "./drafts";
import { closeOutbox, openOutbox, pauseOutbox } from "./outbox";
import { isSessionOver, newRequestId, onSessionOver, sessions } from "./rpc";
import { closeVault, openVault } from "./vault";

export interface Session {
  readonly name: string;
  readonly account: Account;
  readonly person: Person;
  readonly organization: Organization | undefined;
  readonly center: Center;
  // The session's face without the server: it could not be asked yet.
  readonly unconfirmed?: boolean;
}

// undefined: not known yet; null: nobody is logged in.
export const session = signal<Session | null | undefined>(undefined);

// Set when a session ended while somebody worked: he logs in again and goes on.
export const interrupted = signal(false);

// Whose vault, drafts and outbox are open.
let entered = "";

export const center = computed(() => session.value?.center.name ?? "");

const faces = [
  Role.REQUESTER,
  Role.CARE_TEAM,
  Role.OPERATOR,
  Role.PHYSICIAN,
  Role.DRIVER,
  Role.ADMINISTRATOR,
] as const;
export type Face = "requester" | "crew" | "operator" | "administrator";

export function faceOf(role: Role): Face | undefined {
  switch (role) {
    case Role.REQUESTER:
    case Role.CARE_TEAM:
      return "requester";
    case Role.PHYSICIAN:
    case Role.DRIVER:
      return "crew";
    case Role.OPERATOR:
      return "operator";
    case Role.ADMINISTRATOR:
      return "administrator";
    case Role.MUNICIPALITY:
    case Role.SYSTEM:
    case Role.UNSPECIFIED:
      return undefined;
  }
}

// The faces of an account, its main one first.
export const myFaces = computed<Face[]>(() => {
  const result: Face[] = [];
  for (const role of session.value?.account.roles ?? []) {
    const face = faces.some((each) => each === role) ? faceOf(role) : undefined;
    if (face && !result.includes(face)) result.push(face);
  }
  return result;
});

const chosenFace = signal(sessionStorage.getItem("face"));

// The center's name in the language of the screens.
export const centerName = computed(() => {
  const center = session.value?.center;
  return (language.value === "en" && center?.displayNameEnglish) || center?.displayName || "";
});

export const face = computed<Face | undefined>(
  () => myFaces.value.find((each) => each === chosenFace.value) ?? myFaces.value[0],
);

export function setFace(value: Face): void {
  sessionStorage.setItem("face", value);
  chosenFace.value = value;
  location.hash = "/";
}

export function hasRole(role: Role): boolean {
  return session.value?.account.roles.includes(role) ?? false;
}

onSessionOver(() => {
  pauseOutbox();
  if (session.value) {
    interrupted.value = true;
    session.value = null;
  }
});

// Asks the server whose cookie this browser has. Without the network, somebody
// who was logged in here goes on with what this device has kept.
export async function restoreSession(): Promise<void> {
  try {
    const answer = await sessions.getSession({});
    setServerTime(answer.serverTime);
    await enter({
      name: answer.session!.name,
      account: answer.account!,
      person: answer.person!,
      organization: answer.organization,
      center: answer.center!,
    });
  } catch (error) {
    if (isSessionOver(error)) {
      session.value = null;
      return;
    }
    const kept = await keptSession();
    if (kept) await enter({ ...kept, unconfirmed: true });
    else throw error;
  }
}

// Logs in. Throws what CreateSession throws.
export async function logIn(centerId: string, accountId: string, password: string): Promise<void> {
  const account = `centers/${centerId}/accounts/${accountId}`;
  // From here on the cookie may be another account's: nobody goes on with what
  // the one before has kept.
  pauseOutbox();
  await sessions.createSession({ account, password });
  if (keptAccount() !== account) localStorage.removeItem("session");
  await restoreSession();
  interrupted.value = false;
}

// Logs out, and forgets what this device has kept of patients.
export async function logOut(): Promise<void> {
  const name = session.value?.name;
  if (name) {
    try {
      await sessions.revokeSession({ session: name, requestId: newRequestId() });
    } catch (error) {
      if (!isSessionOver(error)) throw error;
    }
  }
  closeOutbox();
  closeDrafts();
  await closeVault();
  localStorage.removeItem("session");
  session.value = null;
  interrupted.value = false;
  location.hash = "/";
}

async function enter(value: Session): Promise<void> {
  // The steps of whoever was logged in before stay in his vault.
  if (entered !== value.account.name) {
    closeOutbox();
    closeDrafts();
  }
  entered = value.account.name;
  await openVault(value.account.name);
  await openDrafts(value.account.name);
  if (value.center.timeZone) timeZone.value = value.center.timeZone;
  keepSession(value);
  session.value = value;
  // What waited for a login goes on. (It cannot fail: the vault does not.)
  void openOutbox(value.account.name);
}

// What this device keeps to start without the network: nothing of patients.
interface Kept {
  name: string;
  account: Account;
  person: Person;
  center: Center;
}

function keepSession(value: Session): void {
  const { name, account, person, center } = value;
  localStorage.setItem(
    "session",
    JSON.stringify({ name, account, person, center }, (_, each: unknown) =>
      typeof each === "bigint" ? Number(each) : each,
    ),
  );
}

function keptAccount(): string | undefined {
  const text = localStorage.getItem("session");
  return text ? (JSON.parse(text) as Kept).account.name : undefined;
}

// Somebody else has logged in in another window, which has the same cookie.
window.addEventListener("storage", ({ key, newValue }: StorageEvent) => {
  if (key !== "session" || !newValue || !session.value || keptAccount() === session.value.account.name) return;
  closeOutbox();
  location.reload();
});

async function keptSession(): Promise<Session | undefined> {
  const text = localStorage.getItem("session");
  if (!text) return undefined;
  const kept = JSON.parse(text) as Kept;
  return { ...kept, organization: undefined };
}
