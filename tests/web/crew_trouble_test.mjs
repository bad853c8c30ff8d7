// What goes wrong in a crew's night: two patients on one trip, a page that ends
// in the middle of a sentence, refusals, a connection that hangs, a phone that
// cannot sound, a session that ends, a car that breaks down.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { launch, Person, refuseWith, story } from "./browser.mjs";
import { bundled } from "./bundle.mjs";
import { Center, moved, movedWord } from "./center.mjs";
import { eventually, until } from "./until.mjs";

const near = moved(35.6945, 139.4105);
const facility = ["--place.address", "もみじ町1-1 グループホーム", "--place.position", movedWord(35.696, 139.412)];

let center;
let browser;
before(async () => {
  center = await Center.start();
  for (const account of ["operator", "dr-tanabe", "dr-sato", "driver-yamada"]) await center.as(account, "go-on-duty");
  await center.as("dr-tanabe", "report-position", movedWord(35.6945, 139.4105));
  for (const account of ["dr-sato", "driver-yamada"]) await center.as(account, "report-position", movedWord(35.701, 139.409));
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await center?.close();
});

function open(account, options) {
  return Person.enter(browser, center, account, { position: near, ...options });
}

function json(...words) {
  return center.json("operator", ...words);
}

// Calls that the operator gives to a crew, which accepts: dr-tanabe in his own
// car, or dr-sato with driver-yamada. Returns the assignment.
async function trip(calls, { driver, patient } = {}) {
  for (const call of calls) {
    await center.submit(call, ...(patient ? ["--patient", patient]
      : ["--short-patient.display-name", `${call}さん`, ...facility]));
    await center.triage(call);
  }
  await center.override(calls, driver ? "dr-sato" : "dr-tanabe", driver);
  return (await center.accept(calls[0])).assignment;
}

// The same, up to the end of every treatment.
async function treated(calls, options) {
  const assignment = await trip(calls, options);
  await center.as("dr-tanabe", "start-drive", assignment);
  await center.as("dr-tanabe", "arrive", assignment);
  for (const call of calls) {
    await center.as("dr-tanabe", "start-treatment", assignment, "--call", call);
    await center.as("dr-tanabe", "end-treatment", assignment, "--call", call);
  }
  return assignment;
}

async function finish(assignment, ...crew) {
  await center.as(crew[0], "leave-scene", assignment);
  for (const account of crew) await center.as(account, "confirm-hours", assignment);
}

async function noteOf(call) {
  return (await json("list-notes", "--call", call)).notes[0];
}

async function goTo({ page }, hash) {
  await page.evaluate((value) => (location.hash = value), hash);
}

async function sign(person) {
  await person.button("署名して送る").click();
  await person.page.locator("dialog").getByRole("button", { name: "署名して送る" }).click();
}

story("two patients on one trip: without a network each note is signed once, by its own signature", async () => {
  const assignment = await treated(["pair-a", "pair-b"]);
  const physician = await open("dr-tanabe");
  const { page, context } = physician;
  await physician.button("退出する").waitFor();
  await context.setOffline(true);
  for (const [call, findings] of [["pair-a", "Aの所見"], ["pair-b", "Bの所見"]]) {
    await goTo(physician, `/note/${call}`);
    await page.getByLabel("所見").fill(findings);
    await physician.sees("この端末に保存済");
    await goTo(physician, "/");
    await physician.button("退出する").waitFor();
  }
  await goTo(physician, "/note/pair-a");
  await sign(physician);
  await physician.sees("署名しました。まだ届いていません");
  // Who has signed one has not signed the other.
  await goTo(physician, "/");
  await physician.button("退出する").waitFor();
  await goTo(physician, "/note/pair-b");
  await physician.button("署名して送る").waitFor();
  await physician.lacks("署名しました");
  await sign(physician);
  await physician.sees("署名しました。まだ届いていません");
  await context.setOffline(false);
  await physician.sees("署名しました。かかりつけのチームへ届けています");
  // Each goes by itself: the page shows one, the other may take longer.
  for (const [call, findings] of [["pair-a", "Aの所見"], ["pair-b", "Bの所見"]]) {
    await eventually(async () => (await noteOf(call)).versions?.map(({ text }) => text.findings), [findings], call);
  }
  await physician.lacks("受け付けられなかった操作");
  await finish(assignment, "dr-tanabe");
});

