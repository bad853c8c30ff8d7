// What an operator does with calls, one after the other, and the map on which
// they move.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { launch, Person, story } from "./browser.mjs";
import { Center, moved, movedWord } from "./center.mjs";
import { tellStates } from "./states.mjs";
import { eventually, until } from "./until.mjs";

let center;
let browser;
before(async () => {
  center = await Center.start();
  await center.putCrewsOnDuty();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await center?.close();
});

// Somebody who is not registered, with a position or without.
function neighbour(name, ...at) {
  return ["--short-patient.display-name", name, "--place.address", "さくら町9-9",
    ...(at.length ? ["--place.position", movedWord(...at)] : [])];
}

function call(name) {
  return center.json("operator", "get-call", name);
}

function open({ account = "operator", ...options } = {}) {
  return Person.enter(browser, center, account, { ready: ".board", ...options });
}

// Opens a call and answers the dialog of what is done with it.
async function choose({ page }, id) {
  await page.goto(`${center.url}/#/calls/${id}`);
  await page.locator(`#row-${id}[aria-current]`).waitFor({ state: "attached" });
}

async function act({ page }, name) {
  // What is folded away has no role.
  const button = page.locator(".detail-head button").filter({ hasText: new RegExp(`^${name}(?:[A-Z])?$`) });
  await button.waitFor({ state: "attached" });
  if (!(await button.isVisible())) await page.locator(".detail-more:not([open]) summary").click();
  await button.click();
  return page.locator("dialog");
}

async function answer(dialog, name) {
  await dialog.getByRole("button", { name, exact: true }).click();
  await dialog.waitFor({ state: "detached" });
}

