// Waiting for what comes in its own time, on machines of any speed: until it is
// so, not for so long.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

// After so long it counts as not coming: many times what a busy machine needs.
export const patienceMilliseconds = 60_000;

const pauseMilliseconds = 50;

// Repeats until what `attempt` returns counts as true, and returns that.
export async function until(attempt, what = String(attempt)) {
  for (const end = Date.now() + patienceMilliseconds; ; ) {
    const value = await attempt();
    if (value) return value;
    if (Date.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((resume) => setTimeout(resume, pauseMilliseconds));
  }
}

// The port that a program writes into a file once it listens, if it has by now.
export function portIn(file) {
  return existsSync(file) && Number(/^(\d+)\n$/.exec(readFileSync(file, "utf8"))?.[1] ?? 0);
}

// Waits until what it reads is as expected: equal, or matched by an expression.
// Fails with what it was last.
export async function eventually(read, expected, what = undefined) {
  const isPattern = expected instanceof RegExp;
  let last;
  const fits = async () => {
    last = await read();
    return isPattern ? expected.test(last) : isDeepStrictEqual(last, expected);
  };
  await until(fits).catch((error) => {
    if (!error.message.startsWith("in vain")) throw error;
  });
  if (isPattern) assert.match(String(last), expected, what);
  else assert.deepEqual(last, expected, what);
}
