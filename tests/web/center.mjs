// A center of its own for one test: housecalld with a new database on ports
// that the system chooses, the roads of the demo town, the demonstration's
// people, patients and rota moved there, and the screens as build/web has them.
// Everything is in one temporary folder.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portIn, until } from "./until.mjs";

const source = new URL("../..", import.meta.url).pathname;
const bin = process.env.HOUSECALL_BIN ?? join(source, "build/release/bin");
const webRoot = process.env.HOUSECALL_WEB ?? join(source, "build/web");

// Where deploy/demo/center.jsonl has its center, and where the town is.
const from = { latitude: 35.698, longitude: 139.4137 };
const town = { latitude: 35.67, longitude: 139.39 };

// A position of center.jsonl, moved to the town.
export function moved(latitude, longitude) {
  return {
    latitude: latitude + town.latitude - from.latitude,
    longitude: longitude + town.longitude - from.longitude,
  };
}

// The same as a word of the command line.
export function movedWord(latitude, longitude) {
  const at = moved(latitude, longitude);
  return `${at.latitude.toFixed(5)},${at.longitude.toFixed(5)}`;
}

export class Center {
  static async start() {
    const center = new Center();
    await center.build();
    await center.create();
    await center.serve();
    await center.fill();
    // Nobody in a story is too late for an offer, on however slow a machine.
    await center.setPolicy({ urgent_offer_timeout: "600s", offer_timeout: "600s" });
    return center;
  }

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "housecall-web-"));
    this.password = randomBytes(18).toString("base64");
    this.profiles = new Set();
  }

  // The command line as this account, which is logged in at its first use.
  async as(account, ...words) {
    if (!this.profiles.has(account)) {
      await this.cli(
        ["login", "--profile", account, "--server", `127.0.0.1:${this.port}`,
          "--center", "demo", "--account", account, "--password-stdin"],
        this.password,
      );
      this.profiles.add(account);
    }
    return this.cli(["--profile", account, ...words]);
  }

  // What such a command answers.
  async json(account, ...words) {
    return JSON.parse(await this.as(account, "--json", ...words));
  }

  // The same with "--etag current": read and sent again where somebody else (the
  // planner, say) changed it in between.
  async asCurrent(account, ...words) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.as(account, ...words, "--etag", "current");
      } catch (error) {
        if (tries === 5 || !error.message.includes("--etag current")) throw error;
      }
    }
  }

  // Repeats a command until what it prints is not empty.
  awaitOutput(account, ...words) {
    return until(() => this.as(account, ...words), `${account}: ${words.join(" ")}`);
  }

  // Changes rules of the center; the others stay.
  async setPolicy(change) {
    const before = await this.json("admin", "get-center", "demo");
    await this.as("admin", "update-center", "demo", "--center",
      JSON.stringify({ ...before, policy: { ...before.policy, ...change } }));
  }

  // Ends the server as a crash would; serve() starts it again on its ports.
  async crash() {
    await this.kill("SIGKILL");
  }

  async close() {
    await this.kill("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async kill(signal) {
    const child = this.server;
    this.server = undefined;
    if (!child || child.exitCode !== null) return;
    const ended = new Promise((resume) => child.once("exit", resume));
    child.kill(signal);
    await ended;
  }

  // The crews of tonight, each where he waits.
  async putCrewsOnDuty() {
    await this.as("operator", "go-on-duty");
    for (const [account, ...at] of [
      ["dr-sato", 35.701, 139.409],
      ["dr-suzuki", 35.696, 139.417],
      ["driver-yamada", 35.6995, 139.411],
      ["driver-ogawa", 35.696, 139.417],
    ]) {
      await this.as(account, "go-on-duty");
      await this.as(account, "report-position", movedWord(...at), "--accuracy-meters", "15");
    }
  }

  // A call as the nurse makes it; `words` are more of the command line, such as
  // whom it is for.
  async submit(call, ...words) {
    const usual = { "--complaint": "息切れが強い", "--judgement": "朝まで待てない", "--callback-phone": "042-555-0201" };
    const missing = Object.entries(usual).filter(([flag]) => !words.includes(flag)).flat();
    await this.as("nurse", "submit-call", call, ...missing, ...words);
  }

  // Decides that somebody drives there.
  async triage(call, urgency = "urgent") {
    await this.as("operator", "triage-call", call, "--disposition", "visit", "--urgency", urgency);
  }

  // Asks this physician, with this driver or driving himself.
  async override(calls, physician, driver) {
    await this.as("operator", "override-match", ...calls.flatMap((call) => ["--calls", call]),
      "--physician", physician, ...(driver ? ["--driver", driver] : ["--self-drive"]), "--override-reason", "いちばん近い");
  }

  // Whoever is asked says yes. Returns who goes, and by which assignment.
  async accept(call) {
    const [offer] = await until(async () => {
      const { offers = [] } = await this.json("operator", "list-offers", "--call", call, "--states", "pending");
      return offers.length > 0 && offers;
    }, `nobody is asked for ${call}`);
    const [physician, driver] = [offer.physician, offer.driver].map((name) => name?.split("/").at(-1));
    for (const account of [physician, driver]) if (account) await this.as(account, "accept-offer", offer.name);
    const assignment = await this.as("operator", "get-call", call, "--field", "assignment");
    return { physician, driver, assignment };
  }

  async cancel(call) {
    await this.asCurrent("operator", "cancel-call", call, "--reason", "終わり");
  }

  // Ends whatever an account is logged in with.
  async endSessions(account) {
    const { sessions } = await this.json("admin", "list-sessions", "--account", account);
    for (const { name } of sessions) await this.as("admin", "revoke-session", name);
    this.profiles.delete(account);
  }

  // Another person of the center's office, with an account of the same id.
  async addAccount(account, name, role) {
    await this.apply("admin", [
      { rpc: "CreatePerson", request: { person: { name: account, organization: "center-office", display_name: name } } },
      { rpc: "CreateAccount", request: { account: { name: account, person: account, roles: [role] }, password: { env: "DEMO_PASSWORD" } } },
    ].map((each) => JSON.stringify(each)));
  }

  // A whole visit as the crew's phones would tell it, up to the signed note,
  // whose deliveries have gone out when this returns. Crews are on duty. Returns
  // the physician's account.
  async playVisit(call, patient, findings) {
    await this.submit(call, "--patient", patient);
    await this.triage(call);
    const { physician, driver, assignment } = await this.accept(call);
    const wheel = driver ?? physician;
    await this.as(wheel, "start-drive", assignment);
    if (driver) await this.as(driver, "pick-up-physician", assignment);
    await this.as(wheel, "arrive", assignment);
    await this.as(physician, "start-treatment", assignment);
    await this.as(physician, "end-treatment", assignment);
    await this.as(wheel, "leave-scene", assignment);
    await this.sign(physician, call, findings);
    return physician;
  }

  // Writes and signs a note; returns when its deliveries have gone out.
  async sign(physician, call, findings) {
    const note = await this.as(physician, "draft-note", call, "--text.findings", findings,
      "--text.diagnosis", "慢性心不全の急性増悪", "--text.treatment", "フロセミド 20mg 静注。30分後 SpO2 95%",
      "--text.follow-up", "明朝の体重と尿量の確認、利尿薬の調整をお願いします", "--field", "name");
    await this.asCurrent(physician, "sign-note", note);
    await this.awaitOutput("operator", "list-deliveries", "--call", call, "--field", "deliveries.name");
  }

  // The roads, and the screens with the roads to draw.
  async build() {
    const { folder } = this;
    await this.spawnAndWait("housecall-map", ["demo-town", "-o", `${folder}/town.osm`]);
    await this.spawnAndWait("housecall-map", ["import", `${folder}/town.osm`, "-o", `${folder}/town.map`, "--quiet"]);
    cpSync(webRoot, `${folder}/web`, { recursive: true });
    mkdirSync(`${folder}/web/map`);
    await this.spawnAndWait("housecall-map", ["roads", `${folder}/town.map`, "-o", `${folder}/web/map/roads.geojson`]);
  }

  async create() {
    await this.spawnAndWait(
      "housecalld",
      ["create-center", `--db=${this.folder}/center.db`, "--center=demo",
        "--display_name=夜間往診センター", "--display_name_english=Night Center",
        `--position=${town.latitude},${town.longitude}`, "--phone=042-555-0100",
        "--last_resort_name=当番責任者", "--last_resort_phone=042-555-0199",
        "--admin=admin"],
      this.password,
    );
  }

  async serve() {
    const portFile = `${this.folder}/port`;
    const webPortFile = `${this.folder}/web_port`;
    rmSync(portFile, { force: true });
    rmSync(webPortFile, { force: true });
    const child = spawn(
      join(bin, "housecalld"),
      ["serve", `--db=${this.folder}/center.db`, `--listen=127.0.0.1:${this.port ?? 0}`,
        `--port_file=${portFile}`, `--web_listen=127.0.0.1:${this.webPort ?? 0}`,
        `--web_port_file=${webPortFile}`, `--web_root=${this.folder}/web`,
        `--map=${this.folder}/town.map`],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    this.log = "";
    child.stderr.on("data", (text) => (this.log += text));
    this.server = child;
    const portOnceIn = (file) => until(() => {
      if (child.exitCode !== null) throw new Error(`housecalld did not start:\n${this.log}`);
      return portIn(file);
    }, `housecalld writes ${file}`);
    this.port = await portOnceIn(portFile);
    this.webPort = await portOnceIn(webPortFile);
    this.url = `http://127.0.0.1:${this.webPort}`;
  }

  // Sends requests as `housecall apply` reads them.
  async apply(account, lines) {
    const file = `${this.folder}/requests.jsonl`;
    writeFileSync(file, lines.join("\n") + "\n");
    await this.as(account, "apply", file);
  }

  // The demonstration's records.
  async fill() {
    const lines = readFileSync(join(source, "deploy/demo/center.jsonl"), "utf8")
      .replace(/"(\d+\.\d+),(\d+\.\d+)"/g, (_, ...at) => `"${movedWord(Number(at[0]), Number(at[1]))}"`);
    const file = `${this.folder}/center.jsonl`;
    writeFileSync(file, lines);
    await this.as("admin", "apply", file, "--skip-existing");
  }

  async cli(words, input = "") {
    return (await this.spawnAndWait("housecall", words, input)).trim();
  }

  spawnAndWait(program, words, input) {
    return new Promise((resolve, reject) => {
      const child = spawn(join(bin, program), words, {
        env: {
          ...process.env,
          HOUSECALL_CONFIG: `${this.folder}/profiles`,
          DEMO_PASSWORD: this.password,
          // Nobody listens there: what goes to the clinic waits.
          DEMO_WEBHOOK_URL: "https://clinic.invalid/webhook",
          DEMO_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString("base64")}`,
        },
      });
      let output = "";
      let errors = "";
      child.stdout.on("data", (text) => (output += text));
      child.stderr.on("data", (text) => (errors += text));
      child.on("error", reject);
      child.on("close", (code) =>
        code === 0 ? resolve(output) : reject(new Error(`${program} ${words[0]} failed: ${errors}${output}`)));
      // A command that reads nothing may have ended already.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  }
}
