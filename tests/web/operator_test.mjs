// An operator's night, with a colleague at the next desk.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before } from "node:test";
import { launch, Person, pictures, story } from "./browser.mjs";
import { Center, movedWord } from "./center.mjs";
import { eventually } from "./until.mjs";

let center;
let browser;
before(async () => {
  center = await Center.start();
  await center.putCrewsOnDuty();
  await center.submit("first", "--patient", "p-1001", "--complaint", "息切れが強くなった");
  await center.submit("second", "--patient", "p-1002", "--complaint", "痛みが強い");
  await center.submit("third", "--patient", "p-1003", "--complaint", "呼びかけに反応が鈍い", "--red-flags", "unconscious");
  await center.submit("fourth", "--patient", "p-1004", "--complaint", "カテーテルが詰まった");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await center?.close();
});

function open({ account = "operator", ...options } = {}) {
  return Person.enter(browser, center, account, { ready: "#row-first", ...options });
}

// Opens a call; on a phone the queue and the call take turns.
async function choose({ page }, id, patient) {
  const back = page.locator(".detail-back");
  if (await back.isVisible()) await back.click();
  await page.locator(`#row-${id}`).click();
  await page.locator(".detail-name", { hasText: patient }).waitFor();
}

// Waits until a row of the queue says so, be it on the screen or not.
function inQueue({ page }, id, hasText) {
  return page.locator(`#row-${id}`, { hasText }).waitFor({ state: "attached" });
}

function call(name) {
  return center.json("operator", "get-call", name);
}

story("what cannot wait stands first; its alarm is acknowledged with a key", async () => {
  const operator = await open();
  const { page } = operator;
  await eventually(() => page.locator(".queue-row").first().getAttribute("id"), "row-third");
  await page.locator(".task-unseen", { hasText: "危険な徴候" }).waitFor();
  await page.locator("body").press("a");
  await operator.sees("森 恵子が確認");
});

story("an alarm sounds until somebody has seen it", async () => {
  await center.submit("alarm", "--short-patient.display-name", "近所の方", "--place.address", "はな町1-1",
    "--complaint", "息が止まりそう", "--red-flags", "not-breathing");
  const operator = await open({ init: () => {
    globalThis.sounds = 0;
    const { prototype } = globalThis.AudioContext;
    const { createOscillator } = prototype;
    prototype.createOscillator = function () {
      globalThis.sounds++;
      return createOscillator.call(this);
    };
  } });
  const { page } = operator;
  const sounds = () => page.evaluate(() => globalThis.sounds);
  await page.locator(".task-unseen").first().waitFor();
  await page.locator("body").press("Shift");
  await page.waitForFunction((before) => globalThis.sounds >= before + 4, await sounds());
  while (await page.locator(".task-unseen").count()) {
    const left = await page.locator(".task-unseen").count();
    await page.locator("body").press("a");
    await page.waitForFunction((n) => document.querySelectorAll(".task-unseen").length < n, left);
  }
  const heard = await sounds();
  // It would have sounded again by then.
  await page.waitForTimeout(2500);
  assert.equal(await sounds(), heard);
  await center.cancel("alarm");
});

story("triage by keyboard; the match tells why this crew and why not the others", async () => {
  const operator = await open();
  const { page } = operator;
  await choose(operator, "first", "田中 ハル");
  await page.keyboard.press("t");
  await page.locator("dialog").getByLabel(/^緊急/).check();
  await operator.look("operator-triage");
  await page.locator("dialog").getByRole("button", { name: "決める" }).click();
  await inQueue(operator, "first", "打診中");
  await page.getByRole("button", { name: "選定の理由" }).click();
  await page.locator(".chosen").first().waitFor();
  await operator.sees("到着が遅い");
  await operator.look("operator-why");
  assert.equal((await call("first")).urgency, "URGENCY_URGENT");
});

