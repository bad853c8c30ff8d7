// A physician's and a driver's night: an offer, the way, the visit without a
// network, a server that crashes meanwhile, the note and its signature.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { launch, Person, story } from "./browser.mjs";
import { Center, moved, movedWord } from "./center.mjs";
import { eventually, until } from "./until.mjs";

const near = moved(35.701, 139.409);

let center;
let browser;
before(async () => {
  center = await Center.start();
  await center.as("operator", "go-on-duty");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await center?.close();
});

function open(account) {
  return Person.enter(browser, center, account, { position: near });
}

async function submitAndTriage(call, patient) {
  await center.submit(call, "--patient", patient);
  await center.triage(call);
}

async function callState(call) {
  return (await center.json("operator", "get-call", call)).state;
}

story("a visit from duty to signature, with the network lost on the way", async () => {
  const physician = await open("dr-sato");
  const driver = await open("driver-yamada");
  await physician.look("crew-off-duty");
  for (const person of [physician, driver]) {
    await person.button("勤務を始める").click();
    await person.sees("打診を待っています");
  }
  await driver.look("crew-waiting");
  await center.as("dr-sato", "report-position", movedWord(35.701, 139.409));
  await center.as("driver-yamada", "report-position", movedWord(35.701, 139.4092));
  await submitAndTriage("night-1", "p-1001");

  // Nothing about health before the answer, and never for the driver.
  await physician.sees("往診の打診");
  assert.ok(!/息切れ|慢性心不全|田中/.test(await physician.page.content()));
  await physician.look("crew-offer");
  await physician.button("行きます").click();
  await driver.button("行きます").click();

  await driver.button("出発する").waitFor();
  await driver.sees("さくら町2-8");
  assert.ok(!/息切れ|慢性心不全|ペニシリン|フロセミド/.test(await driver.page.content()));
  await driver.look("crew-driver-next-step");
  await driver.button("出発する").click();
  await driver.button("医師が乗った").click();
  await physician.sees("慢性心不全");
  await physician.look("crew-physician-way");
  // The driver's sheet: the way by the roads' names.
  await driver.page.locator("#route-sheet > summary").click();
  await driver.sees("標識と交通規制を優先");
  await driver.button("到着した").click();
  await physician.button("診療を始める").waitFor();

  // The card is on the phone for the visit, and cannot be read there.
  const stored = await until(async () => {
    const all = await physician.vault();
    return all.some(({ name }) => name.endsWith("|patient|centers/demo/patients/p-1001")) && all;
  });
  assert.ok(stored.every(({ text }) => !/慢性心不全|田中/.test(text)));

  // No network from here to the signature: the steps are kept, and marked as
  // not sent. Even a reload loses nothing.
  await physician.context.setOffline(true);
  for (const step of ["診療を始める", "診療を終える"]) {
    await physician.button(step).click();
    // A step counts once it is kept.
    await physician.sees(new RegExp(`${step}（送信待ち）`));
  }
  await physician.page.reload();
  await physician.sees("慢性心不全");
  await physician.look("crew-visit-offline");
  await physician.page.getByRole("link", { name: "記録を書く" }).click();
  await physician.page.getByLabel("所見").fill("起座呼吸、両下肺に湿性ラ音");
  await physician.page.getByLabel("診断").fill("慢性心不全の急性増悪");
  await physician.button("悪化時は再度センターへ連絡するよう説明。").click();
  await physician.sees("この端末に保存済");
  await physician.look("crew-note-offline");
  await physician.button("署名して送る").click();
  await physician.sees("署名はこの端末に残り");
  await physician.look("crew-sign-offline");
  await physician.page.locator("dialog").getByRole("button", { name: "署名して送る" }).click();
  await physician.sees("署名しました。まだ届いていません");
  assert.equal(await callState("night-1"), "CALL_STATE_ON_SCENE");

  // The server crashes and comes back; then the network does.
  await center.crash();
  await center.serve();
  await physician.context.setOffline(false);
  await physician.sees("署名しました。かかりつけのチームへ届けています");
  await physician.look("crew-note-signed");
  await driver.button("退出する").click();
  const timeline = await center.json("operator", "list-events", "--call", "night-1");
  const kinds = timeline.events.map((event) => event.kind.replace("EVENT_KIND_", ""));
  const steps = ["TREATMENT_STARTED", "TREATMENT_ENDED", "NOTE_SIGNED"];
  assert.deepEqual(kinds.filter((kind) => steps.includes(kind)), steps, "each once, in order");
  const [note] = (await center.json("nurse", "list-notes", "--call", "night-1")).notes;
  assert.match(JSON.stringify(note.versions), /湿性ラ音.*急性増悪.*再度センターへ連絡/s);

  await physician.page.goto(`${center.url}/#/`);
  await physician.button("勤務時間を確認した").click();
  await physician.page.getByRole("button", { name: /勤務時間を確認した/ }).waitFor({ state: "detached" });
  // Nothing of the patient stays on the phone.
  await eventually(() => physician.sealedBytes("|patient|"), 0);
});

