// The administration: connecting a number, and numbers with their health.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());
afterEach(() => world.post("faults", undefined, "DELETE"));

const SECRETS = ["EAAG-second-token", "second-app-secret"];
const openMenu = (page) => page.getByRole("button", { name: "Settings" }).click();
const openManage = (page, ...path) => page.evaluate((hash) => (location.hash = hash), `#/manage/${path.join("/")}`);
const waitForTitle = (page, name) => page.getByRole("heading", { name, level: 1 }).waitFor(world.WAIT);
const step = (page, name) =>
  page.getByRole("list", { name: "Checks" }).getByRole("listitem").filter({ has: page.getByText(name, { exact: true }) });

async function createKey(role, accountIds = null) {
  const { createApiKey } = await world.ask(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { token userErrors { message } } }`,
    { input: { name: "Manage test", role, accountIds } },
  );
  assert.deepEqual(createApiKey.userErrors, []);
  return createApiKey.token;
}

async function listAccounts() {
  const { accounts } = await world.ask(
    "{ accounts { nodes { id name phoneNumberId enabled webhookVerifiedAt lastCheck { checks { ok } } } } }",
  );
  return accounts.nodes;
}

/** Connects a number past the page. */
async function connect(name, phoneNumberId) {
  const input = { name, phoneNumberId, businessAccountId: "102290129340398", accessToken: "EAAG-other" };
  await world.grantNumber(input);
  const { createAccount } = await world.ask(
    `mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } userErrors { message } } }`,
    { input },
  );
  assert.deepEqual(createAccount.userErrors, []);
  return createAccount.account.id;
}

/** Makes Meta refuse the access token of a number until `times` requests were refused. */
const refuseToken = (phoneNumberId, times) =>
  world.post("faults", { kind: "error", code: 190, endpoint: "node", phone_number_id: phoneNumberId, times });

test("administrators manage numbers, and others do not", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await openMenu(page);
  await page.getByRole("menuitem", { name: "Manage" }).click();
  await waitForTitle(page, "Numbers");
  await page.getByRole("row", { name: /Demo shop/ }).getByText("Works").waitFor(world.WAIT);
  await page.getByRole("link", { name: "Back to the inbox" }).click();
  await waitForTitle(page, "Conversations");
  await world.close(inbox);

  const other = await world.openInbox(browser, { key: await createKey("VIEWER") });
  await openMenu(other.page);
  await other.page.getByRole("menuitem", { name: "Sign out" }).waitFor(world.WAIT);
  assert.equal(await other.page.getByRole("menuitem", { name: "Manage" }).count(), 0);
  await other.page.keyboard.press("Escape");
  await openManage(other.page, "numbers");
  await other.page.getByRole("heading", { name: "You don't have access to this page" }).waitFor(world.WAIT);
  assert.equal(await other.page.getByText("Demo shop").count(), 0);
  await world.close(other);
});

test("a second number is connected step by step", async () => {
  const connected = await listAccounts();
  const [colleague, inbox] = [await world.openInbox(browser), await world.openInbox(browser)];
  const { page } = inbox;
  await openManage(page, "numbers");
  await page.getByRole("link", { name: "Connect a number" }).click();
  await waitForTitle(page, "Connect a number");
  const field = (name) => page.getByRole("textbox", { name, exact: true });
  const secret = (name) => page.getByLabel(new RegExp(`^${name}`));

  // Mistakes are named beside their fields, and nothing is created.
  await field("Name").fill("Second shop");
  await field("Phone number ID").fill("+1 555 0100");
  await field("WhatsApp Business Account ID").fill("302290129340398");
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByText("An ID has digits only.").waitFor(world.WAIT);
  const isRefused = async (label, sentence) => {
    await page.getByLabel(new RegExp(`^${label}`)).and(page.locator('[aria-invalid="true"]')).waitFor(world.WAIT);
    await page.getByText(sentence).waitFor(world.WAIT);
  };
  await field("Phone number ID").fill(connected[0].phoneNumberId);
  await secret("Access token").fill(SECRETS[0]);
  await secret("App secret").fill(SECRETS[1]);
  await page.getByRole("button", { name: "Connect" }).click();
  await isRefused("Access token", "WhatsApp does not accept this token");
  const number = { phoneNumberId: "209876543210987", accessToken: SECRETS[0], appSecret: SECRETS[1] };
  await world.grantNumber({ ...number, businessAccountId: "302290129340398" });
  await page.getByRole("button", { name: "Connect" }).click();
  await isRefused("Phone number ID", "The business account does not have this number");
  await field("WhatsApp Business Account ID").fill("419561257915477");
  await page.getByRole("button", { name: "Connect" }).click();
  await isRefused("WhatsApp Business Account ID", "This token can't read the business account");
  assert.equal((await listAccounts()).length, connected.length);

  // It can be left and resumed; secrets are not kept.
  await page.getByRole("link", { name: "Back to the inbox" }).click();
  await page.goBack();
  await waitForTitle(page, "Connect a number");
  await world.hasValue(field("Name"), "Second shop");
  assert.equal(await secret("Access token").inputValue(), "");
  await field("Phone number ID").fill("209876543210987");
  await field("WhatsApp Business Account ID").fill("302290129340398");
  await secret("Access token").fill(SECRETS[0]);
  await secret("App secret").fill(SECRETS[1]);
  await page.getByRole("button", { name: "Connect" }).click();

  // Meta verifies the address while the page waits.
  await page.getByText("Waiting for WhatsApp to verify").waitFor(world.WAIT);
  const [url, token] = [await field("Callback URL").inputValue(), await field("Verify token").inputValue()];
  const shake = (verifyToken) => fetch(`${url}?hub.mode=subscribe&hub.challenge=42&hub.verify_token=${verifyToken}`);
  assert.equal((await shake("wrong-token-of-another")).status, 403);
  assert.equal((await listAccounts())[0].webhookVerifiedAt, null);
  assert.equal(await (await shake(token)).text(), "42");
  await page.getByText("WhatsApp verified the address on").waitFor(world.WAIT);

  // After a reload nothing secret is left, and a new token can be made.
  await page.reload();
  await page.getByText("The verify token was shown when it was generated").waitFor(world.WAIT);
  const content = (await page.content()) + (await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage })));
  for (const kept of [...SECRETS, token]) assert.ok(!content.includes(kept));
  await page.getByRole("button", { name: "Generate a new verify token" }).click();
  await field("Verify token").waitFor(world.WAIT);
  assert.equal((await shake(await field("Verify token").inputValue())).status, 200);
  await page.getByRole("button", { name: "Send messages here" }).click();
  await page.getByText("WhatsApp sends this number's messages here now.").waitFor(world.WAIT);

  await page.getByRole("link", { name: "Continue with the check" }).click();
  await page.getByText("The number is connected").waitFor(world.WAIT);
  await world.hasCount(page.getByRole("img", { name: "Passed" }), 6);

  // Colleagues see it at once, and customers can write to it.
  await colleague.page.getByRole("button", { name: "Order" }).click();
  await colleague.page.getByRole("menuitemradio", { name: "Second shop" }).waitFor(world.WAIT);
  await colleague.page.keyboard.press("Escape");
  await world.say("To the second shop", { from: "16505550177", name: "Sec Ond", phone_number_id: "209876543210987" });
  await colleague.page.getByRole("link", { name: /Sec Ond/ }).waitFor(world.WAIT);
  await world.close(inbox);
  await world.close(colleague);
});

test("failed checks say what to do", async () => {
  const phoneNumberId = "209876543210001";
  const accountId = await connect("Broken shop", phoneNumberId);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await openManage(page, "numbers", accountId);
  await waitForTitle(page, "Broken shop");
  await page.getByRole("img", { name: "Passed" }).nth(5).waitFor(world.WAIT);

  await world.ask(
    `mutation ($id: ID!) { unsubscribeWebhooks(input: { accountId: $id }) { userErrors { message } } }`,
    { id: accountId },
  );
  await page.getByRole("button", { name: "Check now" }).click();
  await step(page, "Webhook subscription").getByRole("img", { name: "Failed" }).waitFor(world.WAIT);
  await page.getByRole("button", { name: "Webhook subscription: Send webhooks here" }).click();
  await step(page, "Webhook subscription").getByRole("img", { name: "Passed" }).waitFor(world.WAIT);

  await refuseToken(phoneNumberId, 1);
  await page.getByRole("button", { name: "Check now" }).click();
  await step(page, "Access token").getByRole("img", { name: "Failed" }).waitFor(world.WAIT);
  await page.getByText("Stopped by WhatsApp").waitFor(world.WAIT);
  // The others were not run.
  await world.hasCount(page.getByRole("img", { name: "Failed" }), 1);
  await page.getByRole("link", { name: "Back to the inbox" }).click();
  await page.getByRole("link", { name: "What to do" }).click();
  await waitForTitle(page, "Broken shop");
  await page.getByRole("button", { name: "Access token: Enter a new token" }).click();
  const dialog = page.getByRole("dialog", { name: "New access token" });
  await dialog.getByLabel(/^Access token/).fill("EAAG-mistyped");
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.getByText("WhatsApp does not accept this token").waitFor(world.WAIT);
  await world.post("numbers", { phone_number_id: phoneNumberId, access_token: "EAAG-renewed" });
  await dialog.getByLabel(/^Access token/).fill("EAAG-renewed");
  await dialog.getByRole("button", { name: "Save" }).click();
  await step(page, "Access token").getByRole("img", { name: "Passed" }).waitFor(world.WAIT);
  await page.getByText("Works").waitFor(world.WAIT);
  await world.close(inbox);
});

test("administrators of some numbers direct the webhooks of theirs only", async () => {
  const accountId = await connect("Branch shop", "209876543210003");
  await world.ask(`mutation ($id: ID!) { unsubscribeWebhooks(input: { accountId: $id }) { userErrors { message } } }`, {
    id: accountId,
  });
  const key = await createKey("ADMIN", [accountId]);
  const inbox = await world.openWindow(browser, `${world.SERVER}/#key=${key}`, { origins: [world.SERVER] });
  await inbox.page.getByText("No conversations yet").waitFor(world.WAIT);
  const { page } = inbox;
  await openManage(page, "numbers", accountId);
  await waitForTitle(page, "Branch shop");
  await page.getByRole("button", { name: "Check now" }).click();
  await page.getByRole("button", { name: "Webhook subscription: Send webhooks here" }).click();
  await step(page, "Webhook subscription").getByRole("img", { name: "Passed" }).waitFor(world.WAIT);
  await world.close(inbox);
});

