// The morning of the patient's own clinic: its doctor reads what happened in his
// place, asks, and confirms; he sees what concerns his patients and no more.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { launch, Person, story } from "./browser.mjs";
import { Center } from "./center.mjs";

let center;
let browser;
before(async () => {
  center = await Center.start();
  await center.putCrewsOnDuty();
  await center.playVisit("visit", "p-1001", "起座呼吸、両下肺に湿性ラ音");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await center?.close();
});

async function deliveryToClinic() {
  const { deliveries } = await center.json("operator", "list-deliveries", "--call", "visit");
  return deliveries.find((each) => each.member.organization.endsWith("/clinic-midori"));
}

story("the clinic's doctor reads the note, asks about it, and confirms it", async () => {
  const doctor = await Person.enter(browser, center, "clinic-doctor");
  const { page } = doctor;
  await doctor.sees("受領の確認を待つ記録が1件あります");
  // Of the patients only those whom his clinic cares for.
  await doctor.sees("田中 ハル");
  await doctor.lacks("高橋 正");
  await doctor.look("care-team-home");
  await page.getByRole("link", { name: /受領の確認を待つ記録/ }).click();
  await page.locator("article").first().waitFor();
  await doctor.look("care-team-inbox");
  await page.locator("article a").first().click();
  await doctor.sees("起座呼吸、両下肺に湿性ラ音");
  await doctor.sees("利尿薬の調整をお願いします");
  // What only the requester decides is not offered to him.
  await doctor.lacks(doctor.button("取消しを申し出る"));
  await doctor.look("care-team-note");
  await doctor.button("質問・訂正を送る").click();
  await page.locator("dialog").getByLabel("質問・訂正の内容").fill("フロセミドは普段も20mgですか");
  await doctor.look("care-team-question");
  await page.locator("dialog").getByRole("button", { name: "送る" }).click();
  await doctor.sees("フロセミドは普段も20mgですか");
  await doctor.button("受け取りました").click();
  await doctor.sees(/緑川 誠 が受領/);
  const delivery = await deliveryToClinic();
  assert.equal(delivery.state, "DELIVERY_STATE_RECEIVED");
  assert.equal(delivery.questions[0].text, "フロセミドは普段も20mgですか");
  await page.goto(`${center.url}/#/patients/p-1001`);
  await doctor.button("内容を確認しました").click();
  await doctor.sees("内容の確認: たった今");
});

story("an operator sees the question, and passes it on", async () => {
  const operator = await Person.enter(browser, center, "operator");
  await operator.sees("記録への質問・訂正。医師に伝える");
  await operator.page.goto(`${center.url}/#/calls/visit`);
  await operator.button("記録・届け先").click();
  await operator.sees(/フロセミドは普段も20mgですか/);
  await operator.look("operator-note");
});
