// The main job of an agent: a message comes in, is answered, and the conversation is closed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const CUSTOMER = { from: "16505557701", name: "Nora Berg" };
const button = (page, name) => page.getByRole("button", { name, exact: true });
const countOf = (page, filter) =>
  page.locator(`[data-filter="${filter}"] span`).textContent().then(Number);

test("an agent answers a customer and closes the conversation", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  assert.equal(await page.evaluate(() => location.hash), "");
  await page.waitForFunction(() => /^\(\d+\) /.test(document.title), null, world.WAIT);
  const unassigned = await countOf(page, "unassigned");

  // Live: nothing is reloaded.
  await world.say("Is my parcel on its way?", CUSTOMER);
  const row = page.getByRole("link", { name: /Nora Berg/ });
  await row.filter({ hasText: "Is my parcel on its way?" }).filter({ hasText: "1 unread message" }).waitFor(world.WAIT);
  await page.waitForFunction(
    (expected) => document.querySelector('[data-filter="unassigned"] span').textContent === String(expected),
    unassigned + 1,
    world.WAIT,
  );

  await row.click();
  await world.findMessage(page, "Is my parcel on its way?").waitFor(world.WAIT);
  // It is read once it is in view.
  await row.filter({ hasText: "1 unread message" }).waitFor({ ...world.WAIT, state: "detached" });
  await button(page, "Assign to me").click();
  await page.getByRole("button", { name: "Assign: You" }).waitFor(world.WAIT);
  await world.timeline(page).getByText("You took the conversation").waitFor(world.WAIT);

  await page.getByRole("combobox", { name: "Reply" }).fill("Yes, it comes *today*.");
  await page.keyboard.press("Enter");
  const answer = world.findMessage(page, "Yes, it comes today.");
  await answer.locator("strong", { hasText: "today" }).waitFor(world.WAIT);
  await answer.locator('[data-status="READ"]').waitFor(world.WAIT);

  await button(page, "Note").click();
  await page.getByRole("combobox", { name: "Note" }).fill("Parcel 1001, asked twice.");
  await button(page, "Add the note").click();
  await world.findMessage(page, "Parcel 1001, asked twice.").waitFor(world.WAIT);

  await button(page, "Close").click();
  await button(page, "Reopen").waitFor(world.WAIT);
  await world.timeline(page).getByText("You closed the conversation").waitFor(world.WAIT);
  // It leaves the list of open conversations, and is in that of closed ones.
  await row.waitFor({ ...world.WAIT, state: "detached" });
  await page.getByRole("button", { name: /^Closed/ }).click();
  await row.waitFor(world.WAIT);

  const { conversations } = await world.ask(
    `{ conversations(filter: { statuses: [CLOSED] }) { nodes {
      contact { profileName } assignee { id } timeline { nodes { __typename ... on Note { body } } } } } }`,
  );
  const closed = conversations.nodes.find(({ contact }) => contact.profileName === CUSTOMER.name);
  assert.ok(closed.assignee);
  assert.deepEqual(closed.timeline.nodes.map(({ __typename }) => __typename), [
    "ConversationChange", "Note", "Message", "ConversationChange", "Message",
  ]);
  await world.close(inbox);
});

test("two agents see each other's work, and one claim wins", async () => {
  const { createApiKey } = await world.ask(
    `mutation { createApiKey(input: { name: "Carla Ruiz", role: AGENT }) { token userErrors { code } } }`,
  );
  const customer = { from: "16505557702", name: "Omar Faruk" };
  await world.say("Who helps me?", customer);
  const windows = [await world.openInbox(browser), await world.openInbox(browser, { key: createApiKey.token })];
  const [own, other] = windows.map(({ page }) => page);
  for (const page of [own, other]) {
    await world.openConversation(page, customer.name);
    await button(page, "Assign to me").waitFor(world.WAIT);
  }
  await own.getByRole("status").filter({ hasText: "Carla Ruiz also viewing" }).waitFor(world.WAIT);

  await Promise.all([own, other].map((page) => button(page, "Assign to me").click().catch(() => {})));
  const readAssignees = () =>
    Promise.all([own, other].map((page) => page.getByRole("button", { name: /^Assign: / }).textContent()));
  // Until the server answers, a page may show its own claim.
  await world.retry(readAssignees, ([ownSees, otherSees]) =>
    assert.equal(ownSees === "You", otherSees !== "You", `${ownSees} ${otherSees}`),
  );

  await other.getByRole("combobox", { name: "Reply" }).fill("I do!");
  await own.getByRole("status").filter({ hasText: "Carla Ruiz typing" }).waitFor(world.WAIT);
  await other.keyboard.press("Enter");
  await world.findMessage(own, "I do!").filter({ hasText: "Carla Ruiz" }).waitFor(world.WAIT);
  for (const inbox of windows) await world.close(inbox);
});

