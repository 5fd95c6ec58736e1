// The demo page of the sandbox: the inbox beside the customer's phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const openDemo = (options) =>
  world.openWindow(browser, `${world.SANDBOX}/demo#key=${world.KEY}`, { origins: [world.SANDBOX, world.SERVER], ...options });

test("a message goes from the phone to the inbox, and the answer back", async () => {
  const demo = await openDemo();
  const { page } = demo;
  const inbox = page.frameLocator("iframe[title='Inbox']");
  const phone = page.frameLocator("iframe[title=\"Customer's phone\"]");
  await inbox.getByRole("heading", { name: "Conversations" }).waitFor(world.WAIT);
  assert.equal(await page.evaluate(() => location.hash), "");

  await phone.getByText("The phone of Sheena Nelson").waitFor(world.WAIT);
  await phone.getByRole("textbox", { name: "Message to the business" }).fill("Today at five, please");
  await phone.getByRole("textbox", { name: "Message to the business" }).press("Enter");
  await inbox.getByRole("link", { name: /Sheena Nelson/ }).click();
  const log = inbox.getByRole("log", { name: "Messages" });
  await log.getByRole("article").filter({ hasText: "Today at five, please" }).waitFor(world.WAIT);
  await inbox.getByRole("combobox", { name: "Reply" }).fill("It is booked.");
  await inbox.getByRole("combobox", { name: "Reply" }).press("Enter");
  const answer = phone.getByRole("article").filter({ hasText: "It is booked." });
  await answer.getByRole("img", { name: "read", exact: true }).waitFor(world.WAIT);
  await log.getByRole("article").filter({ hasText: "It is booked." }).locator('[data-status="READ"]').waitFor(world.WAIT);
  await world.close(demo);
});

test("only the sandbox's own pages show the inbox in a frame", async () => {
  const frame = await world.openWindow(browser, `${world.SERVER}/healthz`, { origins: [world.SERVER] });
  await frame.page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const inbox = document.createElement("iframe");
        inbox.addEventListener("load", resolve);
        inbox.src = url;
        document.body.append(inbox);
      }),
    `${world.SERVER}/#key=${world.KEY}`,
  );
  await world.retry(() => frame.complaints.join("\n"), (said) => assert.match(said, /frame-ancestors/));
  frame.complaints.splice(0);
  await world.becomes(() => frame.page.frames()[1].url(), "chrome-error://chromewebdata/");
  await world.close(frame);
});

for (const width of [1440, 390]) {
  test(`the demo is usable and without fault at ${width} pixels in both themes`, async () => {
    const demo = await openDemo({ width, height: 844 });
    const { page } = demo;
    const side = (title) => page.locator(`iframe[title="${title}"]`);
    await page.frameLocator("iframe[title='Inbox']").getByRole("link", { name: /Sheena Nelson/ }).waitFor(world.WAIT);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth));
    for (const theme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: theme });
      await world.capture(page, `demo-${theme}-${width}`);
      await world.checkAccess(page, `demo ${theme}`);
    }
    await world.becomes(() => side("Customer's phone").isVisible(), width > 1100);
    if (width === 390) {
      await page.getByRole("button", { name: "Customer's phone" }).tap();
      await side("Customer's phone").waitFor(world.WAIT);
      await side("Inbox").waitFor({ ...world.WAIT, state: "hidden" });
    }
    await world.close(demo);
  });
}
