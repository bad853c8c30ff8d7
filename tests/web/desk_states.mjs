// What a screen shows while it waits for the server, when nothing comes, when it
// is tried again, and when there is nothing to show.
import assert from "node:assert/strict";

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

// Tells the states of one screen. The person's browser must have been opened
// with serviceWorkers: "block", or its requests would not be seen.
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
  assert.equal(await page.locator(".spinner:visible").count(), 0, `${what}: it does not wait any more`);
  if (look) await person.look(`${look}-failed`);
  // Some are read again in another language.
  await page.locator(".field-error:visible").first().waitFor();
  await page.unroute(address);
  if (retries) await person.button("もう一度").first().click();
  await content.first().waitFor();
  assert.equal(await page.locator(".field-error:visible").count(), 0, `${what}: the error is gone`);
  if (!empty) return;
  await page.route(address, (route) => route.fulfill(nothing()));
  await show();
  await empty.first().waitFor();
  if (look) await person.look(`${look}-empty`);
  await page.unroute(address);
}