story("an acceptance without a network waits on the phone, and counts if it is in time", async () => {
  await center.as("dr-sato", "report-position", movedWord(35.701, 139.409));
  await center.as("driver-yamada", "report-position", movedWord(35.701, 139.4092));
  const physician = await open("dr-sato");
  const driver = await open("driver-yamada");
  await submitAndTriage("night-3", "p-1002");
  await physician.button("行きます").waitFor();
  await physician.context.setOffline(true);
  await physician.button("行きます").click();
  await physician.sees("まだ届いていません");
  await physician.look("crew-accepted-offline");
  await physician.context.setOffline(false);
  await physician.sees("承諾しました。相手の回答を待っています");
  await driver.button("行けません").click();
  await driver.look("crew-decline");
  await driver.button("休憩が必要").click();
  await driver.sees("打診を待っています");
  const [offer] = (await center.json("operator", "list-offers", "--call", "night-3")).offers;
  assert.equal(offer.physician_answer, "ANSWER_ACCEPTED");
  assert.equal(offer.driver_answer, "ANSWER_DECLINED");
  await center.cancel("night-3");
});

story("a step that the server refuses is shown, and the person decides", async () => {
  const physician = await open("dr-sato");
  const driver = await open("driver-yamada");
  await center.as("dr-sato", "report-position", movedWord(35.701, 139.409));
  await center.as("driver-yamada", "report-position", movedWord(35.701, 139.4092));
  await submitAndTriage("night-2", "p-1004");
  await physician.button("行きます").click();
  await driver.button("行きます").waitFor();
  await driver.look("crew-driver-offer");
  await driver.button("行きます").click();
  await driver.button("出発する").waitFor();
  await driver.context.setOffline(true);
  await driver.button("出発する").click();
  await driver.sees("送信待ち");
  await driver.look("crew-driver-offline");
  // Meanwhile the operator gives the crew another call.
  const { assignment } = await center.json("operator", "get-call", "night-2");
  await center.as("operator", "release-assignment", assignment, "--reason", "別の車が近い");
  await physician.sees("この出動は取り消されました");
  await driver.context.setOffline(false);
  await driver.sees("受け付けられなかった操作: 出発する");
  await driver.sees(/出発する担当がありません|この担当は終わっているか/);
  await driver.sees("この出動は取り消されました");
  await driver.look("crew-refused");
  // He may send it again; it is refused again, and nothing else was sent.
  await driver.button("もう一度送る").click();
  await driver.sees("受け付けられなかった操作: 出発する");
  await driver.button("送るのをやめる").click();
  await driver.lacks("受け付けられなかった操作");
  await center.cancel("night-2");
});

story("everything from the acceptance to the signature without a network, sent once and in order", async () => {
  const physician = await open("dr-tanabe");
  const { page } = physician;
  await physician.button("勤務を始める").click();
  await physician.sees("打診を待っています");
  await center.as("dr-tanabe", "report-position", movedWord(35.6945, 139.4105));
  await submitAndTriage("night-4", "p-1001");
  await center.override(["night-4"], "dr-tanabe");
  await physician.button("行きます").click();
  await physician.button("出発する").waitFor();
  await physician.sees("慢性心不全");

  await physician.context.setOffline(true);
  const steps = ["出発する", "到着した", "診療を始める", "診療を終える"];
  for (const step of steps) {
    await page.locator("#next-step", { hasText: step }).click();
    await physician.sees(new RegExp(`${step}（送信待ち）`));
  }
  await page.reload();
  for (const step of steps) await physician.sees(new RegExp(`${step}（送信待ち）`));
  await physician.look("crew-all-offline");
  await page.getByRole("link", { name: "記録を書く" }).click();
  await page.getByLabel("所見").fill("両下肺に湿性ラ音");
  await physician.sees("この端末に保存済");
  await physician.button("署名して送る").click();
  await page.locator("dialog").getByRole("button", { name: "署名して送る" }).click();
  await physician.sees("署名しました。まだ届いていません");
  await page.getByRole("link", { name: "戻る" }).click();
  await page.locator("#next-step", { hasText: "退出する" }).click();
  await physician.sees(/退出する（送信待ち）/);
  assert.equal(await callState("night-4"), "CALL_STATE_ACCEPTED");

  await physician.context.setOffline(false);
  await physician.button("勤務時間を確認した").waitFor();
  await physician.lacks("送信待ち");
  const { events } = await center.json("operator", "list-events", "--call", "night-4");
  const wanted = ["CAR_DEPARTED", "CREW_ARRIVED", "TREATMENT_STARTED", "TREATMENT_ENDED", "NOTE_SIGNED", "CREW_LEFT"];
  const kinds = events.map((event) => event.kind.replace("EVENT_KIND_", ""));
  assert.deepEqual(kinds.filter((kind) => wanted.includes(kind)), wanted, "each once, in order");
  // When each was done by the phone's clock, long before the server heard of it.
  const { visits } = await center.json("operator", "list-visits", "--call", "night-4");
  const stamps = ["depart", "arrive", "treatment_start", "treatment_end", "leave"].map((name) => visits[0][name]);
  const device = stamps.map((stamp) => Date.parse(stamp.device_time));
  assert.deepEqual(device, [...device].sort((a, b) => a - b));
  assert.ok(device.at(-2) < Date.parse(stamps[0].server_time), "done before the first was heard");
});
