// An administrator's day: the rota, a CSV file with good and bad rows.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before } from "node:test";
import { launch, Person, story } from "./browser.mjs";
import { Center } from "./center.mjs";
import { tellStates } from "./states.mjs";
import { eventually, until } from "./until.mjs";

let center;
let browser;
before(async () => {
  center = await Center.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await center?.close();
});

function open(options) {
  return Person.enter(browser, center, "admin", { ready: ".calendar", ...options });
}

story("every page, without a violation", async () => {
  const admin = await open();
  await admin.look("administrator-rota");
  for (const kind of ["people", "accounts", "organizations", "cars", "patients", "shifts", "overrides"]) {
    await admin.goTo(kind);
    await admin.page.locator(".page-wide table, .page-wide .state-page:not([role])").first().waitFor();
    await admin.look(`administrator-${kind}`);
  }
  await admin.goTo("patients");
  await admin.page.getByRole("button", { name: "変更 p-1001" }).click();
  await admin.look("administrator-patient");
});

story("a CSV file is shown row by row before anything is written, and reported after", async () => {
  const admin = await open();
  const { page } = admin;
  await admin.goTo("cars");
  await admin.button("CSVで取り込む").click();
  await page.locator("input[type=file]").setInputFiles({
    name: "cars.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(
      "\ufeffID,名称,ナンバー,所属,座席\r\n" +
        "car-3,3号車,多摩 500 あ 00-03,platform,4\r\n" +
        "car-1,1号車,多摩 500 あ 99-99,platform,4\r\n" +
        "Car 4,4号車,,platform,4\r\n" +
        "car-5,5号車,,no-such,4\r\n",
    ),
  });
  await admin.sees("新規 1　変更 1　誤り 2");
  await admin.look("administrator-import");
  assert.equal((await center.json("admin", "list-cars")).cars.length, 2);
  await admin.button("誤りのない2行を取り込む").click();
  await admin.sees("結果: 成功 2　失敗 0　取り込まず 2");
  const { cars } = await center.json("admin", "list-cars");
  assert.deepEqual(cars.map((car) => car.plate).sort(), [
    "多摩 500 あ 00-02", "多摩 500 あ 00-03", "多摩 500 あ 99-99",
  ]);
});

// Reads a CSV file into the page of its kind and answers the dialog.
async function choose(admin, kind, rows) {
  const { page } = admin;
  await admin.goTo(kind);
  await admin.button("CSVで取り込む").click();
  await page.locator("input[type=file]").setInputFiles({
    name: `${kind}.csv`,
    mimeType: "text/csv",
    buffer: Buffer.from("\ufeff" + rows.map((row) => row.join(",")).join("\r\n") + "\r\n"),
  });
}

function row({ page }, id) {
  return page.locator(".import-rows tr", { has: page.locator("td", { hasText: new RegExp(`^${id}$`) }) });
}

