// What this device keeps of drafts, unsent steps and patients' cards: in
// IndexedDB, sealed with AES-GCM by a key that no script can read out and that
// logging out destroys. One vault for each account. A device that is full or
// broken stops nobody: nothing here fails then, and `unkept` says what is at risk.
import { signal } from "@preact/signals";
import { openDB, type IDBPDatabase } from "idb";

interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

let database: IDBPDatabase | undefined;
let key: CryptoKey | undefined;
let prefix = "";

// The names of what this device should have and has not, or cannot read.
export const unkept = signal<ReadonlySet<string>>(new Set());

// Tries it; undefined, and marked, if the device cannot.
async function attempt<T>(name: string, act: () => Promise<T>): Promise<T | undefined> {
  let done = false;
  try {
    const result = await act();
    done = true;
    return result;
  } catch {
    return undefined;
  } finally {
    if (done === unkept.peek().has(name)) {
      const names = new Set(unkept.peek());
      if (done) names.delete(name);
      else names.add(name);
      unkept.value = names;
    }
  }
}

// Sealing takes a moment, and a longer text takes longer: what is written later
// must not be overtaken by what was written before.
let lastWrite: Promise<unknown> = Promise.resolve();

function inTurn<T>(write: () => Promise<T>): Promise<T> {
  const done = lastWrite.then(write);
  lastWrite = done.catch(() => {});
  return done;
}

// Opens the vault of an account; everything below then is that account's.
export async function openVault(account: string): Promise<void> {
  prefix = account + "|";
  key = undefined;
  unkept.value = new Set();
  // Without a key nothing is kept, and all of this vault is at risk.
  key = await attempt(prefix, async () => {
    database ??= await openDB("housecall", 1, {
      upgrade(db) {
        db.createObjectStore("keys");
        db.createObjectStore("sealed");
      },
    });
    const found = (await database.get("keys", account)) as CryptoKey | undefined;
    if (found) return found;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await database.put("keys", made, account);
    return made;
  });
}

// Destroys the key and everything sealed with it.
export async function closeVault(): Promise<void> {
  const [opened, account, all] = [database, prefix.slice(0, -1), range("")];
  if (!opened || !account) return;
  key = undefined;
  await inTurn(async () => {
    await opened.delete("keys", account);
    for (const each of await opened.getAllKeys("sealed", all)) await opened.delete("sealed", each);
  });
}

export async function keep(name: string, value: unknown): Promise<void> {
  if (!database || !key) return;
  const whose = { key, name: prefix + name };
  const text = new TextEncoder().encode(JSON.stringify(value));
  await attempt(whose.name, () => inTurn(async () => {
    // Not if the vault was closed meanwhile.
    if (key !== whose.key) return;
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, whose.key, text);
    await database!.put("sealed", { iv, data } satisfies Sealed, whose.name);
  }));
}

// Also what is being kept at this moment.
export async function kept<T>(name: string): Promise<T | undefined> {
  if (!database || !key) return undefined;
  const [opened, whole] = [database, prefix + name];
  await lastWrite;
  const sealed = (await attempt(whole, () => opened.get("sealed", whole))) as Sealed | undefined;
  return sealed && ((await unseal(sealed)) as T | undefined);
}

export async function forget(name: string): Promise<void> {
  const whole = prefix + name;
  await attempt(whole, () => inTurn(async () => database?.delete("sealed", whole)));
}

// Forgets what has a name that begins so, except those that are still wanted.
export async function forgetUnder(start: string, except: ReadonlySet<string>): Promise<void> {
  const [opened, length, all] = [database, prefix.length, range(start)];
  if (!opened) return;
  await attempt(prefix + start, () => inTurn(async () => {
    for (const each of await opened.getAllKeys("sealed", all)) {
      if (!except.has(String(each).slice(length))) await opened.delete("sealed", each);
    }
  }));
}

// Everything whose name begins so, in the order of names.
export async function keptUnder<T>(start: string): Promise<Map<string, T>> {
  const result = new Map<string, T>();
  if (!database || !key) return result;
  const [opened, all] = [database, range(start)];
  for (const each of (await attempt(prefix + start, () => opened.getAllKeys("sealed", all))) ?? []) {
    const name = String(each).slice(prefix.length);
    const value = await kept<T>(name);
    if (value !== undefined) result.set(name, value);
  }
  return result;
}

function range(start: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix + start, prefix + start + "\uffff");
}

async function unseal({ iv, data }: Sealed): Promise<unknown> {
  try {
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key!, data);
    return JSON.parse(new TextDecoder().decode(text));
  } catch {
    // Sealed with a key that is gone: as good as not there.
    return undefined;
  }
}
