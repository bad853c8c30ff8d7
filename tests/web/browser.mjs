// A person in front of the screens: Debian's Chromium, driven by playwright-core.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { test } from "node:test";
import { patienceMilliseconds, until } from "./until.mjs";

const source = new URL("../..", import.meta.url).pathname;
// The packages of tests/npm: this folder has none of its own.
const require = createRequire(join(source, "tests/npm/package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

// Where the pictures go: a person should look at them.
export const pictures =
  process.env.HOUSECALL_WEB_PICTURES ?? join(source, "build/web_pictures");
mkdirSync(pictures, { recursive: true });
// How pictures of failed stories begin; those of this file's last run are gone
// when it begins.
const failed = `failed-${basename(process.argv[1] ?? "").replace(/_test\.mjs$/, "")}-${process.env.HOUSECALL_SIZE ?? "phone"}-`;
for (const name of readdirSync(pictures)) {
  if (name.startsWith(failed)) rmSync(join(pictures, name));
}

const sizes = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1440, height: 900 },
};

// Each story is told at both sizes, one run for each.
export const usualSize = process.env.HOUSECALL_SIZE ?? "phone";

// A gRPC status as the server would answer: for page.route().
export function refuseWith(code, message) {
  return (route) => route.fulfill({
    status: 200,
    headers: { "content-type": "application/grpc-web+proto", "grpc-status": String(code), "grpc-message": message },
    body: "",
  });
}

export async function launch() {
  return chromium.launch({
    // The browser's own words, such as in fields for dates, as at a center.
    env: { ...process.env, LANGUAGE: "ja" },
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--use-angle=swiftshader",
      "--enable-unsafe-swiftshader",
    ],
  });
}

// In the page: what can be pressed and is lower than so many pixels.
function targetsBelow(pixels) {
  const all = document.querySelectorAll("a[href], button, summary, select, textarea, label.check, input:not([type=checkbox], [type=radio])");
  return [...all].flatMap((each) => {
    const { height, width } = each.getBoundingClientRect();
    const seen = height > 0 && width > 0 && each.checkVisibility();
    return seen && height < pixels - 0.5 ? [`${Math.round(height)} px: ${each.outerHTML.slice(0, 120)}`] : [];
  });
}

const present = new Set();

// A test about people. They all leave at its end; if it fails, what each of them
// saw last is among the pictures.
export function story(name, tell) {
  test(name, async () => {
    try {
      await tell();
      for (const person of present) person.expectNothingWrong();
    } catch (error) {
      for (const person of present) {
        const path = join(pictures, `${failed}${person.account}-${person.language}.png`);
        await person.page.screenshot({ path }).catch(() => {});
        console.error(`${person.account} saw ${path}`);
      }
      throw error;
    } finally {
      for (const person of [...present]) await person.close();
    }
  });
}

// Somebody with a browser of his own. `problems` collects whatever the browser
// complained about: script errors, what the page's own security policy refused.
//
// What a screen shows follows what was done with some delay, and a machine may
// be slow: nothing here looks only once. sees() and lacks() wait; what is read
// from the page otherwise goes through eventually() (until.mjs).
export class Person {
  // Somebody who has logged in; `ready`, a selector, is there once his screen is.
  static async enter(browser, center, account, { ready, ...options } = {}) {
    const person = await Person.open(browser, center, account, options);
    await person.logIn();
    if (ready) await person.page.locator(ready).first().waitFor();
    return person;
  }

  // Somebody at the form to log in.
  static async open(browser, center, account, { size = usualSize, language = "ja", position, serviceWorkers = "allow", init } = {}) {
    const context = await browser.newContext({
      viewport: sizes[size],
      locale: language === "ja" ? "ja-JP" : "en-GB",
      timezoneId: "Asia/Tokyo",
      serviceWorkers,
      reducedMotion: "reduce",
      geolocation: position,
      permissions: position ? ["geolocation"] : [],
    });
    await context.addInitScript((value) => localStorage.setItem("language", value), language);
    if (init) await context.addInitScript(init);
    const page = await context.newPage();
    const person = new Person(context, page, center, account, size, language);
    page.on("pageerror", (error) => person.problems.push(String(error)));
    page.on("console", (message) => {
      if (/Content.Security.Policy|Refused to/i.test(message.text())) person.problems.push(message.text());
    });
    page.setDefaultTimeout(patienceMilliseconds);
    present.add(person);
    await page.goto(center.url);
    return person;
  }

  constructor(context, page, center, account, size, language) {
    Object.assign(this, { context, page, center, account, size, language, problems: [] });
  }

