// housecalld's gateway as a client sees it that nobody here wrote: Connect for
// Node, by gRPC-Web, with the API's own descriptors.
//
//   node tests/gateway/connect_test.mjs BIN_FOLDER DESCRIPTORS
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { portIn, until } from "../web/until.mjs";
import * as center from "./center.mjs";

const { bin, npm, password } = center;
const { Code, ConnectError, createClient } = npm("@connectrpc/connect");
const { createGrpcWebTransport } = npm("@connectrpc/connect-node");

const folder = mkdtempSync(join(tmpdir(), "housecall-connect-"));
const database = join(folder, "center.db");
let daemon;
let gateway;
let baseUrl;

function port(file) {
  return until(() => portIn(file), `nobody wrote ${file}`);
}

function start(program, flags) {
  return spawn(join(bin, program), flags, { stdio: ["ignore", "ignore", "inherit"] });
}

const at = (url = baseUrl) => ({ baseUrl: url, httpVersion: "1.1" });

function clientOf(name, headers = {}, url = baseUrl) {
  return center.clientOf(name, at(url), headers);
}

async function logIn(account, url = baseUrl) {
  const headers = await center.logIn(account, at(url));
  assert.match(headers.authorization, /^Bearer hc1\.hino\./);
  return headers;
}

async function fails(promise, code) {
  const error = await promise.then(
    () => assert.fail("it did not fail"),
    (reason) => ConnectError.from(reason),
  );
  assert.equal(Code[error.code], Code[code], error.message);
  return error;
}

before(async () => {
  center.createCenter(database);
  const grpcPort = join(folder, "grpc");
  const webPort = join(folder, "web");
  daemon = start("housecalld", ["serve", `--db=${database}`, "--listen=127.0.0.1:0",
    `--port_file=${grpcPort}`, "--web_listen=127.0.0.1:0", `--web_port_file=${webPort}`]);
  const dispatcher = await port(grpcPort);
  baseUrl = `http://127.0.0.1:${await port(webPort)}`;
  const farPort = join(folder, "far");
  gateway = start("housecall-gateway", [`--dispatcher=127.0.0.1:${dispatcher}`,
    "--dispatcher_plain", "--listen=127.0.0.1:0", `--port_file=${farPort}`]);
  gateway.url = `http://127.0.0.1:${await port(farPort)}`;

  await center.createOperator(at());
});

after(async () => {
  for (const process of [gateway, daemon]) {
    if (process === undefined || process.exitCode !== null) continue;
    process.kill("SIGTERM");
    const [code] = await once(process, "exit");
    assert.equal(code, 0);
  }
  rmSync(folder, { recursive: true });
});

test("logs in, asks and logs out, through the daemon and from afar", async () => {
  for (const url of [baseUrl, gateway.url]) {
    const sessions = clientOf("SessionService", await logIn("admin", url), url);
    const { session, center } = await sessions.getSession({});
    assert.equal(center.displayName, "日野");
    await sessions.revokeSession({ session: session.name, requestId: crypto.randomUUID() });
    await fails(sessions.getSession({}), Code.Unauthenticated);
  }
});

test("tells errors as gRPC has them", async () => {
  const wrong = await fails(
    clientOf("SessionService").getSession({}), Code.Unauthenticated);
  assert.match(wrong.rawMessage, /no session: log in/);
  const calls = clientOf("CallService", await logIn("operator"));
  await fails(calls.getCall({ name: "centers/hino/calls/none" }), Code.NotFound);
  await fails(calls.getCall({ name: "往診" }), Code.InvalidArgument);
});

test("sixteen at once lose none of two thousand answers", async () => {
  const sessions = clientOf("SessionService", await logIn("admin"));
  let right = 0;
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (let i = 0; i < 125; i++) {
      const { account } = await sessions.getSession({});
      if (account.name === "centers/hino/accounts/admin") right++;
    }
  }));
  assert.equal(right, 2000);
});

test("streams a board, sees changes, and ends when it wants to", async () => {
  for (const url of [baseUrl, gateway.url]) {
    const board = clientOf("BoardService", await logIn("operator", url), url);
    const directory = clientOf("DirectoryService", await logIn("admin", url), url);
    const stop = new AbortController();
    const id = `org-${crypto.randomUUID().slice(0, 8)}`;
    let seen = false;
    let made = false;
    try {
      for await (const update of board.watchBoard(
        { parent: "centers/hino" }, { signal: stop.signal })) {
        if (!made && update.update.case === "snapshotComplete") {
          made = true;
          await directory.createOrganization({
            parent: "centers/hino",
            organization: {
              name: `centers/hino/organizations/${id}`,
              displayName: "さくら",
              kind: 1,
            },
            requestId: crypto.randomUUID(),
          });
          continue;
        }
        if (update.update.case !== "event") continue;
        seen = true;
        stop.abort();
      }
    } catch (error) {
      // How its own end looks to a client differs by where it was just then.
      if (!seen) throw error;
    }
    assert.ok(seen);
  }
});

test("ends at its deadline", async () => {
  const board = clientOf("BoardService", await logIn("operator"));
  const watch = async () => {
    for await (const update of board.watchBoard(
      { parent: "centers/hino" }, { timeoutMs: 300 })) {
      assert.ok(update);
    }
  };
  await fails(watch(), Code.DeadlineExceeded);
});

test("keeps a browser's session out of its scripts' sight", async () => {
  const cookies = [];
  const transport = createGrpcWebTransport({
    baseUrl,
    httpVersion: "1.1",
    interceptors: [
      (next) => async (request) => {
        request.header.set("origin", baseUrl);
        if (cookies.length > 0) request.header.set("cookie", cookies.at(-1));
        const answer = await next(request);
        const cookie = answer.header.get("set-cookie");
        if (cookie !== null) cookies.push(cookie.split(";")[0]);
        return answer;
      },
    ],
  });
  const sessions = createClient(center.service("SessionService"), transport);
  const answer = await sessions.createSession(
    { account: "centers/hino/accounts/admin", password });
  assert.equal(answer.token, "");
  assert.match(cookies[0], /^housecall-session=hc1\.hino\./);
  const { session } = await sessions.getSession({});
  await sessions.revokeSession({ session: session.name, requestId: crypto.randomUUID() });
  assert.equal(cookies[1], "housecall-session=");
  await fails(sessions.getSession({}), Code.Unauthenticated);
});

test("ends streams with a status when the server stops", async () => {
  const board = clientOf("BoardService", await logIn("operator"));
  const watch = async () => {
    for await (const update of board.watchBoard({ parent: "centers/hino" })) {
      if (update.update.case === "snapshotComplete") daemon.kill("SIGTERM");
    }
  };
  await fails(watch(), Code.Unavailable);
});
