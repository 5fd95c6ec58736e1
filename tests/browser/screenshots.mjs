// Takes the pictures of README.md and docs/ from the demo shop, into the folder PICTURES.

import { writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import * as world from "./inbox/world.mjs";

const { PICTURES } = process.env;
const QUALITY = 84;
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 780 };
const DEMO = { width: 1440, height: 860 };
let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

/** Writes the page as WebP, which is a third of a PNG. */
async function take(page, name) {
  // A caret and a pointer's tooltip differ from run to run.
  await page.evaluate(() => document.activeElement?.blur());
  await page.mouse.move(0, 0);
  for (const frame of page.frames())
    await frame.waitForFunction(() => [...document.images].every(({ complete }) => complete), null, world.WAIT);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: QUALITY });
  writeFileSync(`${PICTURES}/${name}.webp`, Buffer.from(data, "base64"));
}

const openInbox = async (name, options) => {
  const inbox = await world.openInbox(browser, options);
  await world.openConversation(inbox.page, name);
  await world.timeline(inbox.page).getByRole("article").last().waitFor(world.WAIT);
  return inbox;
};

const seePicture = (page) =>
  page.waitForFunction(() => [...document.querySelectorAll("[role=log] img")].some((image) => image.complete && image.naturalWidth), null, world.WAIT);

test("the demo", async () => {
  const address = `${world.SANDBOX}/demo#key=${world.KEY}`;
  const demo = await world.openWindow(browser, address, { origins: [world.SANDBOX, world.SERVER], ...DEMO });
  const inbox = demo.page.frameLocator("iframe[title='Inbox']");
  await inbox.getByRole("list", { name: "Conversations" }).getByRole("link", { name: /Sheena Nelson/ }).click();
  await inbox.getByRole("article").filter({ hasText: "To Palo Alto" }).waitFor(world.WAIT);
  await demo.page.frameLocator("iframe[title=\"Customer's phone\"]").getByRole("article").filter({ hasText: "To Palo Alto" }).waitFor(world.WAIT);
  await take(demo.page, "demo");
  await world.close(demo);
});

for (const theme of ["light", "dark"]) {
  test(`the inbox, ${theme}`, async () => {
    const inbox = await openInbox("Lucía Gómez", { theme, ...DESK });
    await seePicture(inbox.page);
    await take(inbox.page, `inbox-${theme}`);
    await world.close(inbox);
  });
}

test("the inbox on a phone", async () => {
  const inbox = await openInbox("Marco Rossi", PHONE);
  await seePicture(inbox.page);
  await take(inbox.page, "inbox-phone");
  await world.close(inbox);
});

test("a template's form and preview", async () => {
  const inbox = await openInbox("Grace Liu", DESK);
  await inbox.page.getByRole("button", { name: "Send a template" }).click();
  const dialog = inbox.page.getByRole("dialog", { name: "Send a template" });
  await dialog.getByRole("list").getByRole("button", { name: /appointment_confirmed/ }).click();
  for (const [label, value] of [["Header", "on Saturday"], ["first_name", "Grace"], ["day", "on Saturday"], ["time", "10:30"]])
    await dialog.getByLabel(label).fill(value);
  await dialog.getByRole("region", { name: "Preview" }).getByText("Grace, we expect you on Saturday at 10:30.").waitFor(world.WAIT);
  await take(inbox.page, "inbox-template");
  await world.close(inbox);
});

test("the administration", async () => {
  const inbox = await world.openInbox(browser, DESK);
  const { page } = inbox;
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitem", { name: "Manage" }).click();
  await page.getByRole("link", { name: "Quick replies" }).click();
  await page.getByRole("row", { name: /\/opening/ }).waitFor(world.WAIT);
  await take(page, "manage");
  await world.close(inbox);
});

test("the customer's phone", async () => {
  const phone = await world.openPhone(browser, PHONE);
  await phone.page.getByRole("link", { name: /Amir Haddad/ }).click();
  await phone.page.getByText("0:06").waitFor(world.WAIT);
  await take(phone.page, "phone");
  await world.close(phone);
});