story("people come from a CSV file: names, skills, employers, who has left", async () => {
  const admin = await open();
  await choose(admin, "people", [
    ["ID", "氏名", "カナ", "所属", "電話", "専門（;区切り）", "自己運転", "雇用元", "利用終了", "血液型"],
    ["dr-ito", "伊東 望", "イトウ ノゾミ", "clinic-sakura", "090-5555-0031", "総合;palliative", "はい", "clinic-sakura", "", "A"],
    ["dr-suzuki", "鈴木 由美", "スズキ ユミ", "platform", "090-5555-0012", "総合;小児;精神", "", "platform", "いいえ", "B"],
    ["manager", "阿部 学", "アベ マナブ", "care-office", "090-5555-0003", "", "", "", "はい", ""],
    ["dr-mori", "", "モリ", "clinic-sakura", "", "手品", "多分", "nowhere", "", ""],
  ]);
  await admin.sees("使われない見出し: 血液型");
  await admin.sees("新規 1　変更 2　誤り 1");
  const wrong = await row(admin, "dr-mori").textContent();
  for (const text of ["氏名: 必須", "「手品」は使えません", "自己運転: 「はい」か「いいえ」で", "「nowhere」は登録されていません"]) {
    assert.ok(wrong.includes(text), `${text} in ${wrong}`);
  }
  assert.match(await row(admin, "dr-suzuki").textContent(), /専門: 総合;小児 → 総合;小児;精神$/);
  await admin.look("administrator-import-people");
  await admin.button("誤りのない3行を取り込む").click();
  await admin.sees("結果: 成功 3　失敗 0　取り込まず 1");
  const get = (name) => center.json("admin", "get-person", name);
  const ito = await get("dr-ito");
  assert.deepEqual(ito.skills, ["SKILL_GENERAL", "SKILL_PALLIATIVE"]);
  assert.equal(ito.self_drive, true);
  assert.ok(ito.employments[0].organization.endsWith("/clinic-sakura"));
  assert.deepEqual((await get("dr-suzuki")).skills, ["SKILL_GENERAL", "SKILL_CHILD", "SKILL_PSYCHIATRY"]);
  assert.equal((await get("manager")).active, false);
  assert.equal((await get("dr-suzuki")).active, true);
});

story("patients come from a CSV file with their care teams; what the file does not name stays", async () => {
  const admin = await open();
  const { page } = admin;
  await choose(admin, "patients", [
    ["ID", "氏名", "カナ", "生年月日", "性別", "住所", '"緯度,経度"', "主治医の医院", "主治医", "訪問看護", "居宅介護支援", "病名・状態", "アレルギー", "急変時の対応"],
    ["p-2001", "松本 キク", "マツモト キク", "1936-05-05", "女", "さくら町4-4", '"35.6701,139.3901"', "clinic-sakura", "dr-sato", "nurse-station", "care-office", "慢性腎不全;高血圧", "そば", '"まず電話。\n次に往診"'],
    ["p-1002", "高橋 正", "タカハシ タダシ", "1945-11-02", "男", "はな町7-3 305号", "", "clinic-sakura", "dr-sato", "nurse-station", "care-office", "肺がん 終末期", "", "看取りは自宅で"],
    ["p-2002", "加藤 進", "", "昭和10年", "不明", "", "35度", "clinic-none", "", "", "", "", "", ""],
    ["p-2001", "松本 キク", "", "", "", "", "", "", "", "", "", "", "", ""],
  ]);
  await admin.sees("新規 1　変更 1　誤り 2");
  const wrong = await row(admin, "p-2002").textContent();
  for (const text of ["1938-03-14 の形で", "「不明」は使えません", "緯度,経度（35.6980,139.4137）の形で", "「clinic-none」は登録されていません"]) {
    assert.ok(wrong.includes(text), `${text} in ${wrong}`);
  }
  await admin.sees("同じIDの行が前にあります");
  assert.match(await row(admin, "p-1002").textContent(), /居宅介護支援: – → care-office/);
  await admin.look("administrator-import-patients");
  await admin.button("誤りのない2行を取り込む").click();
  await admin.sees("結果: 成功 2　失敗 0　取り込まず 2");
  const get = (name) => center.json("admin", "get-patient", name);
  const team = ({ care_team }) => care_team.map(({ role, organization }) => `${role} ${organization.split("/").at(-1)}`);
  const added = await get("p-2001");
  assert.deepEqual(team(added), [
    "CARE_ROLE_PRIMARY_CLINIC clinic-sakura", "CARE_ROLE_NURSE_STATION nurse-station", "CARE_ROLE_CARE_MANAGER care-office",
  ]);
  assert.deepEqual(added.conditions, ["慢性腎不全", "高血圧"]);
  assert.equal(added.emergency_plan, "まず電話。\n次に往診");
  assert.ok(Math.abs(added.place.position.latitude - 35.6701) < 1e-6);
  const changed = await get("p-1002");
  assert.deepEqual(team(changed), [
    "CARE_ROLE_PRIMARY_CLINIC clinic-sakura", "CARE_ROLE_NURSE_STATION nurse-station", "CARE_ROLE_CARE_MANAGER care-office",
  ]);
  // Columns that the file does not have.
  assert.deepEqual(changed.drugs, ["モルヒネ徐放 20mg 1日2回"]);
  assert.equal(changed.devices[0].kind, "DEVICE_KIND_INFUSION_PUMP");
  assert.equal(changed.key_holder, "管理人室 042-555-0302");

  // The same file again has nothing left to write, and the template's headings
  // are those that it is read by.
  await page.keyboard.press("Escape");
  await admin.button("CSVで取り込む").click();
  const [download] = await Promise.all([page.waitForEvent("download"), admin.button("見出しだけのCSVを保存").click()]);
  const template = readFileSync(await download.path(), "utf8").trim();
  await page.locator("input[type=file]").setInputFiles({
    name: "patients.csv", mimeType: "text/csv", buffer: Buffer.from(`${template}\r\np-3001,大野 ミネ\r\n`),
  });
  await admin.sees("新規 1　変更 0　誤り 0");
  await admin.lacks("使われない見出し");
});

