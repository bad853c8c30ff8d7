// The states of a screen: what it shows while something that it reads is on its
// way, and where it never comes. A face's test gives a table of its screens.
import assert from "node:assert/strict";

// Tries each row of a table in a browser of its own, which `open()` opens and
// logs in. A row is
//   at     the address, from "#"
//   rpc    what is held up, then cut off: a method's name
//   ready  a text that stands there once it has come
//   name   of the pictures
//   act    what a person does to get there from the address, if anything
// Held up, it has to say that it loads; cut off, why it shows nothing, with
// another try, which then brings it.
export async function tryStates(open, rows) {
  for (const { at, rpc, ready, name, act = async () => {} } of rows) {
    const person = await open();
    const { page } = person;
    const label = `${at} without ${rpc}`;
    let held;
    let mode = "held";
    await page.route(`**/${rpc}`, async (route) => {
      if (mode === "cut") return route.abort("connectionreset");
      if (mode === "held") await new Promise((resume) => (held = resume));
      return mode === "cut" ? route.abort("connectionreset") : route.continue();
    });
    // Anew: a change after "#" alone would not read everything again.
    await page.evaluate((hash) => history.replaceState(null, "", hash), at);
    await page.reload({ waitUntil: "commit" });
    await act(person);
    await page.locator(".spinner").first().waitFor().catch(() => assert.fail(`${label} does not say that it loads`));
    mode = "cut";
    held?.();
    const retry = page.getByRole("button", { name: "もう一度", exact: true }).first();
    await retry.waitFor({ timeout: 45_000 }).catch(() => assert.fail(`${label} offers no other try`));
    assert.ok((await page.getByRole("alert").count()) > 0, `${label} does not say why`);
    await person.look(`state-${name}`);
    mode = "open";
    await retry.click();
    await page.getByText(ready).first().waitFor().catch(() => assert.fail(`${label} is not read again`));
    await retry.waitFor({ state: "detached" });
    await person.leave();
  }
}
