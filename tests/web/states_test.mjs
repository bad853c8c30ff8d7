// Loading and failing, screen by screen, of professionals and crews.
import { after, before } from "node:test";
import { launch, Person, story } from "./browser.mjs";
import { Center, movedWord } from "./center.mjs";
import { tryStates } from "./states.mjs";

let center;
let browser;
before(async () => {
  center = await Center.start();
  await center.putCrewsOnDuty();
  await center.playVisit("visit", "p-1001", "起座呼吸、両下肺に湿性ラ音");
  await center.as("dr-tanabe", "go-on-duty");
  await center.as("dr-tanabe", "report-position", movedWord(35.6945, 139.4105));
  await center.as("nurse", "submit-call", "under-way", "--patient", "p-1004", "--complaint", "発熱",
    "--judgement", "朝まで待てない", "--callback-phone", "042-555-0201");
  await center.as("operator", "triage-call", "under-way", "--disposition", "visit", "--urgency", "urgent");
  await center.as("operator", "override-match", "under-way", "--physician", "dr-tanabe", "--self-drive", "--override-reason", "近い");
  const offer = await center.awaitOutput("operator", "list-offers", "--call", "under-way", "--states", "pending", "--field", "offers.name");
  await center.as("dr-tanabe", "accept-offer", offer);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await center?.close();
});

function as(account) {
  return async () => {
    // A service worker would answer for the network.
    const person = await Person.open(browser, center, account, { serviceWorkers: "block" });
    await person.logIn();
    return person;
  };
}

story("professionals: what is loading says so, what failed can be tried again", () =>
  tryStates(as("nurse"), [
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
  ]);
});