story("accounts come from a CSV file, and nobody reads a password on the screen", async () => {
  const admin = await open();
  const { page } = admin;
  const secret = randomBytes(12).toString("hex");
  await choose(admin, "accounts", [
    ["ID", "人", "役割", "パスワード", "停止"],
    ["clerk", "operator", "相談員;管理者", secret, ""],
    ["driver-ogawa", "driver-ogawa", "運転手", "", "はい"],
    ["short", "operator", "相談員", "kurz", ""],
    ["nopass", "operator", "相談員", "", ""],
  ]);
  await admin.sees("新規 2　変更 1　誤り 1");
  assert.match(await row(admin, "short").textContent(), /13文字以上/);
  assert.ok(!(await page.locator("dialog").textContent()).includes(secret));
  await admin.button("誤りのない3行を取り込む").click();
  // The server refuses what the file alone could not tell.
  await admin.sees("結果: 成功 2　失敗 1　取り込まず 1");
  assert.match(await row(admin, "nopass").textContent(), /失敗/);
  await admin.look("administrator-import-accounts");
  const get = (name) => center.json("admin", "get-account", name);
  assert.deepEqual((await get("clerk")).roles, ["ROLE_OPERATOR", "ROLE_ADMINISTRATOR"]);
  assert.equal((await get("driver-ogawa")).disabled, true);
  await assert.rejects(center.as("driver-ogawa", "list-on-duty"));
  const clerk = await Person.enter(browser, { url: center.url, password: secret }, "clerk");
  await clerk.leave();
});

story("exceptions to the rota come from a CSV file; one is cancelled again", async () => {
  const admin = await open();
  const { page } = admin;
  const day = (days) => new Date(Date.now() + 9 * 3_600_000 + days * 86_400_000).toISOString().slice(0, 10);
  await choose(admin, "overrides", [
    ["ID", "種類", "人", "代わりの人", "役割", "開始", "終了", "雇用元", "車", "理由"],
    ["o-away", "不在", "dr-sato", "", "", `${day(3)} 18:00`, `${day(4)} 08:00`, "", "", "学会"],
    ["o-more", "追加", "dr-tanabe", "", "医師", `${day(3)} 18:00`, `${day(4)} 08:00`, "platform", "", "増員"],
    ["o-none", "交代", "dr-sato", "", "", `${day(5)} 18:00`, `${day(6)} 08:00`, "", "", "代わりがいない"],
    ["o-bad", "休み", "dr-nobody", "", "", "夕方", `${day(6)} 08:00`, "", "", ""],
  ]);
  await admin.sees("新規 3　変更 0　誤り 1");
  const wrong = await row(admin, "o-bad").textContent();
  for (const text of ["「休み」は使えません", "「dr-nobody」は登録されていません", "2026-11-21 18:00 の形で"]) {
    assert.ok(wrong.includes(text), `${text} in ${wrong}`);
  }
  await admin.button("誤りのない3行を取り込む").click();
  await admin.sees("結果: 成功 2　失敗 1　取り込まず 1");
  assert.match(await row(admin, "o-none").textContent(), /失敗/);
  await admin.look("administrator-import-overrides");
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "変更 o-away" }).click();
  await page.locator("dialog").getByLabel("取消し").check();
  await page.locator("dialog").getByRole("button", { name: "保存" }).click();
  await page.getByRole("button", { name: "変更 o-away" }).waitFor({ state: "detached" });
  const { overrides } = await center.json("admin", "list-overrides");
  assert.deepEqual(overrides.map((each) => [each.name.split("/").at(-1), each.cancelled === true]).sort(),
    [["o-away", true], ["o-more", false]]);
  await page.getByLabel("終わったものも表示（1）").check();
  await page.getByRole("button", { name: "変更 o-away" }).waitFor();
});

