// The contact panel: what is known of a customer, and what can be done with the contact.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { check } from "./administration.mjs";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const findPanel = (page) => page.getByRole("complementary", { name: "Contact" });
const button = (place, name) => place.getByRole("button", { name, exact: true });

async function makeKey(role, name) {
  const { createApiKey } = await world.ask(
    `mutation ($role: Role!, $name: String!) { createApiKey(input: { name: $name, role: $role }) { token userErrors { code } } }`,
    { role, name },
  );
  return createApiKey.token;
}

async function findContact(search) {
  const { contacts } = await world.ask(
    `query ($search: String) { contacts(search: $search) { nodes {
      id attributes blocked marketingOptOut phoneNumber businessScopedUserId user { id name email externalId }
      conversation { id messages { nodes { text } } } } } }`,
    { search },
  );
  return contacts.nodes[0];
}

test("attributes are added, changed and removed, and marketing is switched off", async () => {
  await world.say("Hello", { from: "16505554401", name: "Tessa Quinn" });
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, "Tessa Quinn");
  const attributes = findPanel(page).getByRole("region", { name: "Attributes" });
  await button(attributes, "Add an attribute").click();
  await attributes.getByLabel("Name of the attribute").fill("plan");
  await attributes.getByLabel("Value").fill("gold");
  await page.keyboard.press("Enter");
  await attributes.getByText("gold").waitFor(world.WAIT);

  // A colleague's change in between is kept.
  const { id } = await findContact("Tessa");
  await world.ask(
    `mutation ($id: ID!) { updateContact(input: { contactId: $id, attributes: { plan: "gold", visits: 3 } }) { userErrors { code } } }`,
    { id },
  );
  await attributes.getByText("3", { exact: true }).waitFor(world.WAIT);
  await button(attributes, "Change visits").click();
  await attributes.getByLabel("visits").fill("4");
  await button(attributes, "Save").click();
  await attributes.getByText("4", { exact: true }).waitFor(world.WAIT);
  await world.becomes(async () => (await findContact("Tessa")).attributes, { plan: "gold", visits: 4 });
  await button(attributes, "Remove plan").click();
  await attributes.getByText("gold").waitFor(world.GONE);

  await findPanel(page).getByRole("switch", { name: "Marketing messages" }).click();
  await findPanel(page).getByText("No marketing messages").waitFor(world.WAIT);
  const readContact = async () => {
    const { attributes: left, marketingOptOut } = await findContact("Tessa");
    return [left, marketingOptOut];
  };
  await world.becomes(readContact, [{ visits: 4 }, true]);
  await world.close(inbox);
});

test("a contact is blocked after a confirmation, and a refusal is explained", async () => {
  const customer = { from: "16505554402", name: "Ruth Block" };
  await world.say("Buy my pills", customer);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, customer.name);
  const panel = findPanel(page);
  await button(panel, "Block").click();
  const dialog = page.getByRole("dialog", { name: "Block Ruth Block?" });
  await button(dialog, "Cancel").click();
  assert.equal((await findContact("Ruth")).blocked, false);

  await world.post("faults", { kind: "error", code: 139103, endpoint: "block_users" });
  await button(panel, "Block").click();
  await button(dialog, "Block").click();
  await dialog.getByRole("alert").filter({ hasText: "try again in a moment" }).waitFor(world.WAIT);
  assert.equal((await findContact("Ruth")).blocked, false);
  await button(dialog, "Block").click();
  await panel.getByText("Blocked", { exact: true }).waitFor(world.WAIT);
  assert.equal((await findContact("Ruth")).blocked, true);

  await button(panel, "Unblock").click();
  await button(page.getByRole("dialog", { name: "Unblock Ruth Block?" }), "Unblock").click();
  await panel.getByText("Blocked", { exact: true }).waitFor(world.GONE);
  assert.equal((await findContact("Ruth")).blocked, false);
  await world.close(inbox);
});

