// Sign-in, keyboard, phone, and what assistive technology is told.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

test("a link signs in, and a wrong key does not", async () => {
  const inbox = await world.openInbox(browser, { key: null });
  const { page, complaints } = inbox;
  const field = page.getByLabel("API key or token");
  await field.fill("wag_wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "not valid" }).waitFor(world.WAIT);
  // Chromium reports each 401.
  assert.ok(complaints.splice(0).every((line) => line.includes("401")));
  await field.fill(world.KEY);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Conversations" }).waitFor(world.WAIT);

  await page.reload();
  await page.getByRole("heading", { name: "Conversations" }).waitFor(world.WAIT);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await field.waitFor(world.WAIT);
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), []);
  await world.close(inbox);
});

test("a revoked key leads to the sign-in", async () => {
  const { createApiKey } = await world.ask(
    `mutation { createApiKey(input: { name: "Short stay", role: VIEWER }) { token apiKey { id } userErrors { code } } }`,
  );
  const inbox = await world.openInbox(browser, { key: createApiKey.token });
  const { page, complaints } = inbox;
  await world.openConversation(page, "Amir Haddad");
  // A viewer reads, and is offered nothing else.
  await page.getByText("Your role can read, but not write.").waitFor(world.WAIT);
  assert.equal(await page.getByRole("button", { name: "Assign to me" }).count(), 0);
  await world.ask(`mutation ($id: ID!) { revokeApiKey(input: { apiKeyId: $id }) { userErrors { code } } }`, {
    id: createApiKey.apiKey.id,
  });
  await page.getByRole("alert").filter({ hasText: "Your session ended" }).waitFor(world.WAIT);
  complaints.splice(0);
  await world.close(inbox);
});

test("the keyboard alone is enough", async () => {
  await world.say("Only keys, please", { from: "16505559901", name: "Kay Board" });
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.getByRole("link", { name: /Kay Board/ }).waitFor(world.WAIT);
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const readFocus = () =>
    page.evaluate(() => [document.activeElement.closest("[data-index]")?.dataset.index, document.activeElement.textContent]);

  for (let [row, text] = [0, ""]; !text.includes("Kay Board"); row++) {
    await press("j");
    // The row gets the focus with the next frame.
    [, text] = await world.retry(readFocus, ([index]) => assert.equal(index, String(row)));
  }
  await press("Enter");
  await world.findMessage(page, "Only keys, please").waitFor(world.WAIT);
  await press("a");
  await page.getByRole("button", { name: "Assign: You" }).waitFor(world.WAIT);
  await press("r");
  await page.keyboard.type("Answered without a mouse");
  await press("Enter", "Escape");
  await world.findMessage(page, "Answered without a mouse").waitFor(world.WAIT);
  await press("n");
  await page.keyboard.type("A note without a mouse");
  await press("Enter", "Escape");
  await world.findMessage(page, "A note without a mouse").waitFor(world.WAIT);
  await press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor(world.WAIT);
  await press("Escape");
  await page.getByRole("dialog").waitFor(world.GONE);
  await press("e");
  await page.getByRole("button", { name: "Reopen" }).waitFor(world.WAIT);
  await world.close(inbox);
});

test("an agent works on a phone", async () => {
  await world.say("On the road", { from: "16505559902", name: "Mo Bile" });
  const inbox = await world.openInbox(browser, { width: 390, height: 844 });
  const { page } = inbox;
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  await page.getByRole("link", { name: /Mo Bile/ }).tap();
  await world.findMessage(page, "On the road").waitFor(world.WAIT);
  await page.getByRole("heading", { name: "Conversations" }).waitFor({ ...world.WAIT, state: "hidden" });
  await page.getByRole("combobox", { name: "Reply" }).fill("Drive safely");
  await page.getByRole("button", { name: "Send", exact: true }).tap();
  await world.findMessage(page, "Drive safely").locator('[data-status="READ"]').waitFor(world.WAIT);
  assert.ok(await fits());
  await page.getByRole("button", { name: "Contact" }).tap();
  await page.getByRole("complementary", { name: "Contact" }).waitFor(world.WAIT);
  assert.ok(await fits());
  await page.getByRole("button", { name: "Hide the contact" }).tap();
  await page.getByRole("button", { name: "Back" }).tap();
  await page.getByRole("heading", { name: "Conversations" }).waitFor(world.WAIT);
  assert.ok(await fits());
  await world.close(inbox);
});

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault at ${width} pixels in both themes`, async () => {
    const check = async (page, name) => {
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await world.capture(page, `${name}-${theme}-${width}`);
        await world.checkAccess(page, `${name} ${theme}`);
      }
    };
    const visitor = await world.openInbox(browser, { key: null, width });
    await visitor.page.getByRole("button", { name: "Sign in" }).waitFor(world.WAIT);
    await check(visitor.page, "sign-in");
    await world.close(visitor);

    const inbox = await world.openInbox(browser, { width });
    const { page } = inbox;
    await page.getByRole("link", { name: /Sheena Nelson/ }).waitFor(world.WAIT);
    await check(page, "list");
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("menu").waitFor(world.WAIT);
    await check(page, "menu");
    await page.keyboard.press("Escape");

    await world.openConversation(page, "Sheena Nelson");
    await world.findMessage(page, "Do you deliver?").waitFor(world.WAIT);
    await check(page, "conversation");
    await page.getByRole("button", { name: "Send a template" }).click();
    const dialog = page.getByRole("dialog", { name: "Send a template" });
    await dialog.getByRole("list").getByRole("button").first().click();
    await dialog.getByRole("region", { name: "Preview" }).waitFor(world.WAIT);
    await check(page, "template");
    await world.close(inbox);
  });
}