story("who has died or left is taken out of use, and can be brought back", async () => {
  const admin = await open();
  const { page } = admin;
  for (const [kind, id, command] of [
    ["patients", "p-1004", "get-patient"], ["people", "clinic-doctor", "get-person"],
    ["cars", "car-2", "get-car"], ["organizations", "care-office", "get-organization"],
  ]) {
    await admin.goTo(kind);
    const edit = page.getByRole("button", { name: `変更 ${id}` });
    const isActive = async () => (await center.json("admin", command, id)).active;
    const set = async (ended) => {
      await edit.click();
      await page.locator("dialog").getByLabel("利用終了").setChecked(ended);
      if (kind === "patients" && ended) await admin.look("administrator-patient-ended");
      await page.locator("dialog").getByRole("button", { name: "保存" }).click();
      await page.locator("dialog").waitFor({ state: "detached" });
    };
    await set(true);
    await edit.waitFor({ state: "detached" });
    assert.equal(await isActive(), false, kind);
    await page.getByLabel(/終わったものも表示/).check();
    await edit.waitFor();
    if (kind === "patients") await admin.look("administrator-patients-ended");
    await set(false);
    assert.equal(await isActive(), true, kind);
  }
});

story("after a switch of the language, rows are edited in its words", async () => {
  const admin = await open();
  const { page } = admin;
  await admin.goTo("people");
  await page.getByRole("button", { name: "変更 dr-tanabe" }).waitFor();
  await admin.speak("en");
  await page.getByRole("cell", { name: /general/ }).first().waitFor();
  await page.getByRole("button", { name: "Change dr-tanabe" }).click();
  const dialog = page.locator("dialog");
  await eventually(() => dialog.getByLabel("Skills").inputValue(), "general;wound;catheter");
  await dialog.getByLabel("Phone").fill("090-5555-0099");
  // Switched once more while it is open: what was typed is still meant.
  await admin.speak("ja");
  await admin.lacks(dialog.getByText(/使えません/));
  await dialog.getByRole("button", { name: "保存" }).click();
  await dialog.waitFor({ state: "detached" });
  const saved = await center.json("admin", "get-person", "dr-tanabe");
  assert.deepEqual(saved.skills, ["SKILL_GENERAL", "SKILL_WOUND", "SKILL_CATHETER"]);
  assert.equal(saved.phone, "090-5555-0099");
});

story("a shift is added from the calendar, and a bad value is told before it is sent", async () => {
  const admin = await open();
  const { page } = admin;
  await page.getByRole("button", { name: "勤務枠を追加" }).first().click();
  const dialog = page.locator("dialog");
  await dialog.getByLabel("人", { exact: true }).selectOption({ label: "鈴木 由美" });
  await dialog.getByLabel("役割").selectOption({ label: "医師" });
  await dialog.getByLabel("雇用元").selectOption({ label: "夜間往診サポート株式会社" });
  await dialog.getByLabel("開始").fill("あした");
  await admin.sees("2026-11-21 18:00 の形で");
  await eventually(() => dialog.getByRole("button", { name: "保存" }).isDisabled(), true);
  const day = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
  const next = new Date(Date.now() + 6 * 86_400_000).toISOString().slice(0, 10);
  await dialog.getByLabel("開始").fill(`${day} 18:00`);
  await dialog.getByLabel("終了").fill(`${next} 08:00`);
  await dialog.getByRole("button", { name: "保存" }).click();
  await dialog.waitFor({ state: "detached" });
  const { shifts } = await center.json("admin", "list-shifts", "--person", "dr-suzuki");
  assert.equal(shifts.length, 2);
});

