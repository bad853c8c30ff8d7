// One call from the bedside to the confirmed note, each person at his own
// screen: a care manager's phone, an operator's desk, a physician's and a
// driver's phone, the visiting nurse who reads the note.
import { after, afterEach, before, beforeEach } from "node:test";
import { launch, Person, story } from "./browser.mjs";
import { Center, moved } from "./center.mjs";
import { eventually } from "./until.mjs";

let center;
let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());
beforeEach(async () => {
  center = await Center.start();
  await center.as("operator", "go-on-duty");
});
afterEach(() => center?.close());

const sizes = process.env.HOUSECALL_SIZE ? [process.env.HOUSECALL_SIZE] : ["phone", "desktop"];
for (const size of sizes) {
  story(`a call from the bedside to the confirmed note, at ${size} size`, async () => {
    const open = (account, position) => Person.enter(browser, center, account, { size, position });
    const manager = await open("manager");
    const operator = await open("operator");
    const physician = await open("dr-sato", moved(35.701, 139.409));
    const driver = await open("driver-yamada", moved(35.7012, 139.4092));

    // The crew begins its night.
    for (const person of [physician, driver]) {
      await person.button("勤務を始める").click();
      await person.sees("打診を待っています");
    }

    // The care manager calls: five fields.
    await manager.page.locator("a[href='#/patients/p-1001']").click();
    await manager.button("この方の往診を依頼する").click();
    await manager.page.getByLabel("2. 何が起きていますか").fill("呼吸が速く、顔色が悪い");
    await manager.page.getByLabel("3. いつから").fill("20時ごろから");
    await manager.page.getByLabel("4. なぜ今夜の往診が必要ですか").fill("朝まで待つと悪化すると思われる");
    await manager.page.getByLabel("5. 折返しの電話").fill("042-555-0151");
    await manager.button("依頼を送る").click();
    await manager.sees("受付番号");
    await manager.sees("相談員がトリアージします");

    // The operator triages.
    await operator.page.locator(".queue-row", { hasText: "田中 ハル" }).click();
    await operator.page.locator(".detail-actions").getByRole("button", { name: "トリアージ" }).click();
    await operator.page.locator("dialog").getByLabel(/^緊急/).check();
    await operator.page.locator("dialog").getByRole("button", { name: "決める" }).click();

    // Both accept; the requester learns when somebody comes, and how sure it is.
    await physician.button("行きます").click();
    await driver.button("行きます").click();
    await driver.button("出発する").waitFor();
    await manager.sees(/\d\d:\d\d 〜 \d\d:\d\d ごろ/);
    await manager.sees(/車の位置：.+。道路の状況により変わります/);
    await manager.look("night-promise");

    // They drive.
    await driver.button("出発する").click();
    await driver.button("医師が乗った").click();
    await operator.page.locator(".detail-head").getByText("向かっています").waitFor();
    await operator.look("night-under-way");
    await driver.button("到着した").click();

    // The visit, the note, the signature.
    await physician.button("診療を始める").click();
    await physician.button("診療を終える").click();
    await physician.page.getByRole("link", { name: "記録を書く" }).click();
    await physician.page.getByLabel("所見").fill("呼吸数28、SpO2 92%。右下肺に湿性ラ音");
    await physician.page.getByLabel("診断").fill("肺炎の疑い");
    await physician.page.getByLabel("処置").fill("抗菌薬を開始");
    await physician.page.locator(".foot").getByText("保存済", { exact: true }).waitFor();
    await driver.button("退出する").click();
    await physician.button("署名して送る").click();
    await physician.page.locator("dialog").getByRole("button", { name: "署名して送る" }).click();
    await physician.sees("署名しました。かかりつけのチームへ届けています");
    for (const person of [physician, driver]) {
      await person.page.goto(`${center.url}/#/`);
      await person.button("勤務時間を確認した").click();
      await person.page.getByRole("button", { name: /勤務時間を確認した/ }).waitFor({ state: "detached" });
    }

    // Who called reads the note and confirms it; so does the nurse, with a
    // question.
    await manager.sees("右下肺に湿性ラ音");
    await manager.look("night-note");
    await manager.button("受け取りました").click();
    await manager.sees(/阿部 学 が受領/);
    await manager.button("結果を確認しました").click();
    const nurse = await open("nurse");
    await nurse.page.getByRole("link", { name: "届いた記録" }).click();
    await nurse.look("night-inbox");
    await nurse.page.locator("article a").first().click();
    await nurse.sees("右下肺に湿性ラ音");
    await nurse.button("質問・訂正を送る").click();
    await nurse.page.locator("dialog").getByLabel("質問・訂正の内容").fill("次の訪問看護は何時がよいですか");
    await nurse.page.locator("dialog").getByRole("button", { name: "送る" }).click();
    await nurse.sees("次の訪問看護は何時がよいですか");
    await nurse.button("受け取りました").click();
    await nurse.sees(/伊藤 直美 が受領/);

    // The clinic's system does not answer: the operator takes its receipt by
    // phone, and the call is over.
    await operator.goTo("deliveries");
    await operator.page.locator("li", { hasText: "みどり在宅クリニック" }).getByRole("button", { name: "受領を記録" }).click();
    await operator.page.locator("dialog").getByLabel("受け取った人").fill("緑川医師");
    await operator.page.locator("dialog").getByLabel("理由").fill("電話で内容を伝えた");
    await operator.page.locator("dialog").getByRole("button", { name: "受領を記録" }).click();
    await operator.sees("すべて受領されています");
    await eventually(async () => {
      const { calls } = await center.json("operator", "list-calls", "--include-past");
      return calls.map((call) => [call.state, call.requester_informed !== undefined]);
    }, [["CALL_STATE_CLOSED", true]]);
  });
}