story("two operators see each other, and neither overwrites the other", async () => {
  await center.addAccount("operator-2", "加藤 亮", "OPERATOR");
  const one = await open();
  const two = await open({ account: "operator-2" });
  await choose(one, "second", "高橋 正");
  await choose(two, "second", "高橋 正");
  // Each sees that the other looks, then that he works on it.
  await one.sees("加藤 亮 もこの依頼を開いています");
  await two.sees("森 恵子 もこの依頼を開いています");
  for (const [operator, reason] of [[one, "家族の折返し待ち"], [two, "主治医に確認中"]]) {
    await operator.page.keyboard.press("h");
    await operator.page.locator("dialog").getByLabel("理由").fill(reason);
  }
  await two.page.locator("dialog").getByText("森 恵子（対応中） もこの依頼を開いています").waitFor();
  await two.look("operator-together");
  await one.button("保留にする").click();
  await inQueue(one, "second", "保留");

  // The second one is told before he sends, refused if he does, and loses no
  // word of what he wrote.
  await two.sees("この画面を開いたあとに依頼が変わりました");
  await two.sees(/、森 恵子が変更しました/);
  await two.button("保留にする").click();
  await two.sees("ほかの人が先に変更しました");
  assert.equal((await call("second")).hold_reason, "家族の折返し待ち");
  await two.look("operator-conflict");
  await two.button("今の内容を見て続ける").click();
  await two.lacks("この画面を開いたあとに");
  await eventually(() => two.page.locator("dialog").getByLabel("理由").inputValue(), "主治医に確認中");
  await two.button("保留にする").click();
  await two.page.locator("dialog").waitFor({ state: "detached" });
  assert.equal((await call("second")).hold_reason, "主治医に確認中");

  // Who leaves is not seen any more.
  await two.goTo("rota");
  await one.lacks(/加藤 亮.* もこの依頼を開いています/);
  await one.page.keyboard.press("h");
  await one.page.locator("dialog").getByRole("button", { name: "再開" }).click();
  await inQueue(one, "second", "トリアージ待ち");
});