story("what is signed is what stands there, also after a reload in the middle of a sentence", async () => {
  const assignment = await treated(["half"], { patient: "p-1001" });
  const physician = await open("dr-tanabe");
  const { page } = physician;
  await goTo(physician, "/note/half");
  await page.getByLabel("所見").fill("起座呼吸");
  await page.locator(".foot").getByText("保存済", { exact: true }).waitFor();
  const before = await until(() => physician.sealedBytes("|note|"));
  await page.getByLabel("所見").fill("起座呼吸。SpO2 88%");
  await until(async () => (await physician.sealedBytes("|note|")) > before);
  await page.reload();
  await eventually(() => page.getByLabel("所見").inputValue(), "起座呼吸。SpO2 88%");
  await sign(physician);
  await physician.sees("署名しました。かかりつけのチームへ届けています");
  assert.equal((await noteOf("half")).versions[0].text.findings, "起座呼吸。SpO2 88%");

  // Left in the middle of a word, and the visit over: it reaches the server, and
  // nothing of it stays on the phone.
  await physician.button("記録を訂正する").click();
  await page.getByLabel("診断").fill("慢性心不全の急性増悪");
  await goTo(physician, "/");
  await physician.button("退出する").waitFor();
  await until(async () => (await noteOf("half")).state === "NOTE_STATE_AMENDING");
  await goTo(physician, "/note/half");
  await physician.sees("第1版");
  await physician.look("crew-note-amending");
  await physician.button("署名して送る").click();
  await page.locator("dialog").getByLabel("訂正の理由").fill("診断を書き漏らした");
  await page.locator("dialog").getByRole("button", { name: "署名して送る" }).click();
  await physician.sees("第2版");
  await physician.sees("診断を書き漏らした");
  assert.equal((await noteOf("half")).versions.length, 2);

  // What the receivers ask is shown to who wrote it.
  const { deliveries } = await json("list-deliveries", "--call", "half");
  const station = deliveries.find((each) => each.member.organization.endsWith("/station-hikari")) ?? deliveries[0];
  const asker = station.member.organization.endsWith("/clinic-midori") ? "clinic-doctor" : "nurse";
  await center.as(asker, "question-note", station.name, "--text", "フロセミドは何時に使いましたか");
  await page.reload();
  await physician.sees("フロセミドは何時に使いましたか");
  await physician.look("crew-note-question");
  await finish(assignment, "dr-tanabe");
  await goTo(physician, "/");
  await physician.sees("打診を待っています");
  for (const what of ["|note|", "|patient|", "|step|"]) await eventually(() => physician.sealedBytes(what), 0, what);
});

// In the page: what the vault reads waits for globalThis.reading.
function slowVault() {
  const { decrypt } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.decrypt = async function (...words) {
    await globalThis.reading;
    return decrypt.apply(this, words);
  };
}