test("two contacts of one person are merged into the one that is kept", async () => {
  const [from, user_id, name] = ["16505554403", "US.40000000000000000003", "Dora Double"];
  const text = { from, id: "wamid.byphone", timestamp: "1700000000", type: "text", text: { body: "By phone" } };
  await report({ contacts: [{ profile: { name }, wa_id: from }], messages: [text] });
  await world.say("By user name", { user_id, name });
  // WhatsApp says that both are one.
  const status = { id: "wamid.unknown", status: "sent", timestamp: "1700000001", recipient_id: from, recipient_user_id: user_id };
  await report({ contacts: [], statuses: [status] });
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.getByRole("link", { name }).filter({ hasText: "By user name" }).click();
  const panel = findPanel(page);
  await panel.getByText(`Dora Double (+${from}) is probably the same person.`).waitFor(world.WAIT);
  await button(panel, "Compare and merge").click();
  const dialog = page.getByRole("dialog", { name: "Merge contacts" });
  // The other one is kept: the page goes there.
  await dialog.getByRole("radio", { name: new RegExp(`\\+${from}`) }).check();
  await dialog.getByText(`Dora Double (${user_id}) is merged into Dora Double (+${from})`).waitFor(world.WAIT);
  await world.capture(page, "merge");
  await world.checkAccess(page, "merge");
  await button(dialog, "Merge").click();
  await world.findMessage(page, "By phone").waitFor(world.WAIT);
  await world.findMessage(page, "By user name").waitFor(world.WAIT);
  await panel.getByText("probably the same person").waitFor(world.GONE);
  await panel.getByText(user_id).waitFor(world.WAIT);
  await world.hasCount(page.getByRole("link", { name }), 1);
  const { businessScopedUserId, phoneNumber } = await findContact("Dora");
  assert.deepEqual([businessScopedUserId, phoneNumber], [user_id, `+${from}`]);
  await world.close(inbox);
});

for (const width of [1440, 390]) {
  test(`a very long name leaves room for the rest, and can be read at ${width} pixels`, async () => {
    const name = `Wilhelmina ${"von und zu Hohenstein ".repeat(23)}`.slice(0, 500).trim();
    await world.say("Short question", { from: `165055544${width}`, name });
    const inbox = await world.openInbox(browser, { width });
    const { page } = inbox;
    await page.getByRole("link", { name: /Wilhelmina/ }).first().click();
    if (width < 500) await page.getByRole("button", { name: "Contact" }).click();
    const panel = findPanel(page);
    const shown = panel.getByText(name).first();
    await shown.waitFor(world.WAIT);
    const hasHeight = (isRight) =>
      world.retry(() => shown.boundingBox(), ({ height }) => assert.ok(isRight(height), String(height)));
    await hasHeight((height) => height < 90);
    await check(page, `long-name-${width}`);
    await button(panel, "Show all").first().click();
    await hasHeight((height) => height > 150);
    await check(page, `long-name-open-${width}`);
    await button(panel, "Show less").click();
    await hasHeight((height) => height < 90);
    await world.close(inbox);
  });
}

/** Sends a webhook as WhatsApp does, without what the sandbox's customers add. */
const report = (value) => {
  const metadata = { display_phone_number: "15550783881", phone_number_id: "106540352242922" };
  const changes = [{ field: "messages", value: { messaging_product: "whatsapp", metadata, ...value } }];
  return world.post("webhook", { body: { object: "whatsapp_business_account", entry: [{ id: "419561257915477", changes }] } });
};

test("a person is created, changed, unlinked and linked again", async () => {
  const customer = { from: "16505554404", name: "Petra Lund" };
  await world.say("It's me", customer);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, customer.name);
  const person = findPanel(page).getByRole("region", { name: "Person" });
  await button(person, "Change the person").click();
  const change = page.getByRole("dialog", { name: "Change the person" });
  await change.getByLabel("Email").fill("petra");
  await button(change, "Save").click();
  await change.getByRole("alert").waitFor(world.WAIT);
  await change.getByLabel("Email").fill("petra@example.com");
  await change.getByLabel("ID in your system").fill("C-77");
  await button(change, "Save").click();
  await person.getByText("petra@example.com").waitFor(world.WAIT);
  assert.equal((await findContact("Petra")).user.externalId, "C-77");

  await button(person, "Remove the link").click();
  await button(page.getByRole("dialog", { name: /Remove the link to/ }), "Remove the link").click();
  await button(person, "Link a person").click();
  const link = page.getByRole("dialog", { name: "Link a person" });
  await link.getByRole("searchbox").fill("Nobody Else");
  await link.getByText("No person found").waitFor(world.WAIT);
  await button(link, "Create a person").click();
  const create = page.getByRole("dialog", { name: "Create a person" });
  // The number belongs to the first one, who is offered instead.
  await button(create, "Create and link").click();
  await button(create, "Link Petra Lund instead").click();
  await person.getByText("petra@example.com").waitFor(world.WAIT);
  const { users } = await world.ask(`{ users(search: "Nobody") { nodes { id } } }`);
  assert.equal(users.nodes.length, 0);
  await world.close(inbox);
});

