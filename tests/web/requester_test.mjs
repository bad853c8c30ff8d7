// A visiting nurse's evening: she calls for a patient, loses the network, is
// told what to tell 119, and follows the call.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before } from "node:test";
import { launch, Person, refuseWith, story } from "./browser.mjs";
import { Center } from "./center.mjs";
import { eventually, until } from "./until.mjs";

let center;
let browser;
before(async () => {
  center = await Center.start();
  await center.as("nurse", "record-acp", "p-1001", "--entry.participants", "ご本人、長女、主治医、訪問看護師",
    "--entry.resuscitation", "do-not-attempt", "--entry.transport", "stay-at-home",
    "--entry.place-of-death", "home", "--entry.wishes", "住み慣れた家で、家族と過ごしたい");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await center?.close();
});

function open(account, options) {
  return Person.enter(browser, center, account, options);
}

async function write({ page }, patient) {
  await page.goto(`${center.url}/#/new?patient=${patient}`);
  await page.getByLabel("2. 何が起きていますか").fill("息切れが強くなり、横になれない");
  await page.getByLabel("3. いつから").fill("21時ごろから");
  await page.getByText("バイタル（分かるものだけ）").click();
  await page.getByLabel("脈拍 /分").fill("104");
  await page.getByLabel("SpO2 %").fill("91");
  await page.getByLabel("4. なぜ今夜の往診が必要ですか").fill("心不全の悪化と思われ、朝まで待てない");
  await page.getByLabel("5. 折返しの電話").fill("042-555-0201");
}

async function callsFor(patient) {
  const { calls = [] } = await center.json("operator", "list-calls");
  return calls.filter((call) => call.patient?.endsWith("/" + patient));
}

story("every screen, without a violation", async () => {
  const person = await Person.open(browser, center, "manager");
  const { page } = person;
  await page.locator("#login-center").waitFor();
  await person.look("login");
  await person.tryLogIn("mistyped");
  await person.sees("アカウントかパスワードが違います");
  await person.look("login-wrong");
  // For a second after a wrong one, none is looked at.
  await page.waitForTimeout(1_100);
  await person.logIn();
  await page.locator("a[href='#/patients/p-1001']").waitFor();
  await person.look("requester-home");
  await page.locator("a[href='#/patients/p-1001']").click();
  await page.locator(".facts").first().waitFor();
  await person.look("requester-patient");
  await page.goto(`${center.url}/#/new?patient=p-1001`);
  await page.locator("textarea").first().waitFor();
  await person.look("requester-new-call");
  await page.getByRole("checkbox").nth(1).click();
  await page.locator(".emergency .facts").first().waitFor();
  await person.look("requester-119");
  await page.goto(`${center.url}/#/inbox`);
  await page.locator(".state-page").waitFor();
  await person.look("requester-inbox-empty");
});

story("119 comes first, with address and wishes to read aloud", async () => {
  const manager = await open("manager");
  const { page } = manager;
  await page.goto(`${center.url}/#/new?patient=p-1001`);
  await page.getByLabel("意識なし").click();
  await manager.sees("119番が先です");
  await eventually(() => page.locator("a[href='tel:119']").count(), 1);
  await eventually(() => page.locator(".emergency-address").innerText(), /さくら町2-8/);
  await manager.sees("心肺蘇生を希望しない（DNAR）");
  await manager.sees("住み慣れた家で、家族と過ごしたい");
});

story("119 before anybody was chosen: the screen asks for whom, then shows the place", async () => {
  const manager = await open("manager");
  const { page } = manager;
  await manager.button("往診を依頼する").click();
  await page.getByLabel("呼吸なし").click();
  await manager.sees("どなたの119番ですか");
  await manager.lacks(page.locator(".emergency-address"));
  await manager.look("requester-119-who");
  await page.getByLabel("患者さん").selectOption("centers/demo/patients/p-1001");
  await page.locator(".emergency-address", { hasText: "さくら町2-8" }).waitFor();
  await manager.sees("心肺蘇生を希望しない（DNAR）");
});

