// The examples of deploy/reverse-proxy, as they are shipped but for addresses
// and certificates, in the real proxies: in front of housecalld, and in front of
// a server of this test that says and hears what a gateway would.
//
//   node tests/gateway/proxy_test.mjs BIN_FOLDER DESCRIPTORS [--idle]
//
// --idle: only that a stream may be silent for longer than the proxies' usual
// minute, which takes that long.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import tls from "node:tls";
import assert from "node:assert/strict";
import { portIn, until } from "../web/until.mjs";
import * as center from "./center.mjs";

const { bin, npm, password } = center;
const { Code, ConnectError, createClient } = npm("@connectrpc/connect");
const { createGrpcWebTransport } = npm("@connectrpc/connect-node");

const onlyIdle = process.argv.includes("--idle");
const examples = new URL("../../deploy/reverse-proxy/", import.meta.url);
const host = "center.example";
const origin = `https://${host}`;
// Longer than what a proxy waits for an answer if nobody tells it otherwise.
const longSilenceMilliseconds = 65_000;

const folder = mkdtempSync(join(tmpdir(), "housecall-proxy-"));
const certificate = join(folder, "cert.pem");
const key = join(folder, "key.pem");
const running = [];

function find(program) {
  for (const place of [...process.env.PATH.split(":"), "/usr/sbin", "/usr/bin"]) {
    if (existsSync(join(place, program))) return join(place, program);
  }
  throw new Error(`${program} is not installed: deploy/test installs what the tests need`);
}

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

const listens = (port) => new Promise((resolve) => {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("connect", () => { socket.destroy(); resolve(true); });
  socket.on("error", () => resolve(false));
});

// The example with `from` replaced; each must be there.
function example(name, replacements) {
  let text = readFileSync(new URL(name, examples), "utf8");
  for (const [from, to] of replacements) {
    assert.ok(text.includes(from), `${name} has no "${from}" any more`);
    text = text.replaceAll(from, to);
  }
  return text;
}

let proxies = 0;
const starters = {
  async nginx(upstream, home) {
    const port = await freePort();
    const plain = await freePort();
    writeFileSync(join(home, "housecall.conf"), example("nginx.conf", [
      ["127.0.0.1:7480", `127.0.0.1:${upstream}`],
      ["  listen 80;", `  listen 127.0.0.1:${plain};`],
      ["  listen [::]:80;\n", ""],
      ["  listen 443 ssl http2;", `  listen 127.0.0.1:${port} ssl http2;`],
      ["  listen [::]:443 ssl http2;\n", ""],
      ["/etc/ssl/center.example/fullchain.pem", certificate],
      ["/etc/ssl/center.example/key.pem", key],
    ]));
    // What Debian's own nginx.conf stands for, without root.
    writeFileSync(join(home, "nginx.conf"), [
      "daemon off;", `pid ${home}/pid;`, "worker_processes 1;",
      "events { worker_connections 256; }",
      "http {", `access_log ${home}/access.log;`,
      ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
        (kind) => `${kind}_temp_path ${home}/${kind};`),
      `include ${home}/housecall.conf;`, "}", "",
    ].join("\n"));
    return { port, plain, command: [find("nginx"), "-e", join(home, "error.log"),
      "-c", join(home, "nginx.conf")] };
  },
  async caddy(upstream, home) {
    const port = await freePort();
    writeFileSync(join(home, "Caddyfile"), [
      "{", "admin off", "auto_https disable_redirects",
      `storage file_system ${home}/storage`, "}", "",
    ].join("\n") + example("Caddyfile", [
      ["127.0.0.1:7480", `127.0.0.1:${upstream}`],
      [`\n${host} {\n`, `\nhttps://${host}:${port} {\n\ttls ${certificate} ${key}\n`],
    ]));
    return { port, command: [find("caddy"), "run", "--adapter", "caddyfile",
      "--config", join(home, "Caddyfile")] };
  },
};

