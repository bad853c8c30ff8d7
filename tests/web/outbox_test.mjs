// The outbox without a browser: src/app/step_queue.ts, with a network and a
// device that fail when the test wants them to.
import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { bundled, settle } from "./bundle.mjs";

const { StepQueue } = await bundled(`export * from "./src/app/step_queue"`);

const queues = [];
afterEach(() => {
  for (const queue of queues.splice(0)) queue.close();
  mock.timers.reset();
});

// A device with a store, and a server that answers as `answer(step)` says.
class Device {
  kept = new Map();
  sent = [];
  answer = () => ({ kind: "answered", answer: {} });
  // What the page does with an answer.
  answered = async () => {};

  queue() {
    const store = {
      keep: async (key, step) => void this.kept.set(key, step),
      forget: async (key) => void this.kept.delete(key),
      kept: async () => [...this.kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, step]) => step),
    };
    const queue = new StepQueue(
      store,
      async (step) => {
        this.sent.push(step.what);
        return this.answer(step);
      },
      (step) => this.answered(step),
    );
    queues.push(queue);
    return queue;
  }
}

function add(queue, lane, what) {
  return queue.add((key) => ({ key, lane, what }));
}

const later = { kind: "later", reached: false };
const whats = (steps) => steps.map((step) => step.what);

test("one lane's trouble holds up no other, and each has its own patience", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const device = new Device();
  device.answer = (step) => (step.lane === "visit" ? later : { kind: "answered", answer: {} });
  const queue = device.queue();
  await queue.open("a");
  await add(queue, "visit", "arrive");
  await add(queue, "visit", "leave");
  await add(queue, "call", "emergency");
  await settle();
  assert.deepEqual(device.sent, ["arrive", "emergency"]);
  assert.deepEqual(whats(queue.unsent.value), ["arrive", "leave"]);
  mock.timers.tick(1000);
  await settle();
  assert.deepEqual(device.sent, ["arrive", "emergency", "arrive"]);
  // The second pause is longer; a lane that begins now does not wait for it.
  mock.timers.tick(1000);
  await add(queue, "other", "fact");
  await settle();
  assert.deepEqual(device.sent, ["arrive", "emergency", "arrive", "fact"]);
  device.answer = () => ({ kind: "answered", answer: {} });
  mock.timers.tick(1000);
  await settle();
  assert.deepEqual(device.sent.slice(4), ["arrive", "leave"]);
  assert.deepEqual(queue.unsent.value, []);
  assert.equal(device.kept.size, 0);
});

test("a refused step stops its lane until the person decides", async () => {
  const device = new Device();
  device.answer = (step) => (step.what === "depart" ? { kind: "refused", failure: "why" } : { kind: "answered", answer: {} });
  const queue = device.queue();
  await queue.open("a");
  await add(queue, "visit", "depart");
  await add(queue, "visit", "arrive");
  await settle();
  assert.deepEqual(device.sent, ["depart"]);
  assert.equal(queue.refused.value[0].refusal, "why");
  await queue.sendAgain(queue.refused.value[0]);
  await settle();
  assert.deepEqual(device.sent, ["depart", "depart"]);
  await queue.giveUp(queue.refused.value[0]);
  await settle();
  assert.deepEqual(device.sent, ["depart", "depart", "arrive"]);
});

test("a clock that is set back does not change the order, also after a reload", async (context) => {
  const device = new Device();
  device.answer = () => later;
  let queue = device.queue();
  await queue.open("a");
  const clock = context.mock.method(Date, "now", () => 2_000_000);
  await add(queue, "visit", "first");
  clock.mock.mockImplementation(() => 1_000_000);
  await add(queue, "visit", "second");
  queue.pause();
  device.answer = () => ({ kind: "answered", answer: {} });
  device.sent = [];
  queue = device.queue();
  // Something done while the page still reads what the one before has left.
  const opening = queue.open("a");
  await add(queue, "visit", "third");
  await opening;
  await settle();
  assert.deepEqual(device.sent, ["first", "second", "third"]);
});

test("logging out forgets the steps: nothing of them is sent or kept for the next account", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const device = new Device();
  let answer;
  device.answer = (step) => (step.what === "waits" ? later : new Promise((resolve) => (answer = resolve)));
  const queue = device.queue();
  await queue.open("a");
  await add(queue, "one", "waits");
  await add(queue, "two", "under way");
  await settle();
  queue.close();
  device.kept.clear();
  assert.deepEqual(queue.unsent.value, []);
  await queue.open("b");
  answer({ kind: "refused", failure: "not yours" });
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual(device.sent, ["waits", "under way"]);
  assert.equal(device.kept.size, 0);
  assert.deepEqual(queue.unsent.value, []);
});

test("a session that is over stops every lane; logging in again goes on, and brings back nothing that was answered", async () => {
  const device = new Device();
  let over = true;
  device.answer = () => (over ? { kind: "session-over" } : { kind: "answered", answer: {} });
  const queue = device.queue();
  await queue.open("a");
  await add(queue, "one", "x");
  await settle();
  await add(queue, "two", "y");
  await settle();
  assert.deepEqual(device.sent, ["x"]);
  assert.deepEqual(whats(queue.unsent.value), ["x", "y"]);
  over = false;
  await queue.open("a");
  await settle();
  assert.deepEqual(device.sent, ["x", "x", "y"]);
  await queue.open("a");
  await settle();
  assert.deepEqual(queue.unsent.value, []);
});

