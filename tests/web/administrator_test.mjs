// An administrator's day: the rota, a CSV file with good and bad rows.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { launch, Person, story } from "./browser.mjs";
import { Center } from "./center.mjs";

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

async function open(options) {
  const person = await Person.open(browser, center, "admin", options);
  await person.logIn();
  await person.page.locator(".calendar").waitFor();
  return person;
}

story("every page, without a violation", async () => {
  const admin = await open();
  await admin.look("administrator-rota");
  for (const kind of ["people", "accounts", "organizations", "cars", "patients", "shifts", "overrides"]) {
    await admin.page.goto(`${center.url}/#/${kind}`);
    await admin.page.locator(".page-wide table, .page-wide .state-page:not([role])").first().waitFor();
    await admin.look(`administrator-${kind}`);
  }
  await admin.page.goto(`${center.url}/#/patients`);
  await admin.page.getByRole("button", { name: "変更 p-1001" }).click();
  await admin.look("administrator-patient");
});

story("a CSV file is shown row by row before anything is written, and reported after", async () => {
  const admin = await open();
  const { page } = admin;
  await page.goto(`${center.url}/#/cars`);
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
  assert.equal(JSON.parse(await center.as("admin", "--json", "list-cars")).cars.length, 2);
  await admin.button("誤りのない2行を取り込む").click();
  await admin.sees("結果: 成功 2　失敗 0　取り込まず 2");
  const { cars } = JSON.parse(await center.as("admin", "--json", "list-cars"));
  assert.deepEqual(cars.map((car) => car.plate).sort(), [
    "多摩 500 あ 00-02", "多摩 500 あ 00-03", "多摩 500 あ 99-99",
  ]);
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
  assert.ok(await dialog.getByRole("button", { name: "保存" }).isDisabled());
  const day = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
  const next = new Date(Date.now() + 6 * 86_400_000).toISOString().slice(0, 10);
  await dialog.getByLabel("開始").fill(`${day} 18:00`);
  await dialog.getByLabel("終了").fill(`${next} 08:00`);
  await dialog.getByRole("button", { name: "保存" }).click();
  await dialog.waitFor({ state: "detached" });
  const { shifts } = JSON.parse(await center.as("admin", "--json", "list-shifts", "--person", "dr-suzuki"));
  assert.equal(shifts.length, 2);
});

story("the center's own rules are changed, and a wrong one is told", async () => {
  const admin = await open();
  const { page } = admin;
  await page.goto(`${center.url}/#/center`);
  await page.getByLabel("到着まで（緊急）").fill("速く");
  await admin.sees("分を数字で");
  assert.ok(await admin.button("保存").isDisabled());
  await page.getByLabel("到着まで（緊急）").fill("45");
  await admin.look("administrator-center");
  await admin.button("保存").click();
  await admin.sees("保存しました");
  const { policy } = JSON.parse(await center.as("admin", "--json", "get-center", "demo"));
  assert.equal(policy.urgent_target, "2700s");
  // What the page does not show stays as it was.
  assert.equal(policy.standard_target, "7200s");
  assert.equal(policy.offer_rings, 2);
});
