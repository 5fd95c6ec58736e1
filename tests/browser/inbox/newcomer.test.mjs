// A person who has never seen the inbox: from the link that `make run` prints to an answer with a photo and a template.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const LIMIT_MILLISECONDS = 120_000;
const button = (place, name) => place.getByRole("button", { name, exact: true });

/** The link that the sandbox printed when it started. */
const readLink = () => /Inbox +(http\S+)/.exec(readFileSync(process.env.SANDBOX_LOG, "utf8"))[1];

for (const width of [1440, 390]) {
  test(`a customer gets a photo and a template within two minutes at ${width} pixels`, async () => {
    const customer = { from: `165055560${width}`, name: `Nell Newcome ${width}` };
    await world.say("Hi! What does the blue one look like, and is it in stock?", customer);
    const start = Date.now();
    const inbox = await world.openWindow(browser, readLink(), { origins: [world.SERVER], width, height: width < 500 ? 844 : 900 });
    const { page } = inbox;
    let step = 0;
    const look = async (name) => {
      // Pictures come a moment after their frame.
      await page.waitForFunction(() => [...document.images].every(({ complete }) => complete), null, world.WAIT);
      step += 1;
      for (const theme of ["dark", "light"]) {
        await page.emulateMedia({ colorScheme: theme });
        await world.capture(page, `newcomer-${width}-${step}-${name}-${theme}`);
      }
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name);
    };
    // The newest message is on top, and unread.
    const row = page.getByRole("list", { name: "Conversations" }).getByRole("link").first();
    await row.filter({ hasText: customer.name }).waitFor(world.WAIT);
    await row.getByText("1 unread message").waitFor({ ...world.WAIT, state: "attached" });
    await look("inbox");

    await row.click();
    await world.findMessage(page, "What does the blue one look like").waitFor(world.WAIT);
    await look("conversation");

    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button(page, "Attach files").click()]);
    await chooser.setFiles({ ...world.PICTURE, name: "blue.png", buffer: await paint(page) });
    await page.getByRole("combobox", { name: "Reply" }).fill("This is the blue one. We have it in stock.");
    await look("photo");
    await button(page, "Send").click();
    const photo = world.findMessage(page, "This is the blue one.");
    await photo.locator('[data-status="READ"]').waitFor(world.WAIT);
    await photo.getByRole("img", { name: "Photo" }).evaluate((image) => image.decode());
    await look("sent");

    await button(page, "Send a template").click();
    const dialog = page.getByRole("dialog", { name: "Send a template" });
    await dialog.getByRole("list").getByRole("button").first().waitFor(world.WAIT);
    await look("templates");
    await dialog.getByRole("list").getByRole("button", { name: /appointment_confirmed/ }).click();
    for (const [label, value] of [["Header", "on Saturday"], ["first_name", "Nell"], ["day", "on Saturday"], ["time", "10:30"]])
      await dialog.getByLabel(label).fill(value);
    await dialog.getByRole("region", { name: "Preview" }).getByText("Nell, we expect you on Saturday at 10:30.").waitFor(world.WAIT);
    await look("template");
    await button(page, "Send the template").click();
    await world.findMessage(page, "we expect you on Saturday").locator('[data-status="READ"]').waitFor(world.WAIT);
    assert.ok(Date.now() - start < LIMIT_MILLISECONDS);
    await look("answered");
    await world.checkAccess(page, `answered ${width}`);
    await world.close(inbox);
  });
}

/** A picture that looks like a photo. */
async function paint(page) {
  const bytes = await page.evaluate(async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [1200, 900];
    const context = canvas.getContext("2d");
    const sky = context.createLinearGradient(0, 0, 1200, 900);
    sky.addColorStop(0, "#1e3a8a");
    sky.addColorStop(1, "#93c5fd");
    context.fillStyle = sky;
    context.fillRect(0, 0, 1200, 900);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  return Buffer.from(bytes);
}