test("steps are changed while they wait, also one that is just being kept", async () => {
  const device = new Device();
  device.answer = () => later;
  const queue = device.queue();
  await queue.open("a");
  await add(queue, "visit", "draft");
  const adding = add(queue, "visit", "signature");
  await queue.change((step) => (step.what === "signature" ? { ...step, note: "n1" } : step));
  await adding;
  assert.deepEqual(queue.unsent.value.map((step) => step.note), [undefined, "n1"]);
  assert.deepEqual([...device.kept.values()].map((step) => step.note), [undefined, "n1"]);
});

test("a device that cannot keep a step still sends it", async () => {
  const device = new Device();
  const queue = device.queue();
  await queue.open("a");
  device.kept.set = () => {
    throw new Error("full");
  };
  await add(queue, "visit", "emergency");
  await settle();
  assert.deepEqual(device.sent, ["emergency"]);
});

test("a step that is given up takes along what is worth nothing without it, before its lane goes on", async () => {
  const device = new Device();
  device.answer = (step) => (step.what === "draft" ? { kind: "refused", failure: "why" } : { kind: "answered", answer: {} });
  const queue = device.queue();
  await queue.open("a");
  for (const what of ["draft", "signature", "leave"]) await add(queue, "visit", what);
  await settle();
  const [draft] = queue.refused.value;
  // Also one that is just being kept.
  const adding = add(queue, "visit", "signature");
  await queue.giveUp(draft, (steps) => steps.filter(({ what }) => what === "signature"));
  await adding;
  await settle();
  assert.deepEqual(device.sent, ["draft", "leave"]);
  assert.deepEqual(queue.unsent.value, []);
  assert.equal(device.kept.size, 0);
});

test("a decision about a refused step holds once, however often it is pressed", async () => {
  const device = new Device();
  device.answer = (step) => (step.what === "draft" ? { kind: "refused", failure: "why" } : later);
  const queue = device.queue();
  await queue.open("a");
  for (const what of ["draft", "signature"]) await add(queue, "visit", what);
  await settle();
  const [draft] = queue.refused.value;
  device.answer = (step) => (step.what === "draft" ? { kind: "answered", answer: {} } : later);
  await queue.sendAgain(draft);
  await settle();
  await queue.giveUp(draft, (steps) => steps);
  await queue.sendAgain(draft);
  await settle();
  assert.deepEqual(whats(queue.unsent.value), ["signature"]);
  assert.deepEqual(device.sent, ["draft", "draft", "signature"]);
  assert.deepEqual(whats([...device.kept.values()]), ["signature"]);
});

test("no step slips through a change: one that is added meanwhile is changed, too", async () => {
  const device = new Device();
  device.answer = () => later;
  const queue = device.queue();
  await queue.open("a");
  await add(queue, "visit", "signature");
  const adding = [];
  await queue.change((step) => {
    if (adding.length === 0) adding.push(add(queue, "visit", "signature"));
    return { ...step, note: (step.note ?? 0) + 1 };
  });
  assert.deepEqual(queue.unsent.value.map((step) => step.note), [1, 1]);
  await Promise.all(adding);
});

test("on a device that keeps nothing any more, refusals are shown, changes hold, and what was answered is over", async (context) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const device = new Device();
  let answer = later;
  device.answer = () => answer;
  const queue = device.queue();
  await queue.open("a");
  await add(queue, "visit", "depart");
  await add(queue, "visit", "arrive");
  await settle();
  device.sent = [];
  const full = () => {
    throw new Error("full");
  };
  context.mock.method(device.kept, "set", full);
  context.mock.method(device.kept, "delete", full);
  await queue.change((step) => ({ ...step, changed: true }));
  assert.deepEqual(queue.unsent.value.map((step) => step.changed), [true, true]);
  answer = { kind: "refused", failure: "why" };
  mock.timers.tick(1000);
  await settle();
  assert.deepEqual(whats(queue.refused.value), ["depart"]);
  answer = { kind: "answered", answer: {} };
  await queue.giveUp(queue.refused.value[0]);
  await settle();
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual(device.sent, ["depart", "arrive"]);
  assert.deepEqual(queue.unsent.value, []);
});

test("a step that the server has accepted is over, also if what follows from it fails here", async (context) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const complaints = context.mock.method(console, "error", () => {});
  const device = new Device();
  device.answered = async () => {
    throw new Error("full");
  };
  const queue = device.queue();
  await queue.open("a");
  await add(queue, "visit", "depart");
  await add(queue, "visit", "arrive");
  await settle();
  mock.timers.tick(60_000);
  await settle();
  assert.deepEqual(device.sent, ["depart", "arrive"]);
  assert.deepEqual(queue.unsent.value, []);
  assert.equal(device.kept.size, 0);
  assert.equal(complaints.mock.callCount(), 2);
});