story("nothing that is read late overwrites what is being written", async () => {
  const assignment = await treated(["slow"]);
  const physician = await open("dr-tanabe", { serviceWorkers: "block", init: slowVault });
  const { page } = physician;
  const findings = page.getByLabel("所見");
  await goTo(physician, "/note/slow");
  await findings.fill("前の所見");
  await page.locator(".foot").getByText("保存済", { exact: true }).waitFor();
  await goTo(physician, "/");
  let answer;
  const answering = new Promise((resume) => (answer = resume));
  await page.route("**/ListNotes", async (route) => {
    await answering;
    await route.continue();
  });
  await goTo(physician, "/note/slow");
  await findings.waitFor();
  assert.equal(await findings.inputValue(), "前の所見");
  // From here on the vault is slow; the note comes, and he goes on writing.
  await page.evaluate(() => {
    globalThis.reading = new Promise((resume) => (globalThis.read = resume));
  });
  const answers = () => page.evaluate(() =>
    performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/ListNotes")).length);
  const before = await answers();
  answer();
  await until(async () => (await answers()) > before, "the note comes");
  await page.waitForTimeout(300);
  await findings.fill("新しい所見");
  await page.evaluate(() => globalThis.read());
  await page.waitForTimeout(300);
  assert.equal(await findings.inputValue(), "新しい所見");
  await page.locator(".foot").getByText("保存済", { exact: true }).waitFor();
  // Back at once: what was written last is read, and not what was before.
  await findings.fill("新しい所見。");
  await page.evaluate(() => {
    location.hash = "/";
  });
  await goTo(physician, "/note/slow");
  await findings.waitFor();
  assert.equal(await findings.inputValue(), "新しい所見。");
  await sign(physician);
  await physician.sees("署名しました。かかりつけのチームへ届けています");
  assert.equal((await noteOf("slow")).versions[0].text.findings, "新しい所見。");
  await finish(assignment, "dr-tanabe");
});

story("a busy server is asked again; what it refuses is shown on the note's page, too", async () => {
  const assignment = await treated(["refused"]);
  const physician = await open("dr-tanabe", { serviceWorkers: "block" });
  const { page } = physician;
  let busy = 0;
  await page.route("**/DraftNote", (route) => {
    busy++;
    return refuseWith(8, "too many requests are waiting at this center; try again")(route);
  });
  await goTo(physician, "/note/refused");
  await page.getByLabel("所見").fill("両下肺に湿性ラ音");
  await physician.sees("この端末に保存済（送信待ち）");
  await until(() => busy >= 2);
  await physician.lacks("受け付けられなかった操作");
  await page.unroute("**/DraftNote");
  await page.route("**/DraftNote", refuseWith(9, "the note is locked"));
  await physician.sees("受け付けられなかった操作: 医師の記録");
  await physician.look("crew-note-refused");
  await page.unroute("**/DraftNote");
  await physician.button("もう一度送る").click();
  await page.locator(".foot").getByText("保存済", { exact: true }).waitFor();
  await sign(physician);
  await physician.sees("署名しました。かかりつけのチームへ届けています");
  const { versions } = await noteOf("refused");
  assert.deepEqual(versions.map(({ text }) => text.findings), ["両下肺に湿性ラ音"]);
  await finish(assignment, "dr-tanabe");
});

story("a refused draft that is given up is not signed in an older text, and what was written stays", async () => {
  const assignment = await treated(["given-up"]);
  const physician = await open("dr-tanabe", { serviceWorkers: "block" });
  const { page } = physician;
  let signatures = 0;
  let state = "open";
  await page.route("**/SignNote", (route) => {
    signatures++;
    return route.continue();
  });
  await page.route("**/DraftNote", (route) => {
    if (state === "lost") return route.abort("connectionreset");
    return state === "refused" ? refuseWith(13, "the server has a problem")(route) : route.continue();
  });
  await goTo(physician, "/note/given-up");
  await page.getByLabel("所見").fill("初めの所見");
  await page.locator(".foot").getByText("保存済", { exact: true }).waitFor();
  state = "lost";
  await page.getByLabel("所見").fill("直した所見");
  await sign(physician);
  await physician.sees("署名しました。まだ届いていません");
  state = "refused";
  await page.evaluate(() => dispatchEvent(new Event("online")));
  const box = page.getByRole("alert").filter({ hasText: "受け付けられなかった操作: 医師の記録" });
  await box.getByText("所見: 直した所見").waitFor();
  await box.getByText("この記録への署名も取り消されます").waitFor();
  await physician.sees("署名は止まっています");
  await physician.look("crew-signature-stopped");
  await box.getByRole("button", { name: "送るのをやめる" }).click();
  // Back to writing, with what he wrote last, which is not sent by itself.
  await physician.sees("この端末にだけ残っています");
  await eventually(() => page.getByLabel("所見").inputValue(), "直した所見");
  await physician.look("crew-note-only-here");
  // Its draft is nobody else's to see.
  const { notes: [before] } = await center.json("dr-tanabe", "list-notes", "--call", "given-up");
  assert.deepEqual([before.state, before.draft.findings, before.versions ?? []], ["NOTE_STATE_DRAFT", "初めの所見", []]);
  assert.equal(signatures, 0);

  state = "open";
  await sign(physician);
  await physician.sees("署名しました。かかりつけのチームへ届けています");
  const { versions } = await noteOf("given-up");
  assert.deepEqual(versions.map(({ text }) => text.findings), ["直した所見"]);
  await finish(assignment, "dr-tanabe");
});

story("a connection that hangs while connecting is opened again, and the network's return is not waited for", async () => {
  const physician = await open("dr-tanabe", { serviceWorkers: "block" });
  const { page } = physician;
  await physician.sees("打診を待っています");
  let watches = 0;
  let answer = "never";
  await page.route("**/WatchDuty", (route) => {
    watches++;
    if (answer === "never") return undefined;
    return answer === "lost" ? route.abort("connectionreset") : route.continue();
  });
  await page.clock.install();
  await page.reload();
  await physician.sees("打診を待っています");
  await until(() => watches === 1);
  answer = "lost";
  await page.clock.fastForward(26_000);
  await physician.sees("圏外です");
  await until(async () => {
    await page.clock.fastForward(10_000);
    return watches >= 4;
  });
  // From here on no timer ends: only the event can.
  answer = "live";
  await page.clock.pauseAt(Date.now() + 3_600_000);
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await physician.lacks("圏外です");
});

// In the page: counts what would be heard and felt.
function stubSound() {
  globalThis.heard = { tones: 0, vibrations: 0 };
  // What the browser calls a user's activation, playwright's own scripts give.
  let touched = false;
  addEventListener("pointerdown", () => (touched = true), { capture: true });
  globalThis.AudioContext = class {
    state = "suspended";
    currentTime = 0;
    destination = {};
    constructor() {
      globalThis.sound = this;
    }
    async resume() {
      if (!touched) return new Promise(() => {});
      this.become("running");
    }
    become(state) {
      this.state = state;
      this.onstatechange?.();
    }
    createGain() {
      return { gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect: (to) => to };
    }
    createOscillator() {
      return { frequency: {}, connect: (to) => to, start: () => globalThis.heard.tones++, stop() {} };
    }
  };
  Navigator.prototype.vibrate = () => {
    globalThis.heard.vibrations++;
    return true;
  };
}

story("an offer sounds and vibrates; a phone that cannot sound says so; without a network an offer ends at its time", async () => {
  const physician = await open("dr-tanabe", { init: stubSound });
  const { page, context } = physician;
  await physician.sees("打診を待っています");
  await page.clock.install();
  await page.reload();
  await physician.sees("音が出ません。画面に触れてください");
  await physician.look("crew-silent");
  await page.locator("h2").first().click();
  await physician.lacks("音が出ません");
  // A telephone call takes the sound away.
  await page.evaluate(() => globalThis.sound.become("interrupted"));
  await physician.sees("音が出ません");
  await page.locator("h2").first().click();
  await physician.lacks("音が出ません");

  assert.deepEqual(await page.evaluate(() => globalThis.heard), { tones: 0, vibrations: 0 });
  await center.submit("loud", "--patient", "p-1004", "--complaint", "発熱");
  await center.triage("loud");
  await center.override(["loud"], "dr-tanabe");
  await physician.button("行きます").waitFor();
  await page.waitForFunction(() => globalThis.heard.tones >= 6 && globalThis.heard.vibrations >= 2);
  await eventually(() => page.locator("header a[href^='tel:']").count(), 1);

  await context.setOffline(true);
  await physician.sees("圏外です");
  await page.clock.fastForward(660_000);
  await physician.sees("打診の回答期限が過ぎました");
  await physician.lacks(physician.button("行きます"));
  await physician.look("crew-offer-over");
  const before = await page.evaluate(() => globalThis.heard.tones);
  await page.clock.fastForward(12_000);
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => globalThis.heard.tones), before, "it has stopped ringing");
  await context.setOffline(false);
  await center.cancel("loud");
});

