// The states of a screen: what it shows while something that it reads is on its
// way, and where it never comes. A face's test gives a table of its screens.
import assert from "node:assert/strict";

// Tries each row of a table in a browser of its own, which `open()` opens and
// logs in. A row is
//   at     the address, from "#"
//   rpc    what is held up, then cut off: a method's name, or a file's
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
    let mode;
    // What is held goes on when the mode changes.
    let change;
    let changing;
    const become = (next) => {
      mode = next;
      change?.();
      changing = new Promise((resume) => (change = resume));
    };
    become("held");
    await page.route(`**/${rpc}`, async (route) => {
      if (mode === "held") await changing;
      // The page may have given it up meanwhile.
      return (mode === "cut" ? route.abort("connectionreset") : route.continue()).catch(() => {});
    });
    // As on a device that has kept nothing: emptied before the page reads it, and
    // after the one before, whose stream may still bring something to be kept,
    // has gone. And anew, for a change after "#" alone would not read everything
    // again.
    await page.addInitScript(() => {
      localStorage.removeItem("session");
      indexedDB.open("housecall").onsuccess = ({ target: { result: kept } }) => {
        kept.transaction("sealed", "readwrite").objectStore("sealed").clear();
        kept.close();
      };
    });
    await page.evaluate((hash) => history.replaceState(null, "", hash), at);
    const loads = (what) =>
      page.locator(".spinner:visible").first().waitFor().catch(() => assert.fail(`${what} does not say that it loads`));
    const begin = async () => {
      await page.reload({ waitUntil: "commit" });
      await act(person);
    };
    // Before the screen asks for it, the one before it says that it loads.
    await Promise.all([page.waitForRequest(`**/${rpc}`), begin()]);
    await loads(label);
    become("cut");
    const retry = page.getByRole("button", { name: "もう一度", exact: true }).first();
    await retry.waitFor().catch(() => assert.fail(`${label} offers no other try`));
    await page.getByRole("alert").first().waitFor().catch(() => assert.fail(`${label} does not say why`));
    await person.look(`state-${name}`);
    // A stream would open by itself, and the button be gone.
    become("held");
    await retry.click();
    await loads(`another try of ${label}`);
    become("open");
    await page.getByText(ready).first().waitFor().catch(() => assert.fail(`${label} is not read again`));
    await retry.waitFor({ state: "detached" });
    await person.leave();
  }
}

// An answer of gRPC-Web with an empty message in it.
function nothing() {
  const trailers = Buffer.from("grpc-status: 0\r\n");
  const head = Buffer.alloc(5);
  head[0] = 0x80;
  head.writeUInt32BE(trailers.length, 1);
  return {
    status: 200,
    headers: { "content-type": "application/grpc-web+proto" },
    body: Buffer.concat([Buffer.alloc(5), head, trailers]),
  };
}

// The same of one screen at a desk that stays open, and what it shows where there
// is nothing. Its browser must have been opened with serviceWorkers: "block", or
// its requests would not be seen.
//
//   rpc      the call that brings what the screen shows, such as "ListRota"
//   show     opens the screen anew
//   content  what is there once it has been read (a locator)
//   empty    what is there if the server has none (a locator; not every screen)
//   retries  false: it tries again by itself, and offers no button
//   look     the name of the pictures of its failed and empty state
export async function tellStates(person, { rpc, show, content, empty, retries = true, look }) {
  const { page } = person;
  const address = new RegExp(`/housecall\\.v1\\.\\w+/${rpc}$`);
  let fail;
  const failing = new Promise((resume) => (fail = resume));
  await page.route(address, async (route) => {
    await failing;
    await route.abort().catch(() => {});
  });
  const asked = page.waitForRequest(address);
  await show();
  await asked;
  const what = `${rpc} at ${page.url()}`;
  await page.locator(".spinner:visible").first().waitFor();
  fail();
  await page.locator(".field-error[role=alert]").first().waitFor();
  await person.lacks(page.locator(".spinner")).catch(() => assert.fail(`${what}: it seems to wait still`));
  if (look) await person.look(`${look}-failed`);
  // Some are read again in another language.
  await page.locator(".field-error:visible").first().waitFor();
  await page.unroute(address);
  if (retries) await person.button("もう一度").first().click();
  await content.first().waitFor();
  await person.lacks(page.locator(".state-page .field-error")).catch(() => assert.fail(`${what}: the error stays`));
  if (!empty) return;
  await page.route(address, (route) => route.fulfill(nothing()));
  await show();
  await empty.first().waitFor();
  if (look) await person.look(`${look}-empty`);
  await page.unroute(address);
}
