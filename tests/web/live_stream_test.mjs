// A stream that is kept open, without a browser: src/app/live_stream.ts over a
// server that is silent, fails or answers when the test wants it to.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { listeners } from "./browserless.mjs";
import { bundled, settle } from "./bundle.mjs";

const { LiveStream, codeOf, Code, ConnectError } = await bundled(
  `export * from "./src/app/live_stream";
   export { codeOf } from "./src/app/rpc";
   export { Code, ConnectError } from "@connectrpc/connect";`,
);

class Stream extends LiveStream {
  // What became of each try; the last is under way.
  tries = [];

  watch(stop) {
    return new Promise((resolve, reject) => {
      this.tries.push({ end: resolve, fail: reject });
      stop.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    });
  }

  hear() {
    this.isHeard();
    this.isLive();
  }

  get code() {
    return this.problem.value === undefined ? undefined : codeOf(this.problem.value);
  }
}

let stream;
let stop;
beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  stream = new Stream();
  stop = stream.start();
});
afterEach(() => {
  stop();
  mock.timers.reset();
});

async function pass(ms) {
  // In steps, for what one timer does may set another.
  for (let passed = 0; passed < ms; passed += 1000) {
    mock.timers.tick(1000);
    await settle();
  }
}

test("a server that is silent cannot be reached; it is at no fault", async () => {
  await pass(19_000);
  assert.equal(stream.code, undefined);
  await pass(10_000);
  assert.equal(stream.code, Code.Unavailable);
  assert.equal(stream.connection.value, "lost");
  await pass(2000);
  assert.equal(stream.tries.length, 2);
  stream.hear();
  assert.deepEqual([stream.code, stream.connection.value], [undefined, "live"]);
  await pass(39_000);
  assert.equal(stream.connection.value, "live");
  await pass(10_000);
  assert.equal(stream.code, Code.Unavailable);
});

test("another try while one is silent loads again, without an error", async () => {
  await pass(10_000);
  stream.retry();
  await settle();
  assert.equal(stream.tries.length, 2);
  assert.equal(stream.code, undefined);
  listeners.get("online")();
  await settle();
  assert.equal(stream.tries.length, 3);
  assert.equal(stream.code, undefined);
});

test("why the server ended it is told, until another try begins", async () => {
  stream.tries[0].fail(new ConnectError("no", Code.Internal));
  await settle();
  assert.equal(stream.code, Code.Internal);
  stream.retry();
  await settle();
  assert.equal(stream.tries.length, 2);
  assert.equal(stream.code, undefined);
  stream.tries[1].fail(new ConnectError("no", Code.PermissionDenied));
  await settle();
  assert.equal(stream.code, Code.PermissionDenied);
});
