// Notifications and sound for new messages: asked for, for the right conversations, in one tab.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

/** Records what the page announces; the notifications are real. */
function record() {
  window.announced = [];
  window.tones = 0;
  window.Notification = class extends Notification {
    constructor(title, options) {
      super(title, options);
      window.announced.push(this);
    }
  };
  const createOscillator = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    window.tones += 1;
    return createOscillator.call(this);
  };
}

async function openRecorded({ isAllowed = true } = {}) {
  const inbox = await world.openInbox(browser);
  const context = inbox.page.context();
  if (isAllowed) await context.grantPermissions(["notifications"]);
  await context.addInitScript(record);
  await inbox.page.reload();
  // What is in the first list is not announced.
  await inbox.page.getByRole("list", { name: "Conversations" }).getByRole("link").first().waitFor(world.WAIT);
  return inbox;
}

const toggle = async (page, ...names) => {
  await page.getByRole("button", { name: "Settings" }).focus();
  await page.keyboard.press("Enter");
  for (const name of names) {
    await page.getByRole("menuitemcheckbox", { name }).focus();
    await page.keyboard.press("Enter");
  }
};
const isOn = (page, name, isExpected) =>
  world.becomes(() => page.getByRole("menuitemcheckbox", { name }).getAttribute("aria-checked"), String(isExpected));
const readAnnounced = (page) => page.evaluate(() => window.announced.map(({ title, body }) => [title, body]));
const waitForCount = (page, count) => page.waitForFunction((n) => window.announced.length === n, count, world.WAIT);
const customer = (number, name) => ({ from: `1650555330${number}`, name });

test("the page asks only when told to, and explains a refusal", async () => {
  const inbox = await openRecorded({ isAllowed: false });
  const { page } = inbox;
  await toggle(page, "Notify me");
  await page.getByText("The browser does not allow notifications.").waitFor(world.WAIT);
  await isOn(page, "Notify me", false);
  assert.equal(await page.getByRole("menuitemcheckbox", { name: "Hide the message text" }).getAttribute("aria-disabled"), "true");
  await page.keyboard.press("Escape");
  await world.say("Is nobody there?", customer(1, "Una Asked"));
  await page.getByRole("link", { name: /Una Asked/ }).waitFor(world.WAIT);
  await page.waitForTimeout(1_000);
  assert.deepEqual(await readAnnounced(page), []);
  await world.close(inbox);
});

test("a new message is announced, and a click opens its conversation", async () => {
  const inbox = await openRecorded();
  const { page } = inbox;
  await toggle(page, "Notify me", "Play a sound");
  await page.waitForFunction(() => window.tones === 2, null, world.WAIT);
  await page.keyboard.press("Escape");
  // Remembered.
  await page.reload();
  await page.getByRole("link", { name: /^Sheena Nelson/ }).click();
  await world.say("Is it *ready*?", customer(2, "Nott Ified"));
  await waitForCount(page, 1);
  assert.deepEqual(await readAnnounced(page), [["Nott Ified", "Is it ready?"]]);
  await page.waitForFunction(() => window.tones === 2, null, world.WAIT);
  await page.evaluate(() => window.announced[0].onclick());
  await page.getByRole("heading", { name: "Nott Ified", level: 2 }).first().waitFor(world.WAIT);
  await world.findMessage(page, "Is it ready?").waitFor(world.WAIT);

  // The conversation in view is not announced.
  await world.say("Hello again", customer(2, "Nott Ified"));
  await world.findMessage(page, "Hello again").waitFor(world.WAIT);

  await toggle(page, "Hide the message text");
  await page.keyboard.press("Escape");
  await world.say("My secret", customer(3, "Pru Vacy"));
  await waitForCount(page, 2);
  assert.deepEqual((await readAnnounced(page))[1], ["Pru Vacy", "1 new message"]);
  await world.close(inbox);
});