story("calls that came by telephone and on paper are entered, with the time when they were said", async () => {
  const operator = await open();
  const { page } = operator;
  await page.locator("body").press("n");
  const dialog = page.locator("dialog");
  await dialog.getByLabel("紙の控え").check();
  await operator.look("operator-enter");
  await dialog.getByLabel("依頼した専門職").selectOption({ label: "伊藤 直美　はな訪問看護ステーション" });
  await dialog.getByLabel("患者さん").selectOption("short");
  await dialog.getByLabel("お名前").fill("近藤 キヨ");
  await dialog.getByLabel("住所").fill("さくら町3-3");
  await dialog.getByLabel("何が起きていますか").fill("夕方から熱がある");
  await dialog.getByLabel("なぜ今夜の往診が必要ですか").fill("水分がとれない");
  await dialog.getByLabel("折返しの電話").fill("042-555-0203");
  // Nobody wrote it down tomorrow.
  const civil = (ms) => new Date(ms + 9 * 3_600_000).toISOString().slice(0, 16);
  await dialog.getByLabel("聞いた・書いた時刻").fill(civil(Date.now() + 86_400_000));
  await operator.sees("31日前から今までの時刻を");
  await eventually(() => dialog.getByRole("button", { name: "受け付ける" }).isDisabled(), true);
  const said = Date.now() - 3 * 3_600_000;
  await dialog.getByLabel("聞いた・書いた時刻").fill(civil(said));
  await dialog.getByRole("button", { name: "受け付ける" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.locator(".detail-name", { hasText: "近藤 キヨ" }).waitFor();
  await operator.sees(/紙の控え.*入力/);
  const { calls } = await center.json("operator", "list-calls");
  const entered = calls.find((each) => each.short_patient?.display_name === "近藤 キヨ");
  assert.equal(entered.source, "CALL_SOURCE_PAPER");
  assert.ok(Math.abs(Date.parse(entered.written_time) - said) < 60_000);
  assert.ok(entered.requester.endsWith("/nurse"));

  // The visit was made, too: it is entered with its times, and nobody is asked.
  await page.locator(".detail-more summary").click();
  await operator.button("紙の往診を入力").click();
  await dialog.getByLabel("準緊急").check();
  await dialog.getByLabel("医師", { exact: true }).selectOption({ label: "田辺 健" });
  await dialog.getByLabel("運転手・車").selectOption({ label: "自分で運転" });
  for (const [index, step] of ["出発", "到着", "診療開始", "診療終了", "退出"].entries()) {
    await dialog.getByLabel(step, { exact: true }).fill(civil(said + (index + 1) * 10 * 60_000));
  }
  await operator.look("operator-record-visit");
  await dialog.getByRole("button", { name: "往診を記録する" }).click();
  await dialog.waitFor({ state: "detached" });
  const visited = await call(entered.name);
  assert.equal(visited.state, "CALL_STATE_DEPARTED_SCENE");
  assert.equal(visited.offer ?? "", "");
});

story("119, an override with a reason, a broken car, a cancelled call", async () => {
  const operator = await open();
  const { page } = operator;
  await choose(operator, "third", "渡辺 光");
  await page.locator(".detail-actions").getByRole("button", { name: "119", exact: true }).click();
  await operator.button("119番の通報を記録する").click();
  await page.getByRole("button", { name: "119後の判断" }).click();
  await page.locator("dialog").getByLabel("引返し").check();
  await page.locator("dialog").getByRole("button", { name: "決める" }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
  const emergency = (await call("third")).emergency;
  assert.equal(emergency.decision, "EMERGENCY_DECISION_STAND_DOWN");

  await center.triage("second", "routine");
  await choose(operator, "second", "高橋 正");
  await page.keyboard.press("o");
  // A hard rule stands against it: he is asked for another call already.
  await page.locator("dialog").getByLabel(/佐藤 明/).check();
  await page.locator("dialog").getByLabel(/山田 隆/).check();
  await page.locator("dialog").getByLabel("理由").fill("看取りの経緯を知っている");
  await page.locator("dialog").getByRole("button", { name: "打診する" }).click();
  await operator.sees(/この人は送れません。/);
  await operator.look("operator-override-refused");
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });

  // Two could go; the operator takes the one whom the match did not.
  await center.as("dr-tanabe", "go-on-duty");
  await center.as("dr-tanabe", "report-position", movedWord(35.6945, 139.4105), "--accuracy-meters", "15");
  await center.triage("fourth", "standard");
  await inQueue(operator, "fourth", /鈴木 由美|田辺 健/);
  const asked = await page.locator("#row-fourth").textContent();
  const [physician, driver, accounts] = asked.includes("田辺 健")
    ? [/鈴木 由美/, /小川 進/, ["dr-suzuki", "driver-ogawa"]]
    : [/田辺 健/, /自分で運転/, ["dr-tanabe"]];
  await choose(operator, "fourth", "小林 ヨシ");
  await page.keyboard.press("o");
  await page.locator("dialog").getByLabel(physician).check();
  await page.locator("dialog").getByLabel(driver).check();
  await page.locator("dialog").getByLabel("理由").fill("ご本人の希望");
  await page.locator("dialog").getByRole("button", { name: "打診する" }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
  await inQueue(operator, "fourth", physician);
  await page.getByRole("button", { name: "選定の理由" }).click();
  await operator.sees("相談員の指名: ご本人の希望");

  // They accept, and fall ill.
  const { offer } = await call("fourth");
  for (const account of accounts) await center.as(account, "accept-offer", offer);
  await page.locator(".detail-actions").getByRole("button", { name: "担当を替える" }).click();
  await page.locator("dialog").getByLabel("自動で手配する").check();
  await page.locator("dialog").getByLabel("理由").fill("医師が体調不良");
  await operator.look("operator-transfer");
  await page.locator("dialog").getByRole("button", { name: "担当を替える" }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
  await inQueue(operator, "fourth", /手配中|打診中/);

  await page.locator(".crews").getByRole("button", { name: /1号車/ }).first().click();
  await page.locator("dialog").getByRole("button", { name: "故障を記録する" }).click();
  await operator.sees("1号車（故障）");
});

story("every page, without a violation", async () => {
  const operator = await open();
  const { page } = operator;
  await page.locator(".map-note", { hasText: /.+/ }).waitFor();
  await operator.look("operator-queue");
  await choose(operator, "first", "田中 ハル");
  await operator.look("operator-board");
  for (const place of ["rota", "deliveries", "handover"]) {
    await operator.goTo(place);
    await page.locator(".page-wide h2").first().waitFor();
    await operator.lacks(page.locator(".spinner"));
    await operator.look(`operator-${place}`);
  }
  for (const [language, line] of [["ja", "時刻・対応・担当者（手書き）"], ["en", "by hand"]]) {
    await operator.speak(language);
    await page.emulateMedia({ media: "print" });
    await operator.lacks(page.locator(".top"));
    await operator.sees(line);
    await page.pdf({ path: join(pictures, `operator-handover-${language}.pdf`), format: "A4" });
    await page.emulateMedia({ media: null });
  }
});
