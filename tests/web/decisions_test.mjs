// What is decided on a call that may have changed since it was seen, without a
// browser: src/app/decisions.ts over a server of this test's own.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "./browserless.mjs";
import { bundled } from "./bundle.mjs";

const { decideOn, isAsSeen, calls, create, CallSchema, CallState, Code, ConnectError } = await bundled(
  `export * from "./src/app/decisions";
   export { calls } from "./src/app/rpc";
   export { create } from "@bufbuild/protobuf";
   export { CallSchema, CallState } from "./src/gen/housecall/v1/call_pb";
   export { Code, ConnectError } from "@connectrpc/connect";`,
);

const seen = create(CallSchema, { name: "centers/demo/calls/c1", etag: "1", state: CallState.MATCHING, match: "centers/demo/matches/m1" });

// The call as the server has it, and what it was asked.
let current;
let sent;
let read;
beforeEach(() => {
  current = seen;
  sent = [];
  read = 0;
  calls.getCall = async ({ name }) => {
    assert.equal(name, seen.name);
    read++;
    return current;
  };
});

const shown = [];
const board = { put: (kind, call) => shown.push([kind, call.etag]) };

// As the server does it with an etag.
async function hold(etag) {
  sent.push(etag);
  if (etag !== current.etag) throw new ConnectError("it was written since", Code.Aborted);
  return "held";
}

const changed = (what) => create(CallSchema, { ...current, etag: String(Number(current.etag) + 1), ...what });

test("a call that is as it was seen is decided on, and not read again", async () => {
  assert.equal(await decideOn(board, seen, hold), "held");
  assert.deepEqual([sent, read], [["1"], 0]);
});

test("what the planner has written meanwhile stands in nobody's way", async () => {
  current = changed({
    match: "centers/demo/matches/m2",
    promise: { promiseTime: { seconds: 1_790_000_000n } },
  });
  shown.length = 0;
  assert.equal(await decideOn(board, seen, hold), "held");
  assert.deepEqual(sent, ["1", "2"]);
  assert.deepEqual(shown, [["call", "2"]]);
});

test("nobody decides on what he has not seen: it is shown instead", async () => {
  current = changed({ state: CallState.OFFERED, offer: "centers/demo/offers/o1" });
  shown.length = 0;
  await assert.rejects(decideOn(board, seen, hold), ({ code }) => code === Code.Aborted);
  assert.deepEqual(sent, ["1"]);
  assert.deepEqual(shown, [["call", "2"]]);
});

test("what changes after it was read again is looked at again, and not for ever", async () => {
  // Somebody writes each time in between.
  const late = async (etag) => {
    current = changed({});
    return hold(etag);
  };
  await assert.rejects(decideOn(board, seen, late), ({ code }) => code === Code.Aborted);
  assert.deepEqual(sent, ["1", "2", "3"]);
  // Of the last time, it is what he decided on.
  sent = [];
  current = seen;
  const twice = async (etag) => {
    if (sent.length === 0) current = changed({});
    else if (sent.length === 1) current = changed({ complaint: "worse" });
    return hold(etag);
  };
  await assert.rejects(decideOn(board, seen, twice), ({ code }) => code === Code.Aborted);
  assert.deepEqual(sent, ["1", "2"]);
});

test("another refusal is not tried again", async () => {
  const refuse = async (etag) => {
    sent.push(etag);
    throw new ConnectError("not now", Code.FailedPrecondition);
  };
  await assert.rejects(decideOn(board, seen, refuse), ({ code }) => code === Code.FailedPrecondition);
  assert.deepEqual([sent, read], [["1"], 0]);
});

test("an answer that was lost is asked for again, on the same etag", async () => {
  const lose = async (etag) => {
    sent.push(etag);
    if (sent.length === 1) throw new ConnectError("lost", Code.Unavailable);
    return "held";
  };
  assert.equal(await decideOn(board, seen, lose), "held");
  assert.deepEqual(sent, ["1", "1"]);
});

test("a fact, a follower and a crew that is asked are changes; why it waits is none", () => {
  assert.equal(isAsSeen(changed({ match: "centers/demo/matches/m9" }), seen), true);
  assert.equal(isAsSeen(changed({ facts: [{ text: "she fell" }] }), seen), false);
  assert.equal(isAsSeen(changed({ offer: "centers/demo/offers/o1" }), seen), false);
  assert.equal(isAsSeen(changed({ state: CallState.ON_HOLD }), seen), false);
});