story("a new version of the screens is offered, not forced", async () => {
  const nurse = await open("nurse");
  const { page } = nurse;
  await page.waitForFunction(() => navigator.serviceWorker.controller);
  // What is kept on a phone: all that works without a network, and no more.
  const kept = await page.evaluate(async () => {
    const [name] = await caches.keys();
    return (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname);
  });
  for (const file of [/^\/index\.html$/, /requester-.*\.js$/, /crew-.*\.js$/, /crew-.*\.css$/]) {
    assert.ok(kept.some((each) => file.test(each)), `${file} of ${kept}`);
  }
  assert.deepEqual(kept.filter((each) => /operator|administrator|road_map|csv/.test(each)), []);
  // As after an update: the same files under another version. The server reads
  // its files when it starts.
  const file = `${center.folder}/web/service_worker.js`;
  writeFileSync(file, readFileSync(file, "utf8").replace(/screens-[0-9a-f]+/, "screens-0123456789abcdef"));
  await center.crash();
  await center.serve();
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await nurse.sees("新しい版の画面があります");
  await nurse.look("new-version");
  await nurse.button("切り替える").click();
  await nurse.lacks("新しい版の画面があります");
  await nurse.sees("担当の患者さん");
});

story("a call without network survives a reload and is sent exactly once", async () => {
  // Without its service worker the browser lets the test lose an answer.
  const nurse = await open("nurse", { serviceWorkers: "block" });
  const { page, context } = nurse;
  await write(nurse, "p-1001");
  const before = await until(() => nurse.sealedBytes("|draft"));
  await page.getByLabel("2. 何が起きていますか").fill("息切れが強くなり、横になれない。顔色も悪い");
  await until(async () => (await nurse.sealedBytes("|draft")) > before);
  await page.reload();
  await eventually(() => page.getByLabel("2. 何が起きていますか").inputValue(), "息切れが強くなり、横になれない。顔色も悪い");
  // The answer is lost on its way back: it happened, and nobody here knows.
  let lost = 0;
  await page.route("**/SubmitCall", async (route) => {
    if (lost++ > 0) return route.continue();
    await route.fetch();
    return route.abort("connectionreset");
  });
  await nurse.button("依頼を送る").click();
  await nurse.sees("受付番号");
  await page.getByText("トリアージ待ち").first().waitFor();
  await eventually(() => lost, 2, "the same request was sent again");
  const calls = await callsFor("p-1001");
  assert.equal(calls.length, 1);
  assert.equal(calls[0].vitals.pulse_per_minute ?? calls[0].vitals.pulsePerMinute, 104);
  await context.setOffline(true);
  await nurse.sees("接続が切れました");
  await context.setOffline(false);
  await nurse.lacks("接続が切れました");
  await nurse.look("requester-call");
});

story("a call that is sent without a network waits as an open call, and goes once", async () => {
  const nurse = await open("nurse");
  const { page, context } = nurse;
  await write(nurse, "p-1004");
  await context.setOffline(true);
  await nurse.button("依頼を送る").click();
  await nurse.sees("まだ届いていません");
  await nurse.look("requester-unsent");
  await page.reload();
  await nurse.sees("まだ届いていません");
  // It is no draft any more, and cannot be written twice.
  await page.getByRole("link", { name: "戻る" }).click();
  await page.locator("a", { hasText: "送信待ち" }).waitFor();
  await nurse.lacks("書きかけの依頼があります");
  await nurse.look("requester-offline-home");
  await page.evaluate(() => (location.hash = "/new?patient=p-1004"));
  await nurse.sees("まだ届いていません");
  assert.deepEqual(await callsFor("p-1004"), []);
  await context.setOffline(false);
  await page.getByText("トリアージ待ち").first().waitFor();
  assert.equal((await callsFor("p-1004")).length, 1);
  await nurse.lacks("送信待ち");
});

