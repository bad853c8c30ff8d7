// What this device does with the server's answers, without a browser:
// src/app/outbox.ts over a network and a vault of this test's own.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import "./browserless.mjs";
import { bundled } from "./bundle.mjs";
import { until } from "./until.mjs";

const account = "centers/demo/accounts/a";
const call = "centers/demo/calls/c1";
const other = "centers/demo/calls/c2";
const lane = "centers/demo/assignments/a1";

function frame(flags, bytes) {
  const head = Buffer.alloc(5);
  head[0] = flags;
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const grpcWeb = { "content-type": "application/grpc-web+proto" };

// As the server and its gateway refuse; `details`: a google.rpc.Status.
function refusal(code, message = "", details = undefined) {
  return new Response("", {
    headers: {
      ...grpcWeb,
      "grpc-status": String(code),
      "grpc-message": message,
      ...(details ? { "grpc-status-details-bin": details.toString("base64") } : {}),
    },
  });
}

let phone;
afterEach(() => phone?.outbox?.closeOutbox());

// A phone with a vault, and a server that answers as `answer(method, request)`
// says: with a message, a number, which is the code of a refusal, or a Response.
class Phone {
  sent = [];
  answer = () => assert.fail("nothing was to be sent");

  static async open(answer, kept = {}) {
    phone = new Phone();
    phone.kept = new Map(Object.entries(kept));
    phone.answer = answer;
    globalThis.fetch = (url, { body }) => phone.fetch(String(url), body);
    globalThis.vault = phone;
    phone.outbox = await bundled(
      `export * from "./src/app/outbox";
       export * from "./src/app/drafts";
       export { create, fromBinary, toBinary } from "@bufbuild/protobuf";
       export { RefusalReason, RefusalSchema } from "./src/gen/housecall/v1/refusal_pb";
       export { NoteService } from "./src/gen/housecall/v1/note_service_pb";
       export { CallService } from "./src/gen/housecall/v1/call_service_pb";`,
      {
        vault: `export const keep = (name, value) => globalThis.vault.keep(name, value);
          export const kept = async (name) => globalThis.vault.kept.get(name);
          export const forget = async (name) => void globalThis.vault.kept.delete(name);
          export const keptUnder = async (start) =>
            new Map([...globalThis.vault.kept].filter(([name]) => name.startsWith(start)).sort());`,
      },
    );
    await phone.outbox.openDrafts(account);
    await phone.outbox.openOutbox(account);
    return phone;
  }

  async keep(name, value) {
    this.kept.set(name, structuredClone(value));
  }

  async fetch(url, body) {
    const { NoteService, CallService, create, fromBinary, toBinary } = this.outbox;
    const [service, name] = url.split("/").slice(-2);
    const local = name[0].toLowerCase() + name.slice(1);
    const method = (service.endsWith("NoteService") ? NoteService : CallService).method[local];
    const request = fromBinary(method.input, body.slice(5));
    this.sent.push(name === "DraftNote" ? request.text.findings : `${name} ${request.etag ?? ""}`);
    const answer = await this.answer(name, request);
    if (answer instanceof Response) return answer;
    if (typeof answer === "number") return refusal(answer);
    const message = toBinary(method.output, create(method.output, answer));
    return new Response(Buffer.concat([frame(0, message), frame(0x80, Buffer.from("grpc-status: 0\r\n"))]), { headers: grpcWeb });
  }

  draft(findings, of = call) {
    return this.outbox.perform("DraftNote", lane, { call: of, text: { findings } });
  }

  // As the page does it while the draft waits.
  sign(of = call) {
    return this.outbox.perform("SignNote", lane, {}, of);
  }

  get unsent() {
    return this.outbox.unsent.value.map(({ method, request }) => request.text?.findings ?? method);
  }
}

// Of a draft: the note as it is then, with an etag of its text.
const note = ({ call: of, text }) => ({ name: `${of}/note`, etag: `etag of ${text.findings}` });
const internal = 13;
const unavailable = 14;

test("a signature signs the draft before it, whatever is sent in between", async () => {
  let lost = true;
  const { outbox } = await Phone.open((name, request) =>
    lost ? unavailable : name === "DraftNote" ? note(request) : {});
  await phone.draft("first");
  await phone.draft("second");
  await phone.sign();
  await phone.draft("other's", other);
  await phone.sign(other);
  await until(() => phone.sent.length === 1);
  lost = false;
  phone.sent = [];
  outbox.pauseOutbox();
  await outbox.openOutbox(account);
  await until(() => phone.unsent.length === 0);
  assert.deepEqual(phone.sent, ["first", "second", "SignNote etag of second", "other's", "SignNote etag of other's"]);
});

test("a draft that is given up takes its signature along: no older text is signed", async () => {
  const { outbox } = await Phone.open((name, request) =>
    request.text?.findings === "second" ? internal : name === "DraftNote" ? note(request) : {});
  await phone.draft("first");
  await until(() => phone.unsent.length === 0);
  await phone.draft("second");
  await phone.sign();
  await phone.draft("other's", other);
  await phone.sign(other);
  await until(() => outbox.refused.value.length === 1);
  const [refused] = outbox.refused.value;
  assert.deepEqual(outbox.signedWith(refused).map(({ call: of }) => of), [call]);
  phone.sent = [];
  await outbox.giveUp(refused);
  await until(() => phone.unsent.length === 0);
  assert.deepEqual(phone.sent, ["other's", "SignNote etag of other's"]);
  assert.deepEqual([...phone.kept.keys()], []);
});

test("a signature of a later draft stays when the one before is given up", async () => {
  const { outbox } = await Phone.open((name, request) =>
    request.text?.findings === "too long" ? internal : name === "DraftNote" ? note(request) : {});
  await phone.draft("too long");
  await phone.draft("shorter");
  await phone.sign();
  await until(() => outbox.refused.value.length === 1);
  const [refused] = outbox.refused.value;
  assert.deepEqual(outbox.signedWith(refused), []);
  await outbox.giveUp(refused);
  await until(() => phone.unsent.length === 0);
  assert.deepEqual(phone.sent, ["too long", "shorter", "SignNote etag of shorter"]);
});

test("where one listener fails, the others hear of it, and the signature is addressed", async (context) => {
  const complaints = context.mock.method(console, "error", () => {});
  const { outbox } = await Phone.open((name, request) => (name === "DraftNote" ? note(request) : {}));
  const heard = [];
  outbox.onAnswered(() => {
    throw new Error("full");
  });
  outbox.onAnswered(({ method }) => void heard.push(method));
  await phone.draft("first");
  await phone.sign();
  await until(() => phone.unsent.length === 0);
  assert.deepEqual(phone.sent, ["first", "SignNote etag of first"]);
  assert.deepEqual(heard, ["DraftNote", "SignNote"]);
  assert.equal(complaints.mock.callCount(), 2);
});

test("on a full device a signature is sent with what its draft brought, once", async () => {
  let lost = true;
  const { outbox } = await Phone.open((name, request) =>
    lost ? unavailable : name === "DraftNote" ? note(request) : {});
  await phone.draft("first");
  await phone.sign();
  await until(() => phone.sent.length === 1);
  phone.sent = [];
  phone.keep = () => Promise.reject(new Error("full"));
  lost = false;
  outbox.pauseOutbox();
  await outbox.openOutbox(account);
  await until(() => phone.unsent.length === 0);
  assert.deepEqual(phone.sent, ["first", "SignNote etag of first"]);
});

test("what an answer brings is remembered without any screen: where a call ended up, that a note is signed", async () => {
  const before = { "centers/demo/calls/c0": "centers/demo/calls/c0" };
  const { outbox } = await Phone.open(
    (name) => (name === "SubmitCall" ? { name: other } : {}),
    { ended_as: before, draft: { callId: "c1" }, [`note|${call}`]: "signed", [`note|${other}`]: "not signed" },
  );
  await outbox.perform("SubmitCall", call, { call });
  await phone.sign();
  await until(() => phone.unsent.length === 0);
  assert.deepEqual(outbox.endedAs.value, { ...before, [call]: other });
  assert.equal(outbox.draft.value, undefined);
  assert.deepEqual(Object.fromEntries(phone.kept), { ended_as: { ...before, [call]: other }, [`note|${other}`]: "not signed" });
});

test("on a full device a call that the server has accepted is over, and found where it ended up", async (context) => {
  context.mock.method(console, "error", () => {});
  const { outbox } = await Phone.open(() => ({ name: other }));
  phone.keep = () => Promise.reject(new Error("full"));
  await outbox.perform("SubmitCall", call, { call });
  await until(() => phone.unsent.length === 0);
  assert.deepEqual(outbox.endedAs.value, { [call]: other });
  assert.deepEqual(phone.sent, ["SubmitCall "]);
});

test("one account's drafts are closed before another's are opened, and opened once", async () => {
  const { outbox } = await Phone.open(() => ({}), { ended_as: { a: "b" }, draft: { callId: "c1", complaint: "A's" } });
  assert.equal(outbox.draft.value.complaint, "A's");
  // What could not be kept stays while the same account goes on.
  phone.keep = () => Promise.reject(new Error("full"));
  await outbox.keepDraft({ callId: "c1", complaint: "A's, longer" }).catch(() => {});
  await outbox.openDrafts(account);
  assert.equal(outbox.draft.value.complaint, "A's, longer");
  // Nor does an opening that is late bring anything back.
  outbox.closeDrafts();
  const late = outbox.openDrafts(account);
  outbox.closeDrafts();
  await late;
  assert.equal(outbox.draft.value, undefined);
  phone.kept.clear();
  const opening = outbox.openDrafts("centers/demo/accounts/b");
  assert.deepEqual([outbox.draft.value, outbox.endedAs.value], [undefined, {}]);
  await opening;
  assert.deepEqual([outbox.draft.value, outbox.endedAs.value], [undefined, {}]);
});

// A google.rpc.Status with one detail: a Refusal with these reasons.
function statusOf(code, ...reasons) {
  const { RefusalSchema, create, toBinary } = phone.outbox;
  const field = (number, bytes) => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
  const any = Buffer.concat([
    field(1, Buffer.from("type.googleapis.com/housecall.v1.Refusal")),
    field(2, Buffer.from(toBinary(RefusalSchema, create(RefusalSchema, { reasons })))),
  ]);
  return Buffer.concat([Buffer.from([1 << 3, code]), field(3, any)]);
}

test("who is busy is asked again; what is too large, or refused for a reason, is not", async () => {
  const exhausted = 8;
  let answer;
  const { outbox } = await Phone.open(() => answer());
  const { RefusalReason } = outbox;
  const isRefused = async (made) => {
    answer = made;
    phone.sent = [];
    await phone.draft("text");
    await until(() => outbox.refused.value.length === 1 || phone.sent.length === 2);
    const refused = outbox.refused.value.length === 1;
    outbox.closeOutbox();
    phone.kept.clear();
    await outbox.openOutbox(account);
    return refused;
  };
  const because = (reason) => () => refusal(exhausted, "no room", statusOf(exhausted, reason));
  // The server, the gateway, a proxy before both.
  assert.equal(await isRefused(because(RefusalReason.TOO_BUSY)), false);
  assert.equal(await isRefused(() => refusal(exhausted, "too many large requests are under way; try again")), false);
  assert.equal(await isRefused(() => new Response("<h1>Too many</h1>", { status: 429, headers: { "content-type": "text/html" } })), false);
  assert.equal(await isRefused(() => refusal(exhausted, "the message has 5000000 bytes, more than 4194304")), true);
  assert.equal(await isRefused(because(RefusalReason.TOO_MANY_PASSWORDS)), true);
});
