// Figures of the screens, with the real daemon and the demonstration's center:
//
//   HOUSECALL_BIN=build/release/bin node tests/benchmarks/web_benchmark.mjs
//
// 1. The first load of each face over a simulated slow 3G link (400 kbit/s both
//    ways, 400 ms there and back, as Chromium's own tools define it): kB that
//    came over the link, and seconds until the face can be used. Then the same
//    again with what the first visit left in the browser.
// 2. The operator's board with 300 open calls and 200 cars that report a
//    position each second: frames per second while nothing but that happens,
//    and updates of the board per second that were drawn.
// 3. The greatest number of updates a second at which that screen still draws
//    as many frames as it does while nothing moves (60 where the display can),
//    and what limits it: how much of a second the page's own thread works, and
//    how many frames there are without the map, whose drawing is the graphics
//    card's work, or the processor's where there is none.
//
// "loads" or "board" after the name measures only 1, or only 2 and 3; "loads" may
// be followed by one face, "board" by other numbers of calls and cars.
import { launch, Person } from "../web/browser.mjs";
import { Center, moved, movedWord } from "../web/center.mjs";

const faces = [
  ["requester", "nurse", "phone", "a[href^='#/patients/']"],
  ["crew", "dr-sato", "phone", ".duty"],
  ["operator", "operator", "desktop", ".queue-row"],
  ["administrator", "admin", "desktop", ".calendar"],
];
const slow3g = { offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 };