story("a session that ends keeps what was not sent, for its own account alone", async () => {
  const assignment = await trip(["expired"]);
  const physician = await open("dr-tanabe");
  const { page, context } = physician;
  await physician.button("出発する").waitFor();
  await context.setOffline(true);
  await physician.button("出発する").click();
  await physician.sees("出発する（送信待ち）");
  await center.endSessions("dr-tanabe");
  await context.setOffline(false);
  await physician.sees("ログインの有効期間が終わりました");
  await physician.sees("送信待ちの1件はこの端末に残っています");
  await physician.look("crew-login-again");
  // Somebody else borrows the phone: nothing of it is sent in his name.
  physician.account = "driver-yamada";
  await physician.logIn();
  await physician.sees("打診を待っています");
  await physician.lacks("送信待ち");
  await physician.button("メニュー").click();
  await physician.button("ログアウト").click();
  await page.locator("#login-account").waitFor();
  assert.equal((await json("get-assignment", assignment)).state, "ASSIGNMENT_STATE_ACCEPTED");
  physician.account = "dr-tanabe";
  await physician.logIn();
  await physician.button("到着した").waitFor();
  await physician.lacks("送信待ち");
  await eventually(async () => (await json("get-assignment", assignment)).state, "ASSIGNMENT_STATE_EN_ROUTE");
  await center.as("operator", "release-assignment", assignment, "--reason", "終わり");
  await center.cancel("expired");
});

