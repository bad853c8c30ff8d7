// What modules of clients/web take from a browser when they are loaded. Import it
// before `bundled()` is called.
export const listeners = new Map();

globalThis.window = globalThis;
globalThis.location = { origin: "http://center.test" };
globalThis.localStorage = { getItem: () => null };
globalThis.document = { documentElement: {}, visibilityState: "visible", addEventListener() {}, removeEventListener() {} };
globalThis.addEventListener = (name, act) => listeners.set(name, act);
globalThis.removeEventListener = (name) => listeners.delete(name);