// The colour of one point of what is on the screen.
async function colorAt({ page, context }, { x, y }) {
  const picture = await page.screenshot({ clip: { x, y, width: 1, height: 1 } });
  const blank = await context.newPage();
  const color = await blank.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/png;base64,${data}`;
    await image.decode();
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.drawImage(image, 0, 0);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  }, picture.toString("base64"));
  await blank.close();
  return color;
}

story("the map: calls, cars and their ways, and they move", async () => {
  await center.submit("ride", "--patient", "p-1001");
  await center.triage("ride");
  const { physician, driver, assignment } = await center.accept("ride");
  await center.as(driver, "start-drive", assignment);

  const operator = await open({ init: () => addEventListener("shown", ({ detail }) => (globalThis.map = detail)) });
  const { page } = operator;
  await page.locator("#row-ride").waitFor();
  await page.locator(".map-note", { hasText: "架空の町です" }).waitFor();
  // What the map shows once it shows what is asked for.
  const shown = (what, argument) => page.waitForFunction(what, argument).then((handle) => handle.jsonValue());
  const pointOf = (name) => shown((id) => {
    const point = globalThis.map?.points.find((each) => each.name.endsWith(`/${id}`));
    return point && { ...point, pixel: globalThis.map.pixelOf(point.at) };
  }, name);
  const target = await pointOf("ride");
  assert.equal(target.kind, "call");
  assert.equal(target.tone, "urgent");
  const car = await pointOf(driver);
  assert.equal(car.kind, "car");
  assert.match(car.note, /号車 → \d\d:\d\d/);
  const way = await shown(() => globalThis.map?.lines.find((line) => line.onRoads));
  assert.ok(way.points.length > 2, "along the roads");
  const near = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) < 0.003;
  assert.ok(near(way.points[0], car.at) && near(way.points.at(-1), target.at), "from the car to the patient");

  // Everything that matters is in sight at first.
  const { clientWidth, clientHeight } = await page.locator(".map").evaluate(({ clientWidth, clientHeight }) => ({ clientWidth, clientHeight }));
  for (const { pixel } of [target, car]) {
    assert.ok(pixel.x > 0 && pixel.y > 0 && pixel.x < clientWidth && pixel.y < clientHeight, JSON.stringify([pixel, clientWidth, clientHeight]));
  }

  // The car drives on, and its point with it.
  const halfway = way.points[Math.floor(way.points.length / 2)];
  await center.as(driver, "report-position", `${halfway[1]},${halfway[0]}`, "--accuracy-meters", "15");
  await shown(([id, [lng, lat]]) => {
    const point = globalThis.map.points.find((each) => each.name.endsWith(`/${id}`));
    return Math.hypot(point.at[0] - lng, point.at[1] - lat) < 1e-4;
  }, [driver, halfway]);
  // What it has left behind is not its way any more.
  const rest = await shown(() => {
    const line = globalThis.map.lines.find((each) => each.onRoads);
    return line.ahead !== undefined && line.ahead.next > 1 && line;
  });
  assert.ok(near(rest.ahead.at, halfway), "from where it is");
  const later = await pointOf(driver);
  assert.ok(Math.hypot(later.pixel.x - car.pixel.x, later.pixel.y - car.pixel.y) > 5, "it moved on the screen");
  await operator.look("operator-map");

  // A call is opened by its point, and comes into sight with its crew.
  await until(async () => {
    await page.locator(".map").scrollIntoViewIfNeeded();
    const box = await page.locator(".map").boundingBox();
    const { pixel } = await pointOf("ride");
    await page.mouse.click(box.x + pixel.x, box.y + pixel.y);
    // Where the map has just moved, it is missed.
    return page.locator(".detail-name", { hasText: "田中 ハル" }).waitFor({ timeout: 5000 }).then(() => true, () => false);
  }, "a point is clicked");
  await shown(() => globalThis.map.points.some((point) => point.kind === "call" && point.chosen));

  // Arrived: the way is gone, the call is not.
  await center.as(driver, "arrive", assignment);
  await shown(() => !globalThis.map.lines.some((line) => line.onRoads));
  await pointOf("ride");

  // The night's map is dark at once.
  await page.locator(".map").scrollIntoViewIfNeeded();
  const corner = async () => {
    const { x, y, height } = await page.locator(".map").boundingBox();
    return colorAt(operator, { x: x + 3, y: y + height - 3 });
  };
  const light = (color) => color.reduce((sum, each) => sum + each, 0) / 3;
  await until(async () => light(await corner()) > 150, "the day's map is light");
  await page.getByRole("button", { name: "メニュー" }).click();
  await operator.button("暗い表示にする").click();
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await page.locator(".map").scrollIntoViewIfNeeded();
  await until(async () => light(await corner()) < 90, "the night's map is dark without a reload");
  await page.evaluate(() => localStorage.setItem("theme", "day"));

  for (const [who, step] of [[physician, "start-treatment"], [physician, "end-treatment"], [driver, "leave-scene"]]) {
    await center.as(who, step, assignment);
  }
  await center.sign(physician, "ride", "起坐呼吸あり");
});

story("a map that cannot be loaded says so, and is tried again", async () => {
  const operator = await open({ serviceWorkers: "block" });
  const { page } = operator;
  // The first load of the map was under way already; begin anew without it.
  let broken = true;
  let hold;
  const held = new Promise((resume) => (hold = resume));
  await page.route(/road_map/, async (route) => {
    if (broken) return route.abort();
    await held;
    return route.continue();
  });
  await page.reload();
  await operator.sees("地図を表示できません");
  await operator.look("operator-map-failed");
  broken = false;
  await page.locator(".map-state").getByRole("button", { name: "もう一度" }).click();
  await page.locator(".map-state .spinner").waitFor();
  hold();
  await page.locator(".map-note", { hasText: "架空の町です" }).waitFor();
});

story("a duplicate is merged, and taken apart again", async () => {
  await center.submit("stays", "--patient", "p-1003");
  await center.submit("twin", ...neighbour("わたなべさん", 35.695, 139.406));
  const operator = await open();
  const { page } = operator;
  await choose(operator, "twin");
  await page.keyboard.press("m");
  const dialog = page.locator("dialog");
  await dialog.getByLabel("残す依頼").selectOption({ index: 1 });
  const label = await dialog.getByLabel("残す依頼").evaluate((select) => select.selectedOptions[0].text);
  assert.ok(label.startsWith("渡辺 光") || label.startsWith("田中 ハル"), label);
  await dialog.getByLabel("残す依頼").selectOption({ label: (await dialog.getByLabel("残す依頼").locator("option", { hasText: "渡辺 光" }).textContent()) });
  await operator.look("operator-merge");
  await answer(dialog, "統合する");
  await page.locator("#row-twin").waitFor({ state: "detached" });
  const merged = await call("twin");
  assert.equal(merged.state, "CALL_STATE_MERGED");
  assert.ok(merged.merged_into.endsWith("/stays"));

  await answer(await act(operator, "統合を解除"), "統合を解除");
  await page.locator("#row-twin").waitFor({ state: "attached" });
  assert.equal((await call("twin")).state, "CALL_STATE_RECEIVED");
});

story("an offer is withdrawn, and the same physician is not asked again", async () => {
  await center.triage("stays");
  const first = await center.awaitOutput("operator", "list-offers", "--call", "stays", "--states", "pending", "--field", "offers.name");
  const operator = await open();
  const { page } = operator;
  await choose(operator, "stays");
  const dialog = await act(operator, "打診を取下げ");
  await dialog.getByLabel("理由").fill("電話で話せる医師を先に");
  await operator.look("operator-withdraw");
  await answer(dialog, "打診を取下げ");
  const { offers } = await center.json("operator", "list-offers", "--call", "stays");
  assert.equal(offers.find((each) => each.name === first).state, "OFFER_STATE_WITHDRAWN");
  // Nobody else may see children.
  await page.locator(".detail-head", { hasText: /専門外 \d人/ }).waitFor();
});

story("a place that nobody knew is corrected, and the old one kept", async () => {
  await center.submit("lost", ...neighbour("山口 実"));
  const operator = await open();
  const { page } = operator;
  await choose(operator, "lost");
  await operator.sees("位置が分かりません");
  const dialog = await act(operator, "場所を訂正");
  await dialog.getByLabel("住所").fill("みどり町3-3");
  await dialog.getByLabel("入り方").fill("裏口から");
  await dialog.getByLabel("緯度,経度").fill("北");
  await operator.sees("35.6980,139.4137 の形で");
  await eventually(() => dialog.getByRole("button", { name: "場所を訂正" }).isDisabled(), true);
  await dialog.getByLabel("緯度,経度").fill(movedWord(35.7005, 139.4125));
  await dialog.getByLabel("理由").fill("ご家族に電話で確認");
  await operator.look("operator-place");
  await answer(dialog, "場所を訂正");
  const { place, place_corrections: corrections } = await call("lost");
  const wanted = moved(35.7005, 139.4125);
  assert.ok(Math.abs(place.position.latitude - wanted.latitude) < 1e-4);
  assert.equal(place.address, "みどり町3-3");
  assert.equal(place.entry_notes, "裏口から");
  assert.equal(corrections[0].old_place.address, "さくら町9-9");
  await operator.lacks("位置が分かりません");
});

story("nobody may go beyond the limit, the call says by how much, and an exception lets them", async () => {
  await center.setPolicy({ max_distance_meters: 100 });
  await center.triage("lost", "standard");
  const operator = await open();
  const { page } = operator;
  await choose(operator, "lost");
  // Why not, of all together, and what each lacked.
  await page.locator(".detail-head", { hasText: /行ける医師と車が勤務中にいません.*16km超 \d人（\d\.\d km、\d\.\d km超過）/ }).waitFor();
  await page.getByRole("button", { name: "選定の理由" }).click();
  await page.locator(".why td", { hasText: /\d\.\d km、\d\.\d km超過/ }).first().waitFor();
  await operator.look("operator-unmatched");
  const dialog = await act(operator, "16km超を許可");
  await eventually(() => dialog.getByRole("button", { name: "16km超を許可" }).isDisabled(), true);
  await dialog.getByLabel("理由").fill("ほかに行ける医師がいない");
  await answer(dialog, "16km超を許可");
  assert.equal((await call("lost")).distance_reason, "ほかに行ける医師がいない");
  await page.locator("#row-lost", { hasText: "打診中" }).waitFor({ state: "attached" });
  await center.setPolicy({ max_distance_meters: 16000 });
});

story("the wish to cancel is refused, then granted", async () => {
  await center.accept("lost");
  const operator = await open();
  const { page } = operator;
  await choose(operator, "lost");
  for (const [reason, choice, state] of [
    ["落ち着いたかもしれない", "承認しない", "CANCEL_STATE_REFUSED"],
    ["主治医が来てくれた", "承認する", "CANCEL_STATE_APPROVED"],
  ]) {
    await center.asCurrent("nurse", "request-cancel", "lost", "--reason", reason);
    await operator.sees(reason);
    await page.locator(".notice").getByRole("button", { name: "取消しの申出に答える" }).click();
    const dialog = page.locator("dialog");
    await dialog.getByLabel(choice, { exact: true }).check();
    if (choice === "承認しない") {
      await eventually(() => dialog.getByRole("button", { name: "決める" }).isDisabled(), true, "a refusal needs its reason");
      await dialog.getByLabel("理由").fill("呼吸の様子を見たい");
      await operator.look("operator-answer-cancel");
    }
    await answer(dialog, "決める");
    assert.equal((await call("lost")).cancel_request.state, state);
  }
  assert.equal((await call("lost")).state, "CALL_STATE_CANCELLED");
});

story("a call is taken from its crew and given to somebody named", async () => {
  await center.submit("given", "--patient", "p-1004");
  await center.triage("given");
  const { physician } = await center.accept("given");
  await center.as("dr-tanabe", "go-on-duty");
  await center.as("dr-tanabe", "report-position", movedWord(35.6945, 139.4105), "--accuracy-meters", "15");
  const operator = await open();
  await choose(operator, "given");
  await operator.page.locator(".crews").getByRole("button", { name: /小林 ヨシ/ }).first().waitFor();
  const dialog = await act(operator, "担当を替える");
  await dialog.getByLabel("指名").check();
  const name = { "dr-sato": /佐藤 明/, "dr-suzuki": /鈴木 由美/ }[physician];
  await dialog.getByLabel(/田辺 健/).check();
  // Who has it is not offered again.
  await operator.lacks(dialog.getByLabel(name));
  await dialog.getByLabel("自分で運転").check();
  await dialog.getByLabel("理由").fill("カテーテルの交換に慣れている");
  await operator.look("operator-transfer-named");
  await answer(dialog, "担当を替える");
  await operator.page.locator("#row-given", { hasText: "田辺 健" }).waitFor({ state: "attached" });
  const { offers } = await center.json("operator", "list-offers", "--call", "given", "--states", "pending");
  assert.equal(offers.length, 1);
  assert.ok(offers[0].physician.endsWith("/dr-tanabe"));
  assert.equal(offers[0].override_reason, "カテーテルの交換に慣れている");
});

story("a care team is set, advice is given, and the call is closed with its outcome", async () => {
  const operator = await open();
  const { page } = operator;
  await choose(operator, "twin");
  for (const [organization, role] of [["みどり在宅クリニック", "主治医の医院"], ["はな訪問看護ステーション", "訪問看護"]]) {
    const dialog = await act(operator, "送付先を設定");
    await dialog.getByLabel("加える機関").selectOption({ label: organization });
    await dialog.getByLabel("関係").selectOption({ label: role });
    await operator.look("operator-care-team");
    await answer(dialog, "保存");
  }
  const team = (await call("twin")).care_team.map(({ role, organization }) => `${role} ${organization.split("/").at(-1)}`).sort();
  assert.deepEqual(team, ["CARE_ROLE_NURSE_STATION nurse-station", "CARE_ROLE_PRIMARY_CLINIC clinic-midori"]);

  // What is wrong is left out.
  const out = await act(operator, "送付先を設定");
  await out.getByLabel(/はな訪問看護ステーション/).uncheck();
  await answer(out, "保存");
  assert.deepEqual((await call("twin")).care_team.map((each) => each.role), ["CARE_ROLE_PRIMARY_CLINIC"]);

  const triageDialog = await act(operator, "トリアージ");
  await triageDialog.getByLabel("電話助言").check();
  await answer(triageDialog, "決める");
  const dialog = await act(operator, "終了");
  await dialog.getByLabel("電話助言").check();
  await dialog.getByLabel("理由").fill("水分をとって朝に受診");
  await operator.look("operator-close");
  await answer(dialog, "依頼を終了する");
  await page.locator("#row-twin").waitFor({ state: "detached" });
  const closed = await call("twin");
  assert.equal(closed.state, "CALL_STATE_CLOSED");
  assert.equal(closed.outcome, "OUTCOME_ADVICE_GIVEN");
});

story("two operators set one call's care team, and nobody's member is lost", async () => {
  await center.addAccount("operator-2", "加藤 亮", "OPERATOR");
  await center.submit("shared", ...neighbour("森下 ツネ", 35.697, 139.412));
  const one = await open();
  const two = await open({ account: "operator-2" });
  for (const [operator, organization, role] of [
    [one, "さくら医院", "主治医の医院"], [two, "かえで居宅介護支援事業所", "介護支援専門員"],
  ]) {
    await choose(operator, "shared");
    const dialog = await act(operator, "送付先を設定");
    await dialog.getByLabel("加える機関").selectOption({ label: organization });
    await dialog.getByLabel("関係").selectOption({ label: role });
  }
  await answer(one.page.locator("dialog"), "保存");
  const dialog = two.page.locator("dialog");
  await two.sees("この画面を開いたあとに依頼が変わりました");
  await dialog.getByRole("button", { name: "保存" }).click();
  await two.sees("ほかの人が先に変更しました");
  await two.look("operator-care-team-conflict");
  await two.button("今の内容を見て続ける").click();
  await dialog.getByLabel(/さくら医院/).waitFor();
  await answer(dialog, "保存");
  assert.deepEqual((await call("shared")).care_team.map((each) => each.organization.split("/").at(-1)).sort(),
    ["care-office", "clinic-sakura"]);
});

story("an operator does not end a call of which a colleague has just learned more", async () => {
  const operator = await open();
  const { page } = operator;
  for (const [name, fill] of [
    ["終了", async (dialog) => {
      await dialog.getByLabel("電話助言").check();
      await dialog.getByLabel("理由").fill("電話で済んだ");
    }],
    ["統合", (dialog) => dialog.getByLabel("残す依頼").selectOption({ index: 1 })],
  ]) {
    await center.asCurrent("operator-2", "triage-call", "shared", "--disposition", "advice");
    await choose(operator, "shared");
    const dialog = await act(operator, name);
    await fill(dialog);
    await center.as("operator-2", "add-fact", "shared", "--text", "家族から折返しあり");
    await operator.sees("この画面を開いたあとに依頼が変わりました");
    await dialog.locator(".dialog-actions button").last().click();
    await operator.sees("ほかの人が先に変更しました");
    await operator.look("operator-changed");
    await page.keyboard.press("Escape");
    await operator.lacks(dialog);
  }
  assert.equal((await call("shared")).state, "CALL_STATE_TRIAGED");
});

story("a note that nobody received stands among the deliveries, and is received by hand", async () => {
  const operator = await open();
  const { page } = operator;
  await choose(operator, "ride");
  // The patient is cared for: 119 would be another call.
  await operator.lacks(page.locator(".detail-actions").getByRole("button", { name: "119", exact: true }));
  await operator.goTo("deliveries");
  await page.locator("li.card").first().waitFor();
  await operator.look("operator-deliveries-open");
  const receiver = await page.locator("li.card b").first().textContent();
  const card = page.locator("li.card", { hasText: receiver });
  await card.getByRole("button", { name: "受領を記録" }).click();
  const dialog = page.locator("dialog");
  await dialog.getByLabel("受け取った人").fill("事務 大野");
  await dialog.getByLabel("理由").fill("FAXで送り、電話で確認");
  await operator.look("operator-by-hand");
  await answer(dialog, "受領を記録");
  await operator.lacks(card);
});

story("the paper pack has the cards of everybody, for calls that are still to come", async () => {
  const operator = await open();
  const { page } = operator;
  await operator.goTo("handover");
  await page.getByText(/利用中の全員（4人）/).waitFor();
  const cards = page.locator(".paper-card");
  await until(async () => (await cards.count()) < 4, "cards of open calls only");
  await page.getByLabel(/利用中の全員/).check();
  for (const name of ["田中 ハル", "高橋 正", "渡辺 光", "小林 ヨシ"]) {
    await page.locator(".paper-card h3", { hasText: name }).waitFor();
  }
  await operator.look("operator-paper-all");
  // Who has died is not in it.
  const before = await center.json("admin", "get-patient", "p-1001");
  await center.as("admin", "update-patient", "p-1001", "--patient", JSON.stringify({ ...before, active: false }));
  await page.locator(".paper-card h3", { hasText: "田中 ハル" }).waitFor({ state: "detached" });
  await eventually(() => cards.count(), 3);
});

story("every screen says that it waits, that it failed, that there is nothing; and is tried again", async () => {
  const operator = await open({ serviceWorkers: "block" });
  const { page } = operator;
  const at = (place) => async () => {
    await operator.goTo("");
    await page.locator(".board").waitFor();
    await operator.goTo(place);
  };
  const tab = (name) => async () => {
    await choose(operator, "ride");
    await page.getByRole("button", { name: "内容", exact: true }).click();
    await page.getByRole("button", { name, exact: true }).click();
  };
  const screens = [
    { rpc: "ListRota", show: at("rota"), content: page.getByText("佐藤 明"), empty: page.getByText("この時間の当番はだれもいません"), look: "operator-rota" },
    { rpc: "ListCoverageGaps", show: at("rota"), content: page.getByText("佐藤 明"), empty: page.getByText("空きはありません") },
    { rpc: "ListRota", show: at("handover"), content: page.getByText("佐藤 明"), empty: page.getByText("この時間の当番はだれもいません") },
    { rpc: "ListDeviceUsers", show: at("handover"), content: page.locator("td", { hasText: "人工呼吸器" }), empty: page.getByText("電源が要る方の登録はありません"), look: "operator-handover" },
    { rpc: "ListMatches", show: tab("選定の理由"), content: page.locator(".why"), empty: page.getByText("まだ選定していません"), look: "operator-why" },
    { rpc: "ListEvents", show: tab("経過"), content: page.locator(".timeline"), empty: page.getByText("まだありません"), look: "operator-timeline" },
    { rpc: "GetNote", show: tab("記録・届け先"), content: page.getByText("起坐呼吸あり"), look: "operator-note" },
    { rpc: "WatchBoard", show: () => page.reload(), content: page.locator(".detail-name"), retries: false, look: "operator-connection" },
  ];
  for (const screen of screens) await tellStates(operator, screen);
  // A call without a note says so.
  await choose(operator, "stays");
  await page.getByRole("button", { name: "記録・届け先", exact: true }).click();
  await operator.sees("記録はまだありません");
});