// Between freePort() and the proxy somebody else may have taken the port; then
// it ends, and is started on another one.
async function startProxy(kind, upstream) {
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(kind, upstream);
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

async function startOnce(kind, upstream) {
  const home = join(folder, `${kind}-${++proxies}`);
  mkdirSync(home);
  const { port, plain, command } = await starters[kind](upstream, home);
  const program = spawn(command[0], command.slice(1), {
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [program.stdout, program.stderr]) {
    stream.on("data", (data) => { said += data; });
  }
  running.push(program);
  await until(async () => {
    assert.equal(program.exitCode, null, `${kind} has ended: ${said}`);
    return listens(port);
  });
  return { port, plain };
}

const secure = (port) => tls.connect({
  host: "127.0.0.1", port, servername: host, ca: readFileSync(certificate),
  ALPNProtocols: ["h2"],
});

// One request by HTTP/2, as a browser makes it; its head, and its body as it
// comes.
function ask(port, headers, body) {
  const session = http2.connect(origin, { createConnection: () => secure(port) });
  const request = session.request({ ":authority": host, ...headers });
  request.on("close", () => session.close());
  session.on("error", () => {});
  request.on("error", () => {});
  if (body !== undefined) request.write(body);
  request.end();
  const head = once(request, "response").then(([answer]) => answer);
  return { request, head };
}

async function get(port, path) {
  const { request, head } = ask(port, { ":path": path });
  const answer = await head;
  const parts = [];
  for await (const part of request) parts.push(part);
  return { head: answer, body: Buffer.concat(parts).toString() };
}

const callHeaders = {
  ":method": "POST", ":path": "/housecall.v1.BoardService/WatchBoard",
  "content-type": "application/grpc-web+proto", "x-grpc-web": "1", origin,
};

const at = (port) => ({
  baseUrl: origin,
  httpVersion: "2",
  nodeOptions: { createConnection: () => secure(port) },
});
const clientOf = (port, name, headers) => center.clientOf(name, at(port), headers);
const logIn = (port, account) => center.logIn(account, at(port));

before(() => {
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt",
    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", `/CN=${host}`,
    "-addext", `subjectAltName=DNS:${host}`, "-keyout", key, "-out", certificate],
    { stdio: "ignore" });
});

after(async () => {
  for (const program of running) {
    if (program.exitCode !== null) continue;
    program.kill("SIGTERM");
    await once(program, "exit");
  }
  rmSync(folder, { recursive: true });
});

// In front of a server that does what the test says.
async function standIn(kind, answer) {
  const server = http.createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await startProxy(kind, server.address().port);
  return { ...proxy, stop: () => { server.closeAllConnections(); server.close(); } };
}

for (const kind of Object.keys(starters)) {
  test(`${kind}: a stream may be silent for long`,
    { skip: !onlyIdle, concurrency: true }, async () => {
      const { port, stop } = await standIn(kind, (request, response) => {
        request.resume();
        response.writeHead(200, { "content-type": "application/grpc-web+proto" });
        response.write("first");
        setTimeout(() => response.end("last"), longSilenceMilliseconds);
      });
      const { request, head } = ask(port, callHeaders, "x");
      await head;
      let body = "";
      for await (const part of request) body += part;
      assert.equal(body, "firstlast");
      stop();
    });

  test(`${kind}: passes a stream on as it comes`, { skip: onlyIdle }, async () => {
    let sender;
    const { port, stop } = await standIn(kind, (request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "application/grpc-web+proto" });
      sender = response;
      response.write("0");
    });
    const { request, head } = ask(port, callHeaders, "x");
    await head;
    // Each is sent only when the one before has come: a proxy that collects
    // them would wait for ever.
    let come = 0;
    for await (const part of request) {
      assert.equal(part.toString(), String(come));
      if (++come === 5) sender.end();
      else sender.write(String(come));
    }
    assert.equal(come, 5);
    stop();
  });

  test(`${kind}: ends the stream of a browser that has gone`, { skip: onlyIdle }, async () => {
    let gone = false;
    const { port, stop } = await standIn(kind, (request, response) => {
      request.resume();
      response.writeHead(200, { "content-type": "application/grpc-web+proto" });
      response.write("first");
      response.on("close", () => { gone = true; });
    });
    const { request, head } = ask(port, callHeaders, "x");
    await head;
    await once(request, "data");
    request.close(http2.constants.NGHTTP2_CANCEL);
    await until(() => gone);
    stop();
  });

  test(`${kind}: sends no call twice`, { skip: onlyIdle }, async () => {
    let calls = 0;
    const { port, stop } = await standIn(kind, (request) => {
      ++calls;
      request.socket.destroy();
    });
    const { head } = ask(port, callHeaders, "x");
    assert.equal((await head)[":status"], 502);
    assert.equal(calls, 1);
    stop();
  });
}