async function slowly(person) {
  const session = await person.context.newCDPSession(person.page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", slow3g);
  let bytes = 0;
  session.on("Network.dataReceived", (event) => (bytes += event.encodedDataLength));
  session.on("Network.responseReceived", (event) => (bytes += event.response.encodedDataLength));
  return { take: () => { const n = bytes; bytes = 0; return n; } };
}

// From the address to a form that can be typed in, and from the password to a
// face that can be used.
async function measureLoad(browser, center, [face, account, size, usable]) {
  const person = await Person.open({ newContext: (options) => browser.newContext(options) }, { ...center, url: "about:blank" }, account, { size });
  person.center = center;
  const link = await slowly(person);
  const start = performance.now();
  await person.page.goto(center.url, { timeout: 120_000 });
  await person.page.locator("#login-password").waitFor({ timeout: 120_000 });
  const form = (performance.now() - start) / 1000;
  const login = performance.now();
  person.page.setDefaultTimeout(120_000);
  await person.logIn();
  await person.page.locator(usable).first().waitFor({ timeout: 120_000 });
  const first = (performance.now() - login) / 1000;
  // The service worker fetches the other faces' files; not part of the figure.
  const kilobytes = link.take() / 1000;
  await person.page.evaluate(() => navigator.serviceWorker.ready);
  link.take();
  const again = performance.now();
  await person.page.reload({ timeout: 120_000 });
  await person.page.locator(usable).first().waitFor({ timeout: 120_000 });
  const second = (performance.now() - again) / 1000;
  console.log(`${face.padEnd(14)} form ${form.toFixed(1)} s, face ${first.toFixed(1)} s after the password, ` +
    `${kilobytes.toFixed(0)} kB; again ${second.toFixed(1)} s, ${(link.take() / 1000).toFixed(0)} kB`);
  await person.close();
}

// The few messages that phones send here, as protobuf lays them out.
function field(number, type, bytes) {
  const key = Buffer.from([(number << 3) | type]);
  return type === 2 ? Buffer.concat([key, varint(bytes.length), bytes]) : Buffer.concat([key, bytes]);
}
function varint(value) {
  const bytes = [];
  for (let left = BigInt(value); ; left >>= 7n) {
    if (left < 128n) return Buffer.from([...bytes, Number(left)]);
    bytes.push(Number(left & 127n) | 128);
  }
}
const text = (number, value) => field(number, 2, Buffer.from(value));
const double = (number, value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return field(number, 1, bytes);
};

async function send(center, rpc, message, token) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const answer = await fetch(`${center.url}/housecall.v1.${rpc}`, {
    method: "POST",
    headers: {
      "content-type": "application/grpc-web+proto",
      "x-grpc-web": "1",
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: Buffer.concat([head, message]),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (!/grpc-status: ?0/.test(bytes.toString("latin1"))) throw new Error(`${rpc}: ${bytes.toString("latin1")}`);
  return bytes;
}

async function logIn(center, account) {
  const answer = await send(center, "SessionService/CreateSession",
    Buffer.concat([text(1, `centers/demo/accounts/${account}`), text(2, center.password)]));
  // Past the frame's head and the session stands the token.
  for (let i = 5; i < answer.length; ) {
    const key = answer[i++];
    let length = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      length |= (answer[i] & 127) << shift;
      more = answer[i++] > 127;
    }
    if (key >> 3 === 2) return answer.toString("latin1", i, i + length);
    i += length;
  }
  throw new Error("there is no token in the answer");
}

function reportPosition(center, token, { latitude, longitude }) {
  const ms = Date.now();
  const time = Buffer.concat([field(1, 0, varint(Math.floor(ms / 1000))), field(2, 0, varint((ms % 1000) * 1_000_000))]);
  return send(center, "VisitService/ReportPosition", Buffer.concat([
    field(2, 2, Buffer.concat([double(1, latitude), double(2, longitude)])),
    double(3, 15),
    field(4, 2, time),
    text(5, crypto.randomUUID()),
  ]), token);
}

// Runs in the page: counts the records that its stream of the board brings,
// several of which may be in one message (field 4 of a message is an event, its
// field 7 a record).
function countBoard() {
  globalThis.boardRecords = 0;
  const fieldsOf = function* (bytes) {
    for (let i = 0; i < bytes.length; ) {
      const varint = () => {
        let value = 0;
        for (let scale = 1; ; scale *= 128) {
          value += (bytes[i] & 127) * scale;
          if (bytes[i++] < 128) return value;
        }
      };
      const key = varint();
      const type = key & 7;
      const length = type === 2 ? varint() : type === 0 ? (varint(), 0) : type === 1 ? 8 : 4;
      yield [key >>> 3, bytes.subarray(i, i + length)];
      i += length;
    }
  };
  const count = (message) => {
    for (const [field, event] of fieldsOf(message)) {
      if (field !== 4) continue;
      for (const [inner] of fieldsOf(event)) if (inner === 7) globalThis.boardRecords++;
    }
  };
  const { fetch } = globalThis;
  globalThis.fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (!String(input.url ?? input).endsWith("/WatchBoard")) return answer;
    let rest = new Uint8Array();
    const counter = new TransformStream({
      transform(chunk, controller) {
        controller.enqueue(chunk);
        const bytes = new Uint8Array(rest.length + chunk.length);
        bytes.set(rest);
        bytes.set(chunk, rest.length);
        let i = 0;
        while (i + 5 <= bytes.length) {
          const end = i + 5 + new DataView(bytes.buffer).getUint32(i + 1);
          if (end > bytes.length) break;
          if (bytes[i] === 0) count(bytes.subarray(i + 5, end));
          i = end;
        }
        rest = bytes.slice(i);
      },
    });
    return new Response(answer.body.pipeThrough(counter), answer);
  };
}

// Everybody's requests at once, but not more than the machine likes.
async function inTurns(jobs, atOnce) {
  const rest = [...jobs];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let job = rest.shift(); job; job = rest.shift()) await job();
  }));
}