test("a message that failed is explained, and sent again", async () => {
  const customer = { from: "16505557704", name: "Uwe Fehl" };
  await world.say("Can you hear me?", customer);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, customer.name);
  await world.post("faults", { kind: "error", code: 131026, to: customer.from });
  await page.getByRole("combobox", { name: "Reply" }).fill("Loud and clear");
  await page.keyboard.press("Enter");
  const failed = world.findMessage(page, "Loud and clear").filter({ hasText: "Not delivered: " });
  await failed.locator('[data-status="FAILED"]').waitFor(world.WAIT);
  await failed.getByRole("button", { name: "Send again" }).click();
  await world.findMessage(page, "Loud and clear").locator('[data-status="READ"]').waitFor(world.WAIT);
  await world.close(inbox);
});

test("a contact is renamed and tagged, in Spanish", async () => {
  await world.say("Hola", { from: "16505557705", name: "Inés" });
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitemradio", { name: "Español" }).click();
  await page.getByRole("heading", { name: "Conversaciones" }).waitFor(world.WAIT);
  await page.getByRole("link", { name: /Inés/ }).click();
  const panel = page.getByRole("complementary", { name: "Contacto" });
  await panel.getByRole("button", { name: "Cambiar el nombre" }).click();
  await panel.getByRole("textbox", { name: "Nombre" }).fill("Inés Ferrer");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: /Inés Ferrer/ }).waitFor(world.WAIT);
  const tags = panel.getByRole("region", { name: "Etiquetas de la conversación" });
  await tags.getByRole("textbox").fill("vip");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: /#vip/ }).waitFor(world.WAIT);
  await page.getByRole("log").getByText("Cambiaste las etiquetas: +vip").waitFor(world.WAIT);
  await tags.getByRole("button", { name: "Quitar vip" }).click();
  await page.getByRole("link", { name: /#vip/ }).waitFor({ ...world.WAIT, state: "detached" });
  assert.equal(await page.evaluate(() => document.documentElement.lang), "es");
  await world.close(inbox);
});

test("a photo with a caption, a template, a quick reply and a reaction are sent", async () => {
  const { accounts } = await world.ask("{ accounts { nodes { id } } }");
  const accountId = accounts.nodes[0].id;
  await world.ask(`mutation ($accountId: ID!) {
    createQuickReply(input: { accountId: $accountId, shortcut: "hours", text: "We are open from 9 to 6." }) { userErrors { code message } }
  }`, { accountId });
  await world.ask(`mutation ($accountId: ID!) { syncTemplates(input: { accountId: $accountId }) { userErrors { code } } }`, { accountId });
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.say("Show me the shop", { from: "16505557703", name: "Piet Maas" });
  await world.openConversation(page, "Piet Maas");

  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button(page, "Attach files").click()]);
  await chooser.setFiles(world.PICTURE);
  await page.getByRole("combobox", { name: "Reply" }).fill("Our new shop");
  await button(page, "Send").click();
  const photo = world.findMessage(page, "Our new shop");
  await photo.locator('[data-status="READ"]').waitFor(world.WAIT);
  await photo.getByRole("img", { name: "Photo" }).evaluate((image) => image.decode());

  await page.getByRole("combobox", { name: "Reply" }).fill("/ho");
  await page.getByRole("option", { name: /hours/ }).waitFor(world.WAIT);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await world.findMessage(page, "We are open from 9 to 6.").waitFor(world.WAIT);

  await button(page, "Send a template").click();
  const dialog = page.getByRole("dialog", { name: "Send a template" });
  await dialog.getByRole("searchbox").fill("order");
  // Also while the search is on its way.
  await dialog.getByRole("list").getByRole("button", { name: /order_shipped/ }).first().click();
  await world.fillAll(dialog.getByRole("textbox"), "A-1001");
  await world.capture(page, "template");
  await dialog.getByRole("region", { name: "Preview" }).getByText("A-1001").first().waitFor(world.WAIT);
  await button(page, "Send the template").click();
  await world.findMessage(page, "A-1001").locator('[data-status="READ"]').waitFor(world.WAIT);

  const question = world.findMessage(page, "Show me the shop");
  await question.hover();
  await question.getByRole("button", { name: "Message actions" }).click();
  await page.getByRole("menuitem", { name: "React with 👍" }).click();
  await question.getByRole("listitem").filter({ hasText: "👍" }).waitFor(world.WAIT);
  await question.getByRole("button", { name: "Message actions" }).click();
  await page.getByRole("menuitem", { name: "Reply" }).click();
  await page.getByRole("combobox", { name: "Reply" }).fill("Here it is");
  await page.keyboard.press("Enter");
  const reply = world.findMessage(page, "Here it is");
  await reply.getByRole("button", { name: /Show me the shop/ }).waitFor(world.WAIT);
  await world.close(inbox);
});
