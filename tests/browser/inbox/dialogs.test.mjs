// What is written or made is not lost by accident: in dialogs, recordings and quick replies.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage } from "./administration.mjs";
import { button, chooseMore, field, listSent, openChat, openForm, press, push } from "./composing.mjs";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const WARNING = "What you wrote is not saved. Close again to discard it.";

test("a form with a text is closed only on purpose", async () => {
  const { page, ...inbox } = await openChat(browser, "Dora Dialog");
  const untouched = await openForm(page, "Reply buttons");
  await page.mouse.click(5, 5);
  await untouched.dialog.waitFor({ ...world.WAIT, state: "detached" });

  const form = await openForm(page, "Reply buttons");
  await form.box("Text").fill("Does Friday suit you?");
  await page.mouse.click(5, 5);
  // A selection with the mouse that ends beside the dialog.
  const { x, y } = await form.box("Text").boundingBox();
  await page.mouse.move(x + 40, y + 15);
  await page.mouse.down();
  await page.mouse.move(5, 5);
  await page.mouse.up();
  assert.equal(await form.box("Text").inputValue(), "Does Friday suit you?");
  assert.equal(await page.getByText(WARNING).count(), 0);

  await press(page, "Escape");
  await page.getByRole("alert").getByText(WARNING).waitFor(world.WAIT);
  await world.checkAccess(page, "warning");
  await form.box("Text").press("End");
  await page.keyboard.type(" Or Monday?");
  await page.getByText(WARNING).waitFor({ ...world.WAIT, state: "detached" });
  assert.equal(await form.box("Text").inputValue(), "Does Friday suit you? Or Monday?");
  await press(page, "Escape");
  await page.getByText(WARNING).waitFor(world.WAIT);
  await press(page, "Escape");
  await form.dialog.waitFor({ ...world.WAIT, state: "detached" });
  await world.close({ page, ...inbox });
});

test("a file that is not chosen leaves its form open", async () => {
  const inbox = await openPage(browser, "quick-replies", "Quick replies");
  const { page } = inbox;
  await button(page, "New quick reply").click();
  const dialog = page.getByRole("dialog", { name: "New quick reply" });
  await dialog.getByLabel("Shortcut").fill("parking");
  // As the browser tells that the choice was cancelled.
  await dialog.getByLabel("Add a file").dispatchEvent("cancel", { bubbles: true });
  assert.equal(await dialog.getByLabel("Shortcut").inputValue(), "parking");
  assert.equal(await page.getByText(WARNING).count(), 0);
  await button(dialog, "Close").click();
  await page.getByText(WARNING).waitFor(world.WAIT);
  await button(dialog, "Close").click();
  await dialog.waitFor({ ...world.WAIT, state: "detached" });
  await world.close(inbox);
});

test("a new key stays until it is put away", async () => {
  const inbox = await openPage(browser, "keys", "API keys");
  const { page } = inbox;
  await button(page, "Create a key").click();
  const form = page.getByRole("dialog", { name: "Create a key" });
  await form.getByLabel("Name of the person").fill("Kay Keeper");
  await button(form, "Create a key").click();
  const created = page.getByRole("dialog", { name: "The key is ready" });
  const key = await created.getByLabel("API key", { exact: true }).inputValue();
  // Chromium closes a dialog by the second one without asking its page.
  await press(page, "Escape", "Escape", "Escape", "Escape");
  await created.getByText("Have you copied it?").waitFor(world.WAIT);
  assert.equal(await created.getByLabel("API key", { exact: true }).inputValue(), key);
  await button(created, "Done").click();
  await created.waitFor({ ...world.WAIT, state: "detached" });
  await world.close(inbox);
});

test("a recording stays when another conversation is opened", async () => {
  await world.say("Here I am.", { from: "16505557991", name: "Otto Other" });
  const { page, ...inbox } = await openChat(browser, "Rita Recorded", { permissions: ["microphone"] });
  await chooseMore(page, "Voice message");
  const recorder = page.getByRole("group", { name: "Recorder" });
  await recorder.getByText(world.lasts(1)).waitFor(world.WAIT);
  await world.openConversation(page, "Otto Other");
  await world.openConversation(page, "Rita Recorded");
  const files = page.getByRole("list", { name: "Files to send" });
  await files.getByRole("group", { name: "Voice message" }).waitFor(world.WAIT);

  await chooseMore(page, "Voice message");
  await recorder.getByText(world.lasts(1)).waitFor(world.WAIT);
  await push(recorder.getByRole("button", { name: "Discard the recording" }));
  await recorder.waitFor({ ...world.WAIT, state: "detached" });
  await world.hasCount(files.getByRole("listitem"), 1);
  await world.close({ page, ...inbox });
});

test("Enter does not send a shortcut whose quick replies are on their way", async () => {
  const { accounts } = await world.ask("{ accounts { nodes { id } } }");
  await world.ask(
    `mutation ($accountId: ID!) {
      createQuickReply(input: { accountId: $accountId, shortcut: "bikes", text: "We repair bikes, too." }) { userErrors { message } }
    }`,
    { accountId: accounts.nodes[0].id },
  );
  const { page, customer, ...inbox } = await openChat(browser, "Quentin Quick");
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route("**/graphql", async (route) => {
    if (route.request().postData()?.includes("QuickReplies")) await released;
    await route.continue();
  });
  await field(page).focus();
  await page.keyboard.type("/bikes");
  await press(page, "Enter");
  assert.equal(await field(page).inputValue(), "/bikes");
  release();
  await page.getByRole("option", { name: /bikes/ }).waitFor(world.WAIT);
  await press(page, "Enter");
  await world.hasValue(field(page), "We repair bikes, too.");
  assert.deepEqual(await listSent(customer, "text"), []);
  await page.unrouteAll({ behavior: "wait" });
  await world.close({ page, ...inbox });
});

test("an impossible year leaves the audit log on the page", async () => {
  const inbox = await openPage(browser, "audit", "Audit log");
  const { page } = inbox;
  await page.getByLabel("From").focus();
  await page.keyboard.type("0101202666");
  await page.getByRole("listitem").filter({ hasText: "Sandbox admin" }).first().waitFor(world.WAIT);
  await world.retry(() => page.getByLabel("From").inputValue(), (date) => assert.match(date, /^\d{5,6}-01-01$/));
  await page.getByRole("heading", { name: "Audit log", level: 1 }).waitFor(world.WAIT);
  await world.close(inbox);
});