async function fillNight(center, calls, cars) {
  const lines = [];
  const at = (i) => movedWord(35.69 + (i % 20) * 0.0007, 139.405 + Math.floor(i / 20) * 0.0009);
  const add = (rpc, request) => lines.push(JSON.stringify({ rpc, request }));
  for (let i = 0; i < cars; i++) {
    add("CreatePerson", { person: { name: `driver-${i}`, organization: "platform", display_name: `運転手 ${i}`, employments: [{ organization: "platform", start_time: "2024-04-01T00:00" }] } });
    add("CreateAccount", { account: { name: `driver-${i}`, person: `driver-${i}`, roles: ["DRIVER"] }, password: { env: "DEMO_PASSWORD" } });
    add("CreateCar", { car: { name: `car-${100 + i}`, display_name: `${100 + i}号車`, organization: "platform" } });
    add("CreateShift", { shift: { name: `drive-${i}`, person: `driver-${i}`, role: "DRIVER", start_time: "-1h", end_time: "+12h", organization: "platform", car: `car-${100 + i}` } });
  }
  for (let i = 0; i < calls; i++) {
    add("CreatePatient", { patient: { name: `q-${i}`, display_name: `患者 ${i}`, place: { address: `はな町${i}`, position: at(i) }, primary_clinic: "clinic-midori", care_team: [{ role: "NURSE_STATION", organization: "nurse-station", channels: ["INBOX"] }] } });
  }
  await center.apply("admin", lines);
  const operator = [];
  const nurse = [];
  for (let i = 0; i < calls; i++) {
    nurse.push(JSON.stringify({ rpc: "SubmitCall", request: { call: `load-${i}`, patient: `q-${i}`, complaint: "息切れが強い", judgement: "朝まで待てない", callback_phone: "042-555-0141" } }));
    operator.push(JSON.stringify({ rpc: "TriageCall", request: { call: `load-${i}`, disposition: "VISIT", urgency: ["URGENT", "STANDARD", "ROUTINE"][i % 3] } }));
  }
  for (let i = 0; i < cars; i++) operator.push(JSON.stringify({ rpc: "GoOnDuty", request: { person: `driver-${i}` } }));
  await center.apply("nurse", nurse);
  await center.apply("operator", operator);
}

// Cars that drive in circles, each by the API as its phone would: at first all of
// them each second, then as set() says.
async function startCars(center, cars) {
  const sessions = [];
  await inTurns(Array.from({ length: cars }, (_, i) => async () => {
    sessions.push(await logIn(center, `driver-${i}`));
  }), 8);
  let turn = 0;
  let sent = 0;
  let failed;
  let [moving, every] = [cars, 1000];
  let timer;
  const drive = () => {
    turn++;
    const [now, span] = [moving, every];
    sessions.slice(0, now).forEach((token, i) => {
      const at = moved(35.697 + 0.007 * Math.sin(turn / 20 + i), 139.412 + 0.009 * Math.cos(turn / 20 + i));
      setTimeout(() => reportPosition(center, token, at).then(() => sent++, (error) => (failed = error)), (i * span) / now);
    });
    timer = setTimeout(drive, span);
  };
  drive();
  return {
    // So many cars, each after so many ms again.
    set: (count, ms) => ([moving, every] = [count, ms]),
    stop: () => clearTimeout(timer),
    sent: () => {
      if (failed) throw failed;
      return sent;
    },
  };
}

const only = process.argv[2];
const center = await Center.start();
const browser = await launch();
try {
  await center.putCrewsOnDuty();
  await center.submit("first", "--patient", "p-1001");
  if (only !== "board") {
    console.log("First load over slow 3G");
    for (const face of faces) {
      if (!process.argv[3] || process.argv[3] === face[0]) await measureLoad(browser, center, face);
    }
  }
  if (only !== "loads") await measureBoard();
} finally {
  await browser.close();
  await center.close();
}