/** Returns the id of the customer's conversation, once their first message has made it. */
const findConversation = (name) =>
  world.until(async () => {
    const { contacts } = await world.ask(
      `query ($name: String!) { contacts(search: $name, first: 1) { nodes { conversation { id } } } }`, { name },
    );
    return contacts.nodes[0]?.conversation?.id;
  });

test("conversations of colleagues are not announced, and one's own are", async () => {
  const { createApiKey } = await world.ask(
    `mutation { createApiKey(input: { name: "Colin League", role: AGENT }) { apiKey { agent { id } } userErrors { code } } }`,
  );
  const { viewer } = await world.ask("{ viewer { agent { id } } }");
  const assign = async (name, assigneeId) => {
    const id = await findConversation(name);
    const { assignConversation } = await world.ask(
      `mutation ($id: ID!, $assigneeId: ID!) { assignConversation(input: { conversationId: $id, assigneeId: $assigneeId }) { userErrors { code } } }`,
      { id, assigneeId },
    );
    assert.deepEqual(assignConversation.userErrors, []);
  };
  for (const each of [customer(4, "Theo Irs"), customer(5, "Mina Own")]) await world.say("First", each);
  await assign("Theo", createApiKey.apiKey.agent.id);
  await assign("Mina", viewer.agent.id);
  const inbox = await openRecorded();
  const { page } = inbox;
  await toggle(page, "Notify me");
  await page.keyboard.press("Escape");
  await world.say("For Colin", customer(4, "Theo Irs"));
  await world.say("For me", customer(5, "Mina Own"));
  await waitForCount(page, 1);
  await page.waitForTimeout(1_000);
  assert.deepEqual(await readAnnounced(page), [["Mina Own", "For me"]]);
  await world.close(inbox);
});

test("of several tabs one announces, and none if one shows the conversation", async () => {
  const inbox = await openRecorded();
  const { page } = inbox;
  await toggle(page, "Notify me");
  await page.keyboard.press("Escape");
  const other = await page.context().newPage();
  await other.goto(`${world.SERVER}/#key=${world.KEY}`);
  await other.getByRole("list", { name: "Conversations" }).getByRole("link").first().waitFor(world.WAIT);
  const count = async () => (await readAnnounced(page)).length + (await readAnnounced(other)).length;
  const visitor = customer(6, "Tabea Two");
  await world.say("Once, please", visitor);
  for (const tab of [page, other]) await tab.getByRole("link", { name: /Tabea Two/ }).waitFor(world.WAIT);
  await world.becomes(count, 1);
  await page.waitForTimeout(1_000);
  assert.equal(await count(), 1);

  await other.getByRole("link", { name: /Tabea Two/ }).click();
  await world.findMessage(other, "Once, please").waitFor(world.WAIT);
  await world.say("And now not", visitor);
  await world.findMessage(other, "And now not").waitFor(world.WAIT);
  await page.waitForTimeout(1_000);
  assert.equal(await count(), 1);

  // Each tab follows the settings of the others.
  await toggle(other, "Notify me");
  await other.keyboard.press("Escape");
  await toggle(page);
  await isOn(page, "Notify me", false);
  await page.keyboard.press("Escape");
  await world.say("Silence", customer(7, "Sy Lent"));
  for (const tab of [page, other]) await tab.getByRole("link", { name: /Sy Lent/ }).waitFor(world.WAIT);
  await page.waitForTimeout(1_000);
  assert.equal(await count(), 1);
  await world.close(inbox);
});

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault in the settings at ${width} pixels`, async () => {
    const inbox = await world.openInbox(browser, { width });
    const { page } = inbox;
    await page.context().grantPermissions(["notifications"]);
    await toggle(page, "Notify me", "Play a sound");
    await isOn(page, "Notify me", true);
    for (const theme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: theme });
      await world.capture(page, `notifications-${theme}-${width}`);
      await world.checkAccess(page, `notifications ${theme}`);
    }
    await world.close(inbox);
  });
}