test("a number is renamed, disabled, enabled and deleted", async () => {
  const accountId = await connect("Old shop", "209876543210002");
  const find = async () => (await listAccounts()).find(({ id }) => id === accountId);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await openManage(page, "numbers", accountId);
  const field = page.getByRole("textbox", { name: "Name", exact: true });
  await field.fill("");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Fill in this field.").waitFor(world.WAIT);
  assert.equal((await find()).name, "Old shop");
  await field.fill("New shop");
  await page.getByRole("button", { name: "Save" }).click();
  await waitForTitle(page, "New shop");

  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await page.getByText("This number is disabled").waitFor(world.WAIT);
  assert.equal((await find()).enabled, false);
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("button", { name: "Disable" }).waitFor(world.WAIT);
  assert.equal((await find()).enabled, true);

  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete this number?" });
  await dialog.getByText("all its contacts and conversations").waitFor(world.WAIT);
  await world.until(() => dialog.getByRole("button", { name: "Delete" }).isDisabled());
  await dialog.getByRole("textbox").fill("New shop");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await waitForTitle(page, "Numbers");
  await page.getByRole("row", { name: /Demo shop/ }).waitFor(world.WAIT);
  await page.getByRole("row", { name: /New shop/ }).waitFor(world.GONE);
  assert.equal(await find(), undefined);
  await world.close(inbox);
});

