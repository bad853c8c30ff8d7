// Loading and failing, screen by screen, of professionals and crews.
import { after, before } from "node:test";
import { launch, Person, story } from "./browser.mjs";
import { Center, movedWord } from "./center.mjs";
import { tryStates } from "./states.mjs";

let center;
let browser;
let physician;
before(async () => {
  center = await Center.start();
  await center.putCrewsOnDuty();
  physician = await center.playVisit("visit", "p-1001", "起座呼吸、両下肺に湿性ラ音");
  await center.as("dr-tanabe", "go-on-duty");
  await center.as("dr-tanabe", "report-position", movedWord(35.6945, 139.4105));
  await center.submit("under-way", "--patient", "p-1004", "--complaint", "発熱");
  await center.triage("under-way");
  await center.override(["under-way"], "dr-tanabe");
  await center.accept("under-way");
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await center?.close();
});

// A service worker would answer for the network.
function as(account) {
  return () => Person.enter(browser, center, account, { serviceWorkers: "block" });
}

story("professionals: what is loading says so, what failed can be tried again", () =>
  tryStates(as("nurse"), [
    { name: "face", at: "#/", rpc: "assets/requester-*.js", ready: "担当の患者さん" },
    { name: "home", at: "#/", rpc: "WatchBoard", ready: "担当の患者さん" },
    { name: "new-call", at: "#/new", rpc: "WatchBoard", ready: "1. 患者さん" },
    { name: "inbox", at: "#/inbox", rpc: "WatchBoard", ready: "田中 ハル" },
    { name: "patient", at: "#/patients/p-1001", rpc: "WatchBoard", ready: "さくら町2-8" },
    { name: "call", at: "#/calls/visit", rpc: "WatchBoard", ready: "息切れが強い" },
    { name: "call-elsewhere", at: "#/calls/nowhere", rpc: "GetCall", ready: "この依頼は見つかりません" },
    { name: "timeline", at: "#/calls/visit", rpc: "ListEvents", ready: "担当決定" },
    { name: "note", at: "#/calls/visit", rpc: "GetNote", ready: "両下肺に湿性ラ音" },
    {
      name: "119",
      at: "#/new?patient=p-1001",
      rpc: "GetCoverage",
      ready: "ACPの記録はありません",
      act: ({ page }) => page.getByLabel("意識なし").click(),
    },
  ]));

story("crews: what is loading says so, what failed can be tried again", async () => {
  await tryStates(as("dr-suzuki"), [{ name: "rota", at: "#/", rpc: "ListOnDuty", ready: "090-5555-0012" }]);
  await tryStates(as("dr-tanabe"), [
    { name: "session", at: "#/", rpc: "GetSession", ready: "出発する" },
    { name: "duty", at: "#/", rpc: "WatchDuty", ready: "出発する" },
    { name: "card", at: "#/", rpc: "GetPatient", ready: "小林 ヨシ" },
    { name: "crew-note", at: "#/note/under-way", rpc: "ListNotes", ready: "所見" },
    {
      name: "route-sheet",
      at: "#/",
      rpc: "GetRoute",
      ready: /標識と交通規制を優先/,
      act: ({ page }) => page.locator("#route-sheet > summary").click(),
    },
  ]);
  await tryStates(as(physician), [{ name: "note-deliveries", at: "#/note/visit", rpc: "ListDeliveries", ready: "届け先" }]);
});

story("what is not there: no patients, nobody of that name, no note, no screen", async () => {
  await center.addAccount("newcomer", "新田 薫", "REQUESTER");
  await center.addAccount("observer", "市川 務", "MUNICIPALITY");
  for (const [account, place, text] of [
    ["newcomer", "", "担当の患者さんが登録されていません"],
    ["nurse", "patients/nobody", "該当する患者さんはいません"],
    ["dr-tanabe", "note/nothing", "この記録は当番の一覧にありません"],
    ["observer", "", "このアカウントで使える画面はありません"],
  ]) {
    const person = await Person.enter(browser, center, account);
    await person.page.goto(`${center.url}/#/${place}`);
    await person.sees(text);
    await person.look(`empty-${account}`);
    await person.leave();
  }
});