story("what the center refuses is shown with its words, and goes back into the form", async () => {
  const nurse = await open("nurse", { serviceWorkers: "block" });
  const { page } = nurse;
  // A fact, refused: shown on the first screen, too.
  await page.route("**/AddFact", refuseWith(9, "the call is over"));
  await page.locator("a[href^='#/calls/']").first().click();
  await nurse.button("情報を追加").click();
  await page.getByLabel("分かったこと").fill("SpO2が85%に下がった");
  await nurse.button("追加する").click();
  await nurse.sees("受け付けられなかった操作: 情報の追加");
  await nurse.look("requester-refused-fact");
  await page.getByRole("link", { name: "戻る" }).click();
  await nurse.sees("SpO2が85%に下がった");
  await page.unroute("**/AddFact");
  await nurse.button("もう一度送る").click();
  await nurse.lacks("受け付けられなかった操作");

  // A whole call: back into the form with every word.
  await page.route("**/SubmitCall", refuseWith(9, "not now"));
  await write(nurse, "p-1003");
  await nurse.button("依頼を送る").click();
  await nurse.sees("センターで受け付けられませんでした");
  await nurse.look("requester-refused-call");
  await nurse.button("直して送り直す").click();
  await eventually(() => page.getByLabel("2. 何が起きていますか").inputValue(), "息切れが強くなり、横になれない");
  await eventually(() => page.getByLabel("SpO2 %").inputValue(), "91");
  await page.unroute("**/SubmitCall");
  await nurse.button("依頼を送る").click();
  await page.getByText("トリアージ待ち").first().waitFor();
  for (const call of [...(await callsFor("p-1003")), ...(await callsFor("p-1004"))]) {
    await center.cancel(call.name);
  }
});

story("a second professional is shown the open call, and becomes its follower", async () => {
  const manager = await open("manager");
  await write(manager, "p-1001");
  await manager.sees("この方には進行中の依頼があります");
  await manager.look("requester-open-call");
  await manager.button("依頼を送る").click();
  await manager.sees("同じ患者さんの依頼が先にありました");
  assert.equal((await callsFor("p-1001")).length, 1);
});

story("a call that is answered before its screen is loaded is found under the call that it joined", async () => {
  const manager = await open("manager", { serviceWorkers: "block" });
  const { page } = manager;
  await write(manager, "p-1001");
  await page.route("**/SubmitCall", (route) => route.abort("connectionreset"));
  await manager.button("依頼を送る").click();
  await manager.sees("まだ届いていません");
  let load;
  const loading = new Promise((resume) => (load = resume));
  await page.route("**/assets/requester-*.js", async (route) => {
    await loading;
    await route.continue();
  });
  await page.reload({ waitUntil: "commit" });
  await page.unroute("**/SubmitCall");
  // Answered, and over.
  await eventually(() => manager.sealedBytes("|step|"), 0);
  load();
  await manager.sees("同じ患者さんの依頼が先にありました");
  assert.equal((await callsFor("p-1001")).length, 1);
});

story("facts are added; a call that somebody else wants too is cancelled by an operator", async () => {
  const nurse = await open("nurse");
  const { page } = nurse;
  await page.locator("a[href^='#/calls/']").first().click();
  await nurse.button("情報を追加").click();
  await page.getByLabel("分かったこと").fill("SpO2が88%に下がった");
  await nurse.button("追加する").click();
  await nurse.sees("SpO2が88%に下がった");
  await page.getByRole("button", { name: "取消しを申し出る" }).click();
  await page.getByLabel("理由").fill("家族が救急要請した");
  await page.locator("dialog .button-urgent").click();
  await nurse.sees("取消しの申出を相談員が確認しています");
  const [call] = await callsFor("p-1001");
  await center.as("operator", "answer-cancel", call.name, "--approve");
  await page.locator(".badge", { hasText: "取消し" }).first().waitFor();
  assert.deepEqual(await callsFor("p-1001"), []);
});

// In the page: a store that refuses once `isFull` is set.
function stubStore() {
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...what) {
    if (globalThis.isFull) throw new DOMException("no room", "QuotaExceededError");
    return put.apply(this, what);
  };
}

story("a phone that is full says so, and the call is sent all the same", async () => {
  const nurse = await open("nurse", { init: stubStore });
  const { page } = nurse;
  await write(nurse, "p-1003");
  await nurse.lacks("この端末に保存できません");
  await page.evaluate(() => (globalThis.isFull = true));
  await page.getByLabel("3. いつから").fill("22時ごろから");
  await nurse.sees("この端末に保存できません");
  await nurse.look("requester-full");
  await nurse.button("依頼を送る").click();
  await page.getByText("トリアージ待ち").first().waitFor();
  const [call, ...more] = await callsFor("p-1003");
  assert.equal(call.onset, "22時ごろから");
  assert.deepEqual(more, []);
  await center.cancel(call.name);
});