  async logIn() {
    await this.tryLogIn(this.center.password);
    await this.page.locator(".login").waitFor({ state: "detached" });
  }

  async tryLogIn(password) {
    const { page } = this;
    await page.locator("#login-center").fill("demo");
    await page.locator("#login-account").fill(this.account);
    await page.locator("#login-password").fill(password);
    await page.locator("button[type=submit]").click();
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  // Waits until it is on the screen.
  sees(text) {
    return this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  // Waits until nothing of it, a text or a locator, is on the screen. What has
  // not come yet is not there either: see first what comes with it.
  lacks(what) {
    const found = typeof what === "string" || what instanceof RegExp ? this.page.getByText(what) : what;
    return until(async () => (await found.filter({ visible: true }).count()) === 0, `${this.account} still sees ${what}`);
  }

  // Goes to another place of the face, which says in its navigation that it is
  // there (the faces at a desk have one).
  async goTo(place) {
    await this.page.goto(`${this.center.url}/#/${place}`);
    await this.page.locator(`.desk-top nav a[href="#/${place}"][aria-current]`).waitFor();
  }

  // How many bytes the vault of this device has under such names, sealed.
  async sealedBytes(name) {
    return (await this.vault()).filter((each) => each.name.includes(name)).reduce((sum, { size }) => sum + size, 0);
  }

  // What the vault of this device has: names, sizes, and what text can be read.
  vault() {
    return this.page.evaluate(async () => {
      const open = indexedDB.open("housecall");
      await new Promise((resolve) => (open.onsuccess = resolve));
      const all = open.result.transaction("sealed").objectStore("sealed");
      const [names, values] = await Promise.all([all.getAllKeys(), all.getAll()].map((request) =>
        new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))));
      open.result.close();
      const text = new TextDecoder("utf-8");
      return names.map((name, index) => {
        const { data } = values[index];
        return { name: String(name), size: data.byteLength, text: text.decode(data) };
      });
    });
  }

  // Takes pictures of the whole screen, by day and by night and in the other
  // language, and collects what axe-core holds against each.
  async look(name) {
    const { page } = this;
    const usual = await page.evaluate(() => document.documentElement.dataset.theme);
    const other = usual === "day" ? "night" : "day";
    const otherLanguage = this.language === "ja" ? "en" : "ja";
    await page.evaluate(axe);
    const size = page.viewportSize();
    for (const [theme, language] of [[usual, this.language], [other, this.language], [usual, otherLanguage]]) {
      await this.speak(language);
      // All of it, as on a screen so long that nothing has to scroll.
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      if (height > page.viewportSize().height) await page.setViewportSize({ width: size.width, height });
      await page.evaluate(async (value) => {
        document.documentElement.dataset.theme = value;
        // The map draws itself anew.
        for (let i = 0; i < 3; i++) await new Promise((drawn) => requestAnimationFrame(drawn));
      }, theme);
      const file = `${name}-${this.size}-${language}${theme === usual ? "" : `-${theme}`}.png`;
      await page.screenshot({ path: join(pictures, file) });
      const { violations } = await page.evaluate(() =>
        globalThis.axe.run(document, {
          runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        }),
      );
      for (const each of violations) {
        const where = each.nodes.map((node) => node.html).slice(0, 3).join(" | ");
        this.problems.push(`${file}: ${each.id}: ${where}`);
      }
      const overflow = await page.evaluate(() =>
        document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) this.problems.push(`${file}: ${overflow} px wider than the ${this.size}`);
      // Whoever is in a car has no fine fingers.
      if (/^(dr|driver)-/.test(this.account)) {
        for (const each of await page.evaluate(targetsBelow, 44)) this.problems.push(`${file}: small target: ${each}`);
      }
    }
    await this.speak(this.language);
    await page.evaluate((value) => (document.documentElement.dataset.theme = value), usual);
    if (page.viewportSize().height > size.height) await page.setViewportSize(size);
  }

  // The screens in that language, as if it was chosen in another window.
  async speak(language) {
    await this.page.evaluate(async (value) => {
      const before = localStorage.getItem("language");
      localStorage.setItem("language", value);
      dispatchEvent(new StorageEvent("storage", { key: "language", oldValue: before, newValue: value }));
      for (let i = 0; i < 2; i++) await new Promise((drawn) => requestAnimationFrame(drawn));
    }, language);
  }

  expectNothingWrong() {
    assert.deepEqual(this.problems, [], `${this.account}'s screens`);
  }

  // Closes the browser; nothing may have been wrong with what it showed.
  async leave() {
    this.expectNothingWrong();
    await this.close();
  }

  async close() {
    present.delete(this);
    await this.context.close();
  }
}
