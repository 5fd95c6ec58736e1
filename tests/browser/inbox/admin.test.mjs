// Agents and API keys, and what each role reaches.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { button, check, createKey, dialogOf, openPage, rowOf, show } from "./administration.mjs";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

test("a new agent signs in with the link, is renamed and retired", async () => {
  await world.say("Who looks after me?", { from: "16505557802", name: "Hugo Sand" });
  const inbox = await openPage(browser, "agents", "Agents");
  const { page } = inbox;
  await rowOf(page, "Sandbox admin").getByText("You", { exact: true }).waitFor(world.WAIT);
  await button(page, "Add an agent").click();
  const form = dialogOf(page, "Add an agent");
  await button(form, "Add an agent").click();
  await form.getByText("Fill in this field.").waitFor(world.WAIT);
  await form.getByLabel("Name").fill("Carla Ruiz");
  await form.getByLabel("Email").fill("nonsense");
  await button(form, "Add an agent").click();
  await form.locator('[aria-invalid="true"]').waitFor(world.WAIT);
  assert.equal(await rowOf(page, "Carla Ruiz").count(), 0);
  await form.getByLabel("Email").fill("carla@example.com");
  await button(form, "Add an agent").click();

  const created = dialogOf(page, "The key is ready");
  const link = await created.getByLabel("Sign-in link", { exact: true }).inputValue();
  await page.keyboard.press("Escape");
  await created.getByText("Have you copied it?").waitFor(world.WAIT);
  await button(created, "Done").click();
  await rowOf(page, "Carla Ruiz").filter({ hasText: "carla@example.com" }).filter({ hasText: "Never" }).waitFor(world.WAIT);

  const other = await world.openInbox(browser, { key: null });
  await other.page.goto("about:blank");
  await other.page.goto(link);
  await other.page.getByRole("heading", { name: "Conversations" }).waitFor(world.WAIT);
  assert.ok(!other.page.url().includes("wag_"));
  await world.openConversation(other.page, "Hugo Sand");
  await button(other.page, "Assign to me").click();
  await other.page.getByRole("button", { name: "Assign: You" }).waitFor(world.WAIT);

  await page.getByRole("link", { name: "Carla Ruiz" }).click();
  await page.getByRole("heading", { name: "Carla Ruiz", level: 1 }).waitFor(world.WAIT);
  await button(page, "Edit").click();
  const edit = dialogOf(page, "Edit Carla Ruiz");
  await edit.getByLabel("Name").fill("Carla Ruiz Vega");
  await button(edit, "Save").click();
  await page.getByRole("heading", { name: "Carla Ruiz Vega", level: 1 }).waitFor(world.WAIT);

  await button(page, "Retire").click();
  const retire = dialogOf(page, "Retire Carla Ruiz Vega?");
  await retire.getByText("The open conversations (1) stay assigned").waitFor(world.WAIT);
  await button(retire, "Cancel").click();
  assert.equal(await page.getByText(/^Retired /).count(), 0);
  await button(page, "Retire").click();
  await button(retire, "Retire").click();
  await page.getByText(/^Retired /).waitFor(world.WAIT);
  await other.page.getByRole("alert").filter({ hasText: "Your session ended" }).waitFor(world.WAIT);
  other.complaints.splice(0);
  await world.close(other);

  // What they leave behind is handed over.
  await button(page, "Hand over").click();
  const handOver = dialogOf(page, /^Hand over/);
  await handOver.getByLabel("To whom?").selectOption({ label: "Ben Okafor" });
  await button(handOver, "Hand over").click();
  await page.getByText("1 conversation was handed over.").waitFor(world.WAIT);
  const { conversations } = await world.ask(`{ conversations { nodes { assignee { name } contact { profileName } } } }`);
  const left = conversations.nodes.find(({ contact }) => contact.profileName === "Hugo Sand");
  assert.equal(left.assignee.name, "Ben Okafor");

  await button(page, "Reactivate").click();
  await button(dialogOf(page, "Reactivate Carla Ruiz Vega?"), "Reactivate").click();
  await page.getByText("Active", { exact: true }).waitFor(world.WAIT);
  await world.close(inbox);
});