story("hours count by the paper where there is one, and show the phone's clock where it differs", async () => {
  // Made while nothing served, entered afterwards.
  const present = Date.now();
  const at = (minutesAgo) => new Date(present - minutesAgo * 60_000).toISOString();
  await center.as("operator", "submit-call", "paper", "--short-patient.display-name", "紙の記録", ...facility,
    "--complaint", "発熱", "--judgement", "朝まで待てない", "--callback-phone", "042-555-0201",
    "--source", "paper", "--written-time", at(50), "--requester", "nurse");
  await center.as("operator", "record-visit", "paper", "--urgency", "urgent", "--physician", "dr-tanabe", "--self-drive",
    "--depart-time", at(45), "--arrive-time", at(40), "--treatment-start-time", at(39), "--treatment-end-time", at(30),
    "--leave-time", at(29));
  const departed = new Date(at(45))
    .toLocaleTimeString("ja-JP", { timeZone: "Asia/Tokyo", hour: "2-digit", minute: "2-digit" });
  const paper = await open("dr-tanabe");
  await paper.page.locator(".card", { hasText: "紙の記録による時刻" }).filter({ hasText: `${departed} 出発` }).waitFor();
  await paper.look("crew-hours-paper");
  const { assignment: made } = await json("get-call", "paper");
  await center.as("dr-tanabe", "confirm-hours", made);
  await paper.leave();

  // Done without a network, and heard of half an hour later.
  await trip(["hours"]);
  const physician = await open("dr-tanabe");
  const { page, context } = physician;
  await page.clock.install({ time: Date.now() - 1_800_000 });
  await page.reload();
  await physician.button("出発する").waitFor();
  await context.setOffline(true);
  for (const step of ["出発する", "到着した", "診療を始める", "診療を終える", "退出する"]) {
    await page.locator("#next-step", { hasText: step }).click();
    await physician.sees(new RegExp(`${step}（送信待ち）`));
  }
  await page.clock.setSystemTime(Date.now());
  await context.setOffline(false);
  await physician.sees(/端末の時計では \d\d:\d\d 〜 \d\d:\d\d/);
  await physician.look("crew-hours-phone");
  const { assignment } = await json("get-call", "hours");
  await center.as("dr-tanabe", "confirm-hours", assignment);
});

story("a wrong place, nobody at the door, 119: each told from the car", async () => {
  const assignment = await trip(["trouble"], { patient: "p-1001" });
  const physician = await open("dr-tanabe");
  const { page } = physician;
  const dialog = page.locator("dialog");
  await physician.button("出発する").click();
  // To the phone's own navigation.
  const link = page.getByRole("link", { name: "ナビを開く" });
  await link.waitFor();
  await eventually(() => link.getAttribute("href"), /^geo:35\.67\d+,139\.38\d+\?q=35\.67/);

  await physician.button("困ったとき").click();
  await physician.look("crew-trouble");
  await physician.button("場所が違う").click();
  await dialog.getByLabel("正しい住所").fill("さくら町2-9");
  await dialog.getByLabel("どうして分かりましたか").fill("家族に電話で聞いた");
  await dialog.getByLabel("今いる場所を使う").check();
  await dialog.getByRole("button", { name: "場所を訂正する" }).click();
  await page.locator(".place-address", { hasText: "さくら町2-9" }).waitFor();

  await physician.button("到着した").click();
  await physician.button("診療を始める").waitFor();
  await physician.button("困ったとき").click();
  await physician.button("患者さんが見つからない").click();
  await physician.sees("電話で確かめる手順");
  await physician.sees("4つの電話をすべて試すと退出できます");
  await physician.lacks(physician.button("退出する"));
  await page.getByRole("button", { name: "つながらない", exact: true }).first().click();
  await physician.sees("1回");
  await physician.look("crew-not-found");
  await physician.button("患者さんが見つかった").click();
  await physician.button("診療を始める").click();
  await physician.button("診療を終える").waitFor();

  await physician.button("困ったとき").click();
  await physician.button("119番が必要").click();
  await eventually(() => dialog.locator("a[href='tel:119']").count(), 1);
  await physician.look("crew-119");
  await dialog.getByRole("button", { name: "センターに知らせる" }).click();
  await physician.sees("119番の通報があります");
  await physician.look("crew-119-decide");
  await physician.button("このまま診療を続ける").click();
  await physician.lacks("119番の通報があります");
  await physician.button("診療を終える").click();
  await physician.button("退出する").click();
  await physician.button("勤務時間を確認した").waitFor();
  const told = ["PLACE_CORRECTED", "PATIENT_NOT_FOUND", "NOT_FOUND_STEP_TAKEN", "PATIENT_FOUND", "EMERGENCY_RAISED", "EMERGENCY_DECIDED"];
  await eventually(async () => {
    const { events } = await json("list-events", "--call", "trouble");
    const kinds = new Set(events.map((event) => event.kind.replace("EVENT_KIND_", "")));
    return told.filter((kind) => kinds.has(kind));
  }, told);
  await center.as("dr-tanabe", "confirm-hours", assignment);
});