story("the calendar: duties are opened, the reserve is marked, gaps are whole, holidays are named", async () => {
  const admin = await open();
  const { page } = admin;
  const cell = (day) => page.locator("td", { has: page.getByRole("button", { name: `${day} 勤務枠を追加` }) });
  const day = new Date(Date.now() + 9 * 3_600_000 + 86_400_000).toISOString().slice(0, 10);
  const next = new Date(Date.now() + 9 * 3_600_000 + 2 * 86_400_000).toISOString().slice(0, 10);
  const title = page.locator("h2").first();
  const turnTo = async (year, month) => {
    while (!(await title.textContent()).includes(`${year}年${month}月`)) {
      const before = await title.textContent();
      await admin.button("次の月").click();
      await until(async () => (await title.textContent()) !== before, "the next month");
    }
  };
  await turnTo(Number(day.slice(0, 4)), Number(day.slice(5, 7)));
  await cell(day).getByRole("button", { name: `${day} 勤務枠を追加` }).click();
  const dialog = page.locator("dialog");
  await dialog.getByLabel("人", { exact: true }).selectOption({ label: "佐藤 明" });
  await dialog.getByLabel("役割").selectOption({ label: "医師" });
  await dialog.getByLabel("雇用元").selectOption({ label: "さくら医院" });
  await dialog.getByLabel("予備").check();
  await dialog.getByRole("button", { name: "保存" }).click();
  const duty = cell(day).locator(".shift-reserve", { hasText: "佐藤 明" });
  await eventually(() => duty.textContent(), /予備.*18:00–翌08:00/);

  // The reserve covers nothing: the physician's night is a gap, and whole. (The
  // end of the night before may be one, too.)
  await cell(day).locator(".shift-gap", { hasText: "医師" }).last().waitFor();
  await duty.click();
  await dialog.getByLabel("予備").uncheck();
  await dialog.getByRole("button", { name: "保存" }).click();
  await dialog.waitFor({ state: "detached" });
  await cell(day).locator(".shift-physician:not(.shift-reserve)", { hasText: "佐藤 明" }).click();
  await eventually(() => dialog.getByLabel("終了", { exact: true }).inputValue(), `${next} 08:00`);
  await dialog.getByLabel("取消し").check();
  await dialog.getByRole("button", { name: "保存" }).click();
  await admin.lacks(cell(day).locator(".shift-physician"));

  // New Year: one gap of a week, which stands on each of its days.
  const year = Number(day.slice(0, 4)) + 1;
  await turnTo(year, 1);
  await cell(`${year}-01-01`).getByText("元日").waitFor();
  await cell(`${year}-01-02`).getByText("休日", { exact: true }).waitFor();
  for (const each of ["01", "02"]) {
    await cell(`${year}-01-${each}`).locator(".shift-gap", { hasText: "終日" }).waitFor();
  }
  await admin.look("administrator-rota-new-year");
  // Not cut where the server's window ends. (Of this month: the last days of
  // another one beside it may have what is left of a real night.)
  await admin.lacks(page.locator("td:not(.other-month) .shift-gap", { hasText: /\d:\d\d–翌00:00|02:\d\d/ }));
});