describe("before housecalld", { skip: onlyIdle }, () => {
  const ports = {};
  before(async () => {
    const database = join(folder, "center.db");
    center.createCenter(database);
    const web = join(folder, "web");
    mkdirSync(join(web, "assets"), { recursive: true });
    writeFileSync(join(web, "index.html"), "<!doctype html><title>往診</title>");
    writeFileSync(join(web, "assets", "app-0123.js"), "export {};\n");
    const portFile = join(folder, "port");
    const daemon = spawn(join(bin, "housecalld"), ["serve", `--db=${database}`,
      "--listen=127.0.0.1:0", "--web_listen=127.0.0.1:0", `--web_port_file=${portFile}`,
      `--web_root=${web}`, `--web_origin=${origin}`], { stdio: "ignore" });
    running.push(daemon);
    const upstream = await until(() => portIn(portFile));
    for (const kind of Object.keys(starters)) {
      ports[kind] = await startProxy(kind, upstream);
    }
    await center.createOperator(at(ports.nginx.port));
  });

  for (const kind of Object.keys(starters)) {
    test(`${kind}: serves the screens`, async () => {
      const { port, plain } = ports[kind];
      const page = await get(port, "/");
      assert.equal(page.head[":status"], 200);
      assert.match(page.body, /往診/);
      assert.match(page.head["content-security-policy"], /default-src 'none'/);
      assert.match(page.head["strict-transport-security"], /max-age/);
      const { head } = await get(port, "/assets/app-0123.js");
      assert.match(head["cache-control"], /immutable/);
      assert.equal((await get(port, "/nothing")).head[":status"], 404);
      if (plain === undefined) return;
      const answer = await new Promise((resolve, reject) => {
        http.get({ host: "127.0.0.1", port: plain, path: "/x", headers: { host } }, resolve)
          .on("error", reject);
      });
      answer.resume();
      assert.equal(answer.statusCode, 301);
      assert.equal(answer.headers.location, `${origin}/x`);
    });

    test(`${kind}: carries calls and a browser's session`, async () => {
      const { port } = ports[kind];
      const sessions = clientOf(port, "SessionService");
      const { token } = await sessions.createSession(
        { account: "centers/hino/accounts/admin", password });
      assert.match(token, /^hc1\.hino\./);
      const mine = clientOf(port, "SessionService", { authorization: `Bearer ${token}` });
      assert.equal((await mine.getSession({})).center.displayName, "日野");
      await assert.rejects(sessions.getSession({}),
        (error) => ConnectError.from(error).code === Code.Unauthenticated);

      // As the page does it: the cookie, which no script sees.
      let cookie;
      const browser = createGrpcWebTransport({
        baseUrl: origin,
        httpVersion: "2",
        nodeOptions: { createConnection: () => secure(port) },
        interceptors: [
          (next) => async (request) => {
            request.header.set("origin", origin);
            if (cookie !== undefined) request.header.set("cookie", cookie.split(";")[0]);
            const answer = await next(request);
            cookie ??= answer.header.get("set-cookie");
            return answer;
          },
        ],
      });
      const page = createClient(center.service("SessionService"), browser);
      assert.equal((await page.createSession(
        { account: "centers/hino/accounts/admin", password })).token, "");
      assert.match(cookie, /^__Host-housecall-session=hc1\.hino\./);
      for (const word of ["HttpOnly", "SameSite=Strict", "Secure", "Path=/", "Max-Age="]) {
        assert.ok(cookie.includes(word), `${cookie} is without ${word}`);
      }
      assert.equal((await page.getSession({})).account.name, "centers/hino/accounts/admin");
      // The same from a page of elsewhere.
      const foreign = clientOf(port, "SessionService",
        { origin: "https://elsewhere.example", cookie: cookie.split(";")[0] });
      await assert.rejects(foreign.getSession({}));
    });

    test(`${kind}: streams the board`, async () => {
      const { port } = ports[kind];
      const admin = await logIn(port, "admin");
      const operator = await logIn(port, "operator");
      const stop = new AbortController();
      const id = `org-${crypto.randomUUID().slice(0, 8)}`;
      let seen = false;
      try {
        for await (const update of clientOf(port, "BoardService", operator).watchBoard(
          { parent: "centers/hino" }, { signal: stop.signal })) {
          if (update.update.case === "snapshotComplete") {
            await clientOf(port, "DirectoryService", admin).createOrganization({
              parent: "centers/hino",
              organization: {
                name: `centers/hino/organizations/${id}`, displayName: "さくら", kind: 1,
              },
              requestId: crypto.randomUUID(),
            });
          } else if (update.update.case === "event") {
            seen = true;
            stop.abort();
          }
        }
      } catch (error) {
        if (!seen) throw error;
      }
      assert.ok(seen);
    });

    test(`${kind}: carries the largest request and refuses a larger one`, async () => {
      const { port } = ports[kind];
      const send = async (bytes) => {
        const frame = Buffer.alloc(bytes + 5, "x");
        frame.writeUInt8(0, 0);
        frame.writeUInt32BE(bytes, 1);
        const { request, head } = ask(port, callHeaders, frame);
        const answer = await head;
        let body = "";
        for await (const part of request) body += part;
        return { status: answer[":status"], body };
      };
      // It reaches the dispatcher, which finds no session with it.
      const large = await send(4 << 20);
      assert.equal(large.status, 200);
      assert.match(large.body, /grpc-status: ?16/);
      // By the proxy, where it knows the size before; else by the gateway.
      const larger = await send(6 << 20);
      assert.ok(larger.status === 413 || /grpc-status: ?8/.test(larger.body));
    });
  }
});