async function measureBoard() {
  const [calls, cars] = [Number(process.argv[3] ?? 300), Number(process.argv[4] ?? 200)];
  await fillNight(center, calls, cars);
  const operator = await Person.enter(browser, center, "operator", { size: "desktop", init: countBoard });
  const { page } = operator;
  await page.locator(".queue-row").nth(calls - 1).waitFor({ state: "attached", timeout: 60_000 });
  await page.locator(".map-note", { hasText: /./ }).waitFor();
  const measure = (seconds) => page.evaluate((ms) => new Promise((resolve) => {
    const gaps = [];
    let last = performance.now();
    const end = last + ms;
    const tick = (now) => {
      gaps.push(now - last);
      last = now;
      if (now < end) requestAnimationFrame(tick);
      else resolve(gaps.slice(1));
    };
    requestAnimationFrame(tick);
  }), seconds * 1000);
  const rateOf = (gaps) => (gaps.length / gaps.reduce((sum, gap) => sum + gap, 0)) * 1000;
  const say = (what, gaps) => {
    const sorted = [...gaps].sort((a, b) => a - b);
    console.log(`${what}: ${rateOf(gaps).toFixed(0)} frames/s, ` +
      `median ${sorted[sorted.length >> 1].toFixed(1)} ms, p95 ${sorted[Math.floor(sorted.length * 0.95)].toFixed(1)} ms, ` +
      `longest ${sorted.at(-1).toFixed(0)} ms`);
  };
  console.log(`The board with ${calls} open calls and ${cars} cars`);
  const still = await measure(5);
  say("nothing moves", still);
  const moving = await startCars(center, cars);
  const taken = () => page.evaluate(() => globalThis.boardRecords);
  await page.waitForTimeout(3000);
  const before = [moving.sent(), await taken()];
  const gaps = await measure(10);
  const after = [moving.sent(), await taken()];
  say("every car each second", gaps);
  console.log(`positions sent ${((after[0] - before[0]) / 10).toFixed(0)}/s, taken by the screen ${((after[1] - before[1]) / 10).toFixed(0)}/s`);
  const rowAt = performance.now();
  await page.locator(".queue-row").nth(10).click();
  await page.locator(".detail-name").waitFor();
  console.log(`a click until the call is open: ${(performance.now() - rowAt).toFixed(0)} ms`);

  // The server passes on at most two positions of each person a second.
  const devtools = await operator.context.newCDPSession(page);
  await devtools.send("Performance.enable");
  const workOf = async () => {
    const { metrics } = await devtools.send("Performance.getMetrics");
    const value = (name) => metrics.find((each) => each.name === name).value;
    return {
      task: value("TaskDuration"),
      script: value("ScriptDuration"),
      layout: value("LayoutDuration") + value("RecalcStyleDuration"),
    };
  };
  const best = rateOf(still);
  let greatest = 0;
  const seconds = 3;
  const step = async (what) => {
    const [records, work] = [await taken(), await workOf()];
    const frames = await measure(seconds);
    const [recordsAfter, workAfter] = [await taken(), await workOf()];
    const share = (key) => `${(((workAfter[key] - work[key]) / seconds) * 100).toFixed(0)} %`;
    const updates = (recordsAfter - records) / seconds;
    console.log(`${what}: ${updates.toFixed(0)} updates/s, ${rateOf(frames).toFixed(0)} frames/s; ` +
      `the page's thread works ${share("task")} of the time (scripts ${share("script")}, styles and layout ${share("layout")})`);
    return { updates, frames: rateOf(frames) };
  };
  console.log(`Updates at the frames of the still board (${best.toFixed(0)}/s)`);
  for (const [count, ms] of [[cars / 8, 1000], [cars / 4, 1000], [cars / 2, 1000], [cars, 1000], [cars, 500]]) {
    moving.set(count, ms);
    await page.waitForTimeout(1500);
    const { updates, frames } = await step(`${count} cars, each after ${ms} ms`);
    if (frames >= 0.95 * best) greatest = Math.max(greatest, updates);
  }
  await page.evaluate(() => (document.querySelector(".map-panel").style.display = "none"));
  await page.waitForTimeout(500);
  await step("the same without the map");
  console.log(`the greatest number at which it keeps them: ${greatest.toFixed(0)} updates/s`);
  moving.stop();
}