// Has the server's ways told otherwise: `change` is given each answer.
async function changeRoutes({ page }, change) {
  const { RouteSchema, fromBinary, toBinary } = await bundled(
    `export { RouteSchema } from "./src/gen/housecall/v1/visit_service_pb";
     export { fromBinary, toBinary } from "@bufbuild/protobuf";`,
  );
  await page.route("**/GetRoute", async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    // A frame: one byte of flags, four of its length, the message; trailers.
    const end = 5 + body.readUInt32BE(1);
    const way = fromBinary(RouteSchema, body.subarray(5, end));
    change(way);
    const message = toBinary(RouteSchema, way);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    await route.fulfill({ response, body: Buffer.concat([head, message, body.subarray(end)]) });
  });
}

story("roads without a name are roads; without a map there is no way to tell", async () => {
  const assignment = await trip(["nameless"]);
  const physician = await open("dr-tanabe", { serviceWorkers: "block" });
  const { page } = physician;
  let told;
  await changeRoutes(physician, (way) => {
    for (const step of way.steps) step.roadName = "";
    if (told) way.travelTimes = told;
  });
  const sheet = page.locator("#route-sheet");
  await sheet.locator("summary").click();
  await sheet.getByText("名前のない道").first().waitFor();
  await sheet.getByText("標識と交通規制を優先").waitFor();
  await physician.look("crew-roads-nameless");
  told = "straight line x 1.4 at 30 km/h";
  await sheet.locator("summary").click();
  await physician.lacks(sheet.getByText("名前のない道"));
  await sheet.locator("summary").click();
  await sheet.getByText("道路の地図がないため").waitFor();
  await center.as("operator", "release-assignment", assignment, "--reason", "終わり");
  await center.cancel("nameless");
});

story("the driver does not come; the car breaks down", async () => {
  const assignment = await trip(["late"], { driver: "driver-yamada" });
  const physician = await open("dr-sato");
  await physician.sees("運転手が迎えに来ます");
  await physician.button("困ったとき").click();
  await physician.button("運転手が来ない").click();
  await physician.look("crew-driver-missing");
  await physician.button("別の運転手を頼む").click();
  await physician.sees("別の車を手配しています");
  await eventually(async () => JSON.stringify(await json("list-events", "--call", "late")), /DRIVER_MISSING/);
  await center.as("operator", "release-assignment", assignment, "--reason", "やり直し");
  await center.cancel("late");

  await center.as("driver-yamada", "go-on-duty").catch(() => {});
  const second = await trip(["broken"], { driver: "driver-yamada" });
  const driver = await open("driver-yamada");
  await driver.button("出発する").click();
  await driver.button("困ったとき").click();
  await driver.button("車が故障した").click();
  await driver.page.locator("dialog").getByLabel("車の状態").fill("エンジンがかからない");
  await driver.look("crew-breakdown");
  await driver.page.locator("dialog").getByRole("button", { name: "故障を知らせる" }).click();
  await physician.sees("別の車を手配しています");
  await physician.look("crew-waits-for-car");
  await eventually(async () => (await json("get-assignment", second)).state, "ASSIGNMENT_STATE_WAITING_FOR_CAR");
});
