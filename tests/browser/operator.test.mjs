// The sign-in with credentials that are valid, but read no messages.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { button, field, listSent, openChat, push } from "./inbox/composing.mjs";
import * as world from "./inbox/world.mjs";

const { OPERATOR_KEY, TENANT_KEY, WORKSPACE_ID } = process.env;
const suspend = `mutation ($id: ID!) { suspendWorkspace(input: { workspaceId: $id }) { userErrors { message } } }`;

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const waitForAlert = (page, text) => page.getByRole("alert").filter({ hasText: text }).waitFor(world.WAIT);

test("the key of an operator reads no messages", async () => {
  const inbox = await world.openInbox(browser, { key: null });
  const { page, complaints } = inbox;
  await page.getByLabel("API key or token").fill(OPERATOR_KEY);
  await page.keyboard.press("Enter");
  await waitForAlert(page, "This key manages workspaces and reads no messages.");
  complaints.splice(0);
  await world.close(inbox);
});

test("the link of an operator leads to the sign-in", async () => {
  for (const [locale, text] of [["en", "reads no messages"], ["es", "no lee mensajes"]]) {
    const inbox = await world.openInbox(browser, { key: null, locale });
    await inbox.page.goto(`${process.env.WAGRAPH_URL}/?again#key=${OPERATOR_KEY}`);
    await waitForAlert(inbox.page, text);
    assert.equal(await inbox.page.evaluate(() => sessionStorage.length), 0);
    inbox.complaints.splice(0);
    await world.close(inbox);
  }
});

test("a full storage refuses files and says so", async () => {
  const { customer, ...inbox } = await openChat(browser, "Stora Gefull");
  const { page } = inbox;
  const readUsage = async () => (await world.ask("{ viewer { workspace { id usage { storedBytes { limit } } } } }")).viewer.workspace;
  const { id } = await readUsage();
  const limit = async (storedBytes) => {
    const input = { workspaceId: id, quotas: { storedBytes } };
    await world.ask("mutation ($input: UpdateWorkspaceInput!) { updateWorkspace(input: $input) { userErrors { code } } }", { input }, OPERATOR_KEY);
    await world.becomes(async () => (await readUsage()).usage.storedBytes.limit, storedBytes);
  };
  await limit(1);
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), push(button(page, "Attach files"))]);
  await chooser.setFiles([world.PICTURE]);
  await field(page).press("Enter");
  await page.getByText(/The storage of your workspace is full/).first().waitFor(world.WAIT);
  assert.deepEqual(await listSent(customer, "text"), []);
  await limit(null);
  inbox.complaints.splice(0);
  await world.close(inbox);
});

test("a suspension ends the session and says so", async () => {
  const inbox = await world.openInbox(browser, { key: TENANT_KEY });
  const { page, complaints } = inbox;
  await page.getByRole("heading", { name: "Conversations" }).waitFor(world.WAIT);
  await world.ask(suspend, { id: WORKSPACE_ID }, OPERATOR_KEY);
  await waitForAlert(page, /Your session ended|is suspended/);
  await page.getByLabel("API key or token").fill(TENANT_KEY);
  await page.keyboard.press("Enter");
  await waitForAlert(page, "The workspace of this key is suspended.");
  complaints.splice(0);
  await world.close(inbox);
});