test("a colleague's change keeps what is typed, and the focus stays after saving", async () => {
  const accountId = await connect("Old name", "209876543210009");
  const rename = (name) =>
    world.ask("mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) { userErrors { message } } }", {
      input: { accountId, name },
    });
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await openManage(page, "numbers", accountId);
  const field = page.getByRole("textbox", { name: "Name", exact: true });
  const save = page.getByRole("button", { name: "Save" });
  await field.fill("My name");
  await rename("Name of a colleague");
  await page.getByRole("button", { name: "Check now" }).click();
  await waitForTitle(page, "Name of a colleague");
  await world.hasValue(field, "My name");
  await save.focus();
  await page.keyboard.press("Enter");
  await waitForTitle(page, "My name");
  await page.getByText("Saved").first().waitFor(world.WAIT);
  await world.hasFocus(save);

  await rename("Later name");
  await page.getByRole("button", { name: "Check now" }).click();
  await waitForTitle(page, "Later name");
  await world.hasValue(field, "Later name");
  await world.close(inbox);
});

test("the inbox shows all numbers after the chosen one was deleted", async () => {
  const accountId = await connect("Pop-up shop", "209876543210004");
  await world.say("Are you open?", { from: "16505557993", name: "Olga Open" });
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.getByRole("button", { name: "Order" }).click();
  await page.getByRole("menuitemradio", { name: "Pop-up shop" }).click();
  const row = page.getByRole("list", { name: "Conversations" }).getByRole("link", { name: "Olga Open" });
  await row.waitFor({ ...world.WAIT, state: "detached" });
  await world.ask(`mutation ($id: ID!) { deleteAccount(input: { accountId: $id }) { userErrors { message } } }`, { id: accountId });
  await row.waitFor(world.WAIT);
  await page.reload();
  await row.waitFor(world.WAIT);
  await world.close(inbox);
});

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault at ${width} pixels in both themes`, async () => {
    const inbox = await world.openInbox(browser, { width });
    const { page } = inbox;
    const check = async (name) => {
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await world.capture(page, `manage-${name}-${theme}-${width}`);
        await world.checkAccess(page, `${name} ${theme}`);
      }
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name);
    };
    await openManage(page, "numbers");
    await page.getByRole("row", { name: /Demo shop/ }).waitFor(world.WAIT);
    await check("numbers");
    await openManage(page, "numbers", "new");
    await page.getByRole("button", { name: "Connect" }).click();
    await page.getByText("Fill in this field.").first().waitFor(world.WAIT);
    await check("connect");
    const [{ id }] = (await listAccounts()).slice(-1);
    await openManage(page, "numbers", id, "connect");
    await page.getByText("Waiting for WhatsApp to verify").waitFor(world.WAIT);
    await check("webhook");
    await openManage(page, "numbers", id);
    await page.getByRole("img", { name: "Passed" }).nth(5).waitFor(world.WAIT);
    await page.getByRole("region", { name: "Reported by WhatsApp" }).waitFor(world.WAIT);
    await check("number");
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").waitFor(world.WAIT);
    await check("delete");
    await world.close(inbox);
  });
}

test("an inbox without numbers leads administrators to the wizard", async () => {
  const inbox = await world.openInbox(browser);
  const agent = await world.openInbox(browser, { key: await createKey("AGENT") });
  for (const { id } of await listAccounts()) {
    await world.ask(`mutation ($id: ID!) { deleteAccount(input: { accountId: $id }) { userErrors { message } } }`, { id });
  }
  await agent.page.getByText("An administrator connects your WhatsApp number").waitFor(world.WAIT);
  assert.equal(await agent.page.getByRole("link", { name: "Connect a number" }).count(), 0);
  await inbox.page.getByRole("heading", { name: "No number is connected" }).waitFor(world.WAIT);
  await inbox.page.getByRole("link", { name: "Connect a number" }).click();
  await waitForTitle(inbox.page, "Connect a number");
  await world.close(agent);
  await world.close(inbox);
});
