// What this device keeps of drafts, unsent steps and patients' cards: in
// IndexedDB, sealed with AES-GCM by a key that no script can read out and that
// logging out destroys. One vault for each account.
import { openDB, type IDBPDatabase } from "idb";

interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

let database: IDBPDatabase | undefined;
let key: CryptoKey | undefined;
let prefix = "";

// Opens the vault of an account; everything below then is that account's.
export async function openVault(account: string): Promise<void> {
  prefix = account + "|";
  database ??= await openDB("housecall", 1, {
    upgrade(db) {
      db.createObjectStore("keys");
      db.createObjectStore("sealed");
    },
  });
  const found = (await database.get("keys", account)) as CryptoKey | undefined;
  if (found) {
    key = found;
    return;
  }
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
    "encrypt",
    "decrypt",
  ]);
  await database.put("keys", made, account);
  key = made;
}

// Destroys the key and everything sealed with it.
export async function closeVault(): Promise<void> {
  if (!database || !prefix) return;
  await database.delete("keys", prefix.slice(0, -1));
  for (const each of await database.getAllKeys("sealed", range(""))) {
    await database.delete("sealed", each);
  }
  key = undefined;
}

export async function keep(name: string, value: unknown): Promise<void> {
  if (!database || !key) return;
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = new TextEncoder().encode(JSON.stringify(value));
  const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text);
  await database.put("sealed", { iv, data } satisfies Sealed, prefix + name);
}

export async function kept<T>(name: string): Promise<T | undefined> {
  if (!database || !key) return undefined;
  const sealed = (await database.get("sealed", prefix + name)) as Sealed | undefined;
  return sealed && ((await unseal(sealed)) as T | undefined);
}

export async function forget(name: string): Promise<void> {
  await database?.delete("sealed", prefix + name);
}

// Forgets what has a name that begins so, except those that are still wanted.
export async function forgetUnder(start: string, except: ReadonlySet<string>): Promise<void> {
  if (!database) return;
  for (const each of await database.getAllKeys("sealed", range(start))) {
    if (!except.has(String(each).slice(prefix.length))) await database.delete("sealed", each);
  }
}

// Everything whose name begins so, in the order of names.
export async function keptUnder<T>(start: string): Promise<Map<string, T>> {
  const result = new Map<string, T>();
  if (!database || !key) return result;
  for (const each of await database.getAllKeys("sealed", range(start))) {
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
