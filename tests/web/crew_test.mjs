// A physician's and a driver's night: an offer, the way, the visit without a
// network, a server that crashes meanwhile, the note and its signature.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { launch, Person, story } from "./browser.mjs";
import { Center } from "./center.mjs";

const near = { latitude: 35.701, longitude: 139.409 };

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

async function open(account, options) {
  const person = await Person.open(browser, center, account, { position: near, ...options });
  await person.logIn();
  return person;
}

async function submitAndTriage(call, patient) {
  await center.as("nurse", "submit-call", call, "--patient", patient, "--complaint", "息切れが強い",
    "--judgement", "朝まで待てない", "--callback-phone", "042-555-0201");
  await center.as("operator", "triage-call", call, "--disposition", "visit", "--urgency", "urgent");
}

async function callState(call) {
  return JSON.parse(await center.as("operator", "--json", "get-call", call)).state;
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
  await center.as("dr-sato", "report-position", "35.7010,139.4090");
  await center.as("driver-yamada", "report-position", "35.7010,139.4092");
  await submitAndTriage("night-1", "p-1001");

  // Nothing about health before the answer, and never for the driver.
  await physician.sees("往診の打診");
  assert.equal(await physician.page.getByText("息切れ").count(), 0);
  await physician.look("crew-offer");
  await physician.button("行きます").click();
  await driver.button("行きます").click();

  await driver.button("出発する").waitFor();
  await driver.sees("さくら町2-8");
  assert.equal(await driver.page.getByText("息切れ").count(), 0);
  assert.equal(await driver.page.getByText("慢性心不全").count(), 0);
  await driver.look("crew-driver-next-step");
  await driver.button("出発する").click();
  await driver.button("医師が乗った").click();
  await physician.sees("慢性心不全");
  await physician.look("crew-physician-way");
  await driver.button("到着した").click();
  await physician.button("診療を始める").waitFor();

  // No network: the steps are kept, and marked as not sent.
  await physician.context.setOffline(true);
  await physician.button("診療を始める").click();
  await physician.button("診療を終える").click();
  await physician.sees("送信待ち");
  await physician.page.getByRole("link", { name: "記録を書く" }).click();
  await physician.page.getByLabel("所見").fill("起座呼吸、両下肺に湿性ラ音");
  await physician.sees("この端末に保存済");
  await physician.look("crew-note-offline");
  assert.equal(await callState("night-1"), "CALL_STATE_ON_SCENE");

  // The server crashes and comes back; then the network does.
  await center.crash();
  await center.serve();
  await physician.context.setOffline(false);
  await physician.page.locator(".foot").getByText("保存済", { exact: true }).waitFor();
  assert.equal(await physician.page.getByText("送信待ち").count(), 0);
  await physician.page.reload();
  assert.equal(await physician.page.getByLabel("所見").inputValue(), "起座呼吸、両下肺に湿性ラ音");
  await physician.page.getByLabel("診断").fill("慢性心不全の急性増悪");
  await physician.button("悪化時は再度センターへ連絡するよう説明。").click();
  await physician.page.locator(".foot").getByText("保存済", { exact: true }).waitFor();

  await driver.button("退出する").click();
  await physician.button("署名して送る").click();
  await physician.page.locator("dialog").getByRole("button", { name: "署名して送る" }).click();
  await physician.sees("署名しました");
  await physician.look("crew-note-signed");
  const timeline = JSON.parse(await center.as("operator", "--json", "list-events", "--call", "night-1"));
  const kinds = timeline.events.map((event) => event.kind);
  for (const kind of ["TREATMENT_STARTED", "TREATMENT_ENDED", "NOTE_SIGNED"]) {
    assert.equal(kinds.filter((each) => each === `EVENT_KIND_${kind}`).length, 1, kind);
  }
  await physician.page.goto(`${center.url}/#/`);
  await physician.button("勤務時間を確認した").click();
  await physician.page.getByRole("button", { name: /勤務時間を確認した/ }).waitFor({ state: "detached" });
});

story("a step that the server refuses is shown, and the person decides", async () => {
  const physician = await open("dr-sato", { language: "en" });
  const driver = await open("driver-yamada", { language: "en" });
  await center.as("dr-sato", "report-position", "35.7010,139.4090");
  await center.as("driver-yamada", "report-position", "35.7010,139.4092");
  await submitAndTriage("night-2", "p-1004");
  await physician.button("I go").click();
  await driver.look("crew-offer");
  await driver.button("I go").click();
  await driver.button("Depart").waitFor();
  await driver.context.setOffline(true);
  await driver.button("Depart").click();
  await driver.sees("not sent yet");
  // Meanwhile the operator gives the crew another call.
  const assignment = JSON.parse(await center.as("operator", "--json", "get-call", "night-2")).assignment;
  await center.as("operator", "hold-call", "night-2", "--reason", "x").catch(() => {});
  await center.as("operator", "release-assignment", assignment, "--reason", "別の車が近い");
  await driver.context.setOffline(false);
  await driver.sees("It does not fit what the server knows");
  await driver.look("crew-refused");
  await driver.button("Give it up").click();
  await driver.page.getByText("It does not fit").waitFor({ state: "detached" });
});