test("a key is created for a person or a program, and revoked", async () => {
  const inbox = await openPage(browser, "keys", "API keys");
  const { page } = inbox;
  await rowOf(page, "Sandbox admin").getByText("Your key").waitFor(world.WAIT);
  await button(page, "Create a key").click();
  const form = dialogOf(page, "Create a key");
  await form.getByLabel("Who uses it?").selectOption({ label: "Ana Silva" });
  await form.getByLabel("What is it for?").fill("Tablet");
  await form.getByLabel("Role").selectOption({ label: "Viewer" });
  await form.getByLabel("Only these numbers").check();
  await button(form, "Create a key").click();
  await form.getByText("Choose at least one number.").waitFor(world.WAIT);
  await form.getByLabel("Demo shop").check();
  await form.getByLabel("Valid for").selectOption({ label: "A week" });
  await button(form, "Create a key").click();
  const created = dialogOf(page, "The key is ready");
  const key = await created.getByLabel("API key", { exact: true }).inputValue();
  await button(created, "Done").click();
  const row = rowOf(page, "Tablet");
  for (const text of ["Ana Silva", "Viewer", "Demo shop", "Never", "Until "]) {
    await row.filter({ hasText: text }).waitFor(world.WAIT);
  }

  const other = await world.openInbox(browser, { key });
  await row.getByRole("button", { name: "Revoke" }).click();
  const revoke = dialogOf(page, "Revoke “Tablet”?");
  await revoke.getByText("Ana Silva is signed out").waitFor(world.WAIT);
  await button(revoke, "Revoke").click();
  await row.getByText(/^Revoked /).waitFor(world.WAIT);
  await world.hasCount(row.getByRole("button"), 0);
  await other.page.getByRole("alert").filter({ hasText: "Your session ended" }).waitFor(world.WAIT);
  other.complaints.splice(0);
  await world.close(other);

  await button(page, "Create a key").click();
  await form.getByLabel("Who uses it?").selectOption({ label: "A program" });
  await form.getByLabel("Name of the program").fill("Webshop");
  await button(form, "Create a key").click();
  await created.waitFor(world.WAIT);
  assert.equal(await created.getByLabel("Sign-in link", { exact: true }).count(), 0);
  await button(created, "Done").click();
  await rowOf(page, "Webshop").getByText("A program").waitFor(world.WAIT);
  await world.close(inbox);
});

test("an administrator of some numbers gives access to no others", async () => {
  const { accounts } = await world.ask(`{ accounts { nodes { id } } }`);
  const { token } = await createKey({ name: "Shop manager", role: "ADMIN", accountIds: [accounts.nodes[0].id] });
  const inbox = await openPage(browser, "keys", "API keys", { key: token });
  const { page } = inbox;
  await rowOf(page, "Shop manager").waitFor(world.WAIT);
  assert.equal(await page.getByRole("link", { name: "Sandbox admin" }).count(), 0);
  await button(page, "Create a key").click();
  const form = dialogOf(page, "Create a key");
  await form.getByText("Your key is limited to these numbers").waitFor(world.WAIT);
  assert.equal(await form.getByLabel("All numbers, including numbers connected later").count(), 0);
  await form.getByLabel("Name of the person").fill("Dora Lind");
  await button(form, "Create a key").click();
  await button(dialogOf(page, "The key is ready"), "Done").click();
  await rowOf(page, "Dora Lind").getByText("Demo shop").waitFor(world.WAIT);
  await world.close(inbox);
});

async function deleteQuickReplies() {
  const { accounts } = await world.ask("{ accounts(first: 1) { nodes { id } } }");
  const query = "query ($accountId: ID!) { quickReplies(accountId: $accountId) { nodes { id } } }";
  const { quickReplies } = await world.ask(query, { accountId: accounts.nodes[0].id });
  for (const { id } of quickReplies.nodes)
    await world.ask("mutation ($id: ID!) { deleteQuickReply(input: { quickReplyId: $id }) { userErrors { code } } }", { id });
}

test("roles reach only what is theirs", async () => {
  for (const [role, isOpen] of [["VIEWER", false], ["AGENT", true]]) {
    const { token } = await createKey({ name: `A ${role}`, role });
    const inbox = await world.openInbox(browser, { key: token });
    const { page } = inbox;
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).waitFor(world.WAIT);
    await world.hasCount(page.getByRole("menuitem", { name: "Manage" }), Number(isOpen));
    await page.keyboard.press("Escape");
    for (const name of ["agents", "keys", "failed-webhooks", "audit", ...(isOpen ? [] : ["quick-replies"])]) {
      await page.evaluate((hash) => (location.hash = hash), `#/manage/${name}`);
      await page.getByRole("heading", { name: "You don't have access to this page" }).waitFor(world.WAIT);
      assert.equal(await page.getByRole("link", { name: "API keys" }).count(), 0);
      assert.equal(await page.getByText("Sandbox admin").count(), 0);
    }
    await world.close(inbox);
  }
});

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault at ${width} pixels in both themes`, async () => {
    const inbox = await world.openInbox(browser, { width });
    const { page } = inbox;
    await show(page, "agents", "Agents");
    await page.getByRole("link", { name: "Ana Silva" }).waitFor(world.WAIT);
    await check(page, "agents");
    await button(page, "Add an agent").click();
    await dialogOf(page, "Add an agent").waitFor(world.WAIT);
    await check(page, "add-agent");
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Ana Silva" }).click();
    await rowOf(page, "Ana Silva").first().waitFor(world.WAIT);
    await check(page, "agent");
    await show(page, "keys", "API keys");
    await rowOf(page, "Your key").waitFor(world.WAIT);
    await check(page, "keys");
    await world.close(inbox);
  });
}