story("whoever logs in on a phone that can keep nothing calls all the same", async () => {
  const nurse = await open("nurse", { init: () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("no room", "QuotaExceededError");
    };
  } });
  await nurse.sees("この端末に保存できません");
  await write(nurse, "p-1003");
  await nurse.button("依頼を送る").click();
  await nurse.page.getByText("トリアージ待ち").first().waitFor();
  const [call, ...more] = await callsFor("p-1003");
  assert.deepEqual(more, []);
  await center.cancel(call.name);
});

story("what is missing is said, and nothing is sent", async () => {
  const nurse = await open("nurse");
  const { page } = nurse;
  await page.goto(`${center.url}/#/new?patient=p-1003`);
  await page.getByLabel("5. 折返しの電話").fill("あとで");
  await nurse.button("依頼を送る").click();
  await nurse.sees("3か所の入力が足りません");
  await nurse.look("requester-missing");
  await nurse.sees("電話番号を数字で");
  assert.deepEqual(await callsFor("p-1003"), []);
});

// In the page: counts how often a text was shown, or stood in a field.
function watchFor(text) {
  globalThis.seen ??= {};
  globalThis.seen[text] = 0;
  const look = () => {
    const fields = [...document.querySelectorAll("input, textarea, select")].map((each) => each.value);
    if ([document.body.innerText, ...fields].some((each) => each.includes(text))) globalThis.seen[text]++;
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true, attributes: true });
}

story("what somebody is writing is nobody else's: neither after an ended session nor after logging out", async () => {
  const person = await open("nurse");
  const { page } = person;
  const complaint = page.getByLabel("2. 何が起きていますか");
  await page.goto(`${center.url}/#/new?patient=p-1002`);
  await complaint.fill("Aだけの訴え");
  await center.endSessions("nurse");
  await person.sees("ログインの有効期間が終わりました");
  await page.evaluate(watchFor, "Aだけの訴え");
  person.account = "manager";
  await person.logIn();
  await eventually(() => complaint.inputValue(), "");
  assert.equal(await page.evaluate(() => globalThis.seen["Aだけの訴え"]), 0, "nothing of it was shown, not even for a moment");
  await complaint.fill("Bだけの訴え");

  const logOut = async () => {
    await page.goto(`${center.url}/#/`);
    await person.button("メニュー").click();
    await person.button("ログアウト").click();
    await page.locator("#login-account").waitFor();
  };
  await logOut();
  await page.evaluate(watchFor, "Bだけの訴え");
  person.account = "nurse";
  await person.logIn();
  // His own goes on.
  await person.sees("書きかけの依頼があります");
  await page.goto(`${center.url}/#/new`);
  await eventually(() => complaint.inputValue(), "Aだけの訴え");
  const seen = await page.evaluate(() => globalThis.seen);
  assert.equal(seen["Bだけの訴え"], 0, "nothing of it was shown, not even for a moment");
  assert.ok(seen["Aだけの訴え"] > 0, "what is shown is noticed");
  await logOut();
  // Logging out has destroyed it, here as on the device.
  await person.logIn();
  await person.sees("進行中の依頼");
  await person.lacks("書きかけの依頼があります");
});

story("a revoked session asks for the password, and goes on where it was", async () => {
  const nurse = await open("nurse");
  const { page } = nurse;
  await page.goto(`${center.url}/#/new?patient=p-1002`);
  await page.getByLabel("2. 何が起きていますか").fill("痛みが強い");
  await center.endSessions("nurse");
  await nurse.sees("ログインの有効期間が終わりました");
  await nurse.look("login-again");
  await nurse.lacks(page.getByLabel("2. 何が起きていますか"));
  await nurse.logIn();
  await eventually(() => page.getByLabel("2. 何が起きていますか").inputValue(), "痛みが強い");
});