test("a person's conversations with other numbers are one click away", async () => {
  const account = { name: "Repairs", phoneNumberId: "106540352242933", businessAccountId: "419561257915477", accessToken: "sandbox-access-token" };
  await world.grantNumber(account);
  const { createAccount } = await world.ask(
    `mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } userErrors { message } } }`,
    { input: account },
  );
  assert.deepEqual(createAccount.userErrors, []);
  const customer = { from: "16505554406", name: "Mona Zwei" };
  await world.say("To the shop", customer);
  await world.say({ type: "text", text: "To the workshop", phone_number_id: account.phoneNumberId }, customer);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.getByRole("link", { name: customer.name }).filter({ hasText: "To the shop" }).click();
  await world.findMessage(page, "To the shop").waitFor(world.WAIT);
  await findPanel(page).getByRole("link", { name: /Repairs/ }).click();
  await world.findMessage(page, "To the workshop").waitFor(world.WAIT);
  await findPanel(page).getByRole("link", { name: /Demo shop/ }).waitFor(world.WAIT);
  await world.capture(page, "other-conversations");
  await world.close(inbox);
});

test("a contact is erased only by an admin who types its name", async () => {
  const customer = { from: "16505554405", name: "Ernst Weg" };
  await world.say("Forget me", customer);
  const colleague = await world.openInbox(browser, { key: await makeKey("AGENT", "Ines Rey") });
  await world.openConversation(colleague.page, customer.name);
  await button(findPanel(colleague.page), "Block").waitFor(world.WAIT);
  assert.equal(await button(findPanel(colleague.page), "Erase").count(), 0);

  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, customer.name);
  await button(findPanel(page), "Erase").click();
  const dialog = page.getByRole("dialog", { name: "Erase Ernst Weg?" });
  const erase = button(dialog, "Erase permanently");
  await dialog.getByRole("textbox").fill("Ernst");
  assert.equal(await erase.isEnabled(), false);
  await page.keyboard.press("Enter");
  assert.ok(await findContact("Ernst"));
  await dialog.getByRole("textbox").fill("ernst weg");
  await erase.click();
  await page.getByRole("link", { name: customer.name }).waitFor(world.GONE);
  await page.getByText("Choose a conversation").waitFor(world.WAIT);
  assert.equal(await findContact("Ernst"), undefined);
  // The colleague's page says it, too.
  await colleague.page.getByText("This conversation does not exist").waitFor(world.WAIT);
  await world.close(inbox);
  await world.close(colleague);
});

test("a viewer sees the contact and changes nothing", async () => {
  await world.ask(`mutation ($id: ID!) { updateContact(input: { contactId: $id, attributes: { tier: "silver" } }) { userErrors { code } } }`, {
    id: (await findContact("Sheena")).id,
  });
  const inbox = await world.openInbox(browser, { key: await makeKey("VIEWER", "Vera Look") });
  const { page } = inbox;
  await world.openConversation(page, "Sheena Nelson");
  const panel = findPanel(page);
  await panel.getByText("silver").waitFor(world.WAIT);
  await panel.getByText("+16505551234").first().waitFor(world.WAIT);
  const readOffered = async () => {
    const offered = await panel.getByRole("button").evaluateAll((buttons) => buttons.map((each) => each.ariaLabel ?? each.textContent));
    // The photos may be loaded by now.
    return offered.filter((name) => !name.startsWith("Photo, "));
  };
  await world.becomes(readOffered, ["Hide the contact", "Show all"]);
  assert.equal(await panel.getByRole("switch").count(), 0);
  await world.close(inbox);
});

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault in the contact at ${width} pixels`, async () => {
    const inbox = await world.openInbox(browser, { width });
    const { page } = inbox;
    const check = async (name) => {
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await world.capture(page, `${name}-${theme}-${width}`);
        await world.checkAccess(page, `${name} ${theme}`);
      }
    };
    await world.openConversation(page, "Sheena Nelson");
    if (width < 500) await page.getByRole("button", { name: "Contact" }).click();
    const panel = findPanel(page);
    await panel.getByText("silver").waitFor(world.WAIT);
    await check("contact");
    await button(panel, "Erase").scrollIntoViewIfNeeded();
    await check("contact-end");
    for (const [action, title] of [["Merge with another contact", "Merge contacts"], ["Erase", /Erase/]]) {
      await button(panel, action).click();
      const dialog = page.getByRole("dialog", { name: title });
      await dialog.waitFor(world.WAIT);
      await check(action);
      await page.keyboard.press("Escape");
      await dialog.waitFor(world.GONE);
    }
    await button(panel, "Change the person").click();
    await page.getByRole("dialog", { name: "Change the person" }).waitFor(world.WAIT);
    await check("person");
    await world.close(inbox);
  });
}