story("the center's own rules are changed, and a wrong one is told", async () => {
  const admin = await open();
  const { page } = admin;
  const save = admin.button("保存");
  await admin.goTo("center");
  await page.getByLabel("到着まで（緊急）").fill("速く");
  await admin.sees("分を数字で");
  await eventually(() => save.isDisabled(), true);
  await page.getByLabel("到着まで（緊急）").fill("45");
  await page.getByLabel("待ち1分（緊急）").fill("1");
  await admin.sees("範囲外です");
  await eventually(() => save.isDisabled(), true);
  await page.getByLabel("待ち1分（緊急）").fill("16");
  await page.getByLabel("見込まれる緊急に備えて一組を残す").check();
  await page.getByLabel("有料道路を使う").uncheck();
  assert.ok(!(await page.getByLabel("カーフェリーを使う").isChecked()));
  await admin.look("administrator-center");
  await save.click();
  await admin.sees("保存しました");
  const { policy } = await center.json("admin", "get-center", "demo");
  assert.equal(policy.urgent_target, "2700s");
  assert.equal(policy.urgent_weight, 16);
  assert.equal(policy.standard_weight, 2);
  assert.equal(policy.drive_weight, 1.5);
  assert.equal(policy.holds, true);
  assert.equal(policy.use_tolls, false);
  assert.equal(policy.use_ferries ?? false, false);
  // What the page does not show stays as it was.
  assert.equal(policy.standard_target, "7200s");
  assert.equal(policy.offer_rings, 2);
});

story("without a network what is shown is marked as old, and read again when it is back", async () => {
  const admin = await open();
  const { page, context } = admin;
  await context.setOffline(true);
  await page.evaluate(() => dispatchEvent(new Event("focus")));
  await admin.sees("接続が切れました");
  await admin.look("administrator-offline");
  await context.setOffline(false);
  await admin.lacks("接続が切れました");
  await page.locator(".calendar").waitFor();
});

story("what reads CSV files comes when it is asked for; if it does not, that is said", async () => {
  const admin = await open({ serviceWorkers: "block" });
  const { page } = admin;
  await page.route(/csv_import/, (route) => route.abort("connectionreset"));
  await admin.goTo("cars");
  await admin.button("CSVで取り込む").click();
  const again = page.locator("dialog").getByRole("button", { name: "もう一度" });
  await again.waitFor();
  await admin.look("administrator-import-failed");
  await page.unroute(/csv_import/);
  await again.click();
  await page.locator("input[type=file]").waitFor({ state: "attached" });
});

story("every screen says that it waits, that it failed, that there is nothing; and is tried again", async () => {
  const admin = await open({ serviceWorkers: "block" });
  const { page } = admin;
  const at = (place) => async () => {
    await admin.goTo(place === "rota" ? "cars" : "rota");
    await page.locator(place === "rota" ? ".page-wide" : ".calendar").waitFor();
    await admin.goTo(place);
  };
  const none = page.getByText("まだありません");
  const row = (id) => page.getByRole("button", { name: `変更 ${id}` });
  const screens = [
    { rpc: "ListPeople", show: at("people"), content: row("dr-sato"), empty: none, look: "administrator-people" },
    { rpc: "ListAccounts", show: at("accounts"), content: row("dr-sato"), empty: none },
    { rpc: "ListOrganizations", show: at("organizations"), content: row("clinic-sakura"), empty: none },
    { rpc: "ListCars", show: at("cars"), content: row("car-1"), empty: none },
    { rpc: "ListPatients", show: at("patients"), content: row("p-1001"), empty: none },
    { rpc: "ListShifts", show: at("shifts"), content: row("tonight-sato"), empty: none },
    { rpc: "ListOverrides", show: at("overrides"), content: row("o-more"), empty: none, look: "administrator-overrides" },
    { rpc: "ListRota", show: at("rota"), content: page.locator(".calendar"), look: "administrator-rota" },
    { rpc: "GetCenter", show: at("center"), content: page.getByLabel("到着まで（緊急）") },
    { rpc: "ListOrganizations", show: () => page.reload(), content: page.getByLabel("到着まで（緊急）"), look: "administrator-directory" },
  ];
  for (const screen of screens) await tellStates(admin, screen);
});
