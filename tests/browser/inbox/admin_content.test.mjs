// Quick replies, failed webhooks and the audit log.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { button, check, createKey, dialogOf, itemOf, openPage, rowOf, show } from "./administration.mjs";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

async function deleteQuickReplies() {
  const { accounts } = await world.ask("{ accounts(first: 1) { nodes { id } } }");
  const query = "query ($accountId: ID!) { quickReplies(accountId: $accountId) { nodes { id } } }";
  const { quickReplies } = await world.ask(query, { accountId: accounts.nodes[0].id });
  for (const { id } of quickReplies.nodes)
    await world.ask("mutation ($id: ID!) { deleteQuickReply(input: { quickReplyId: $id }) { userErrors { code } } }", { id });
}

test("agents keep quick replies, and use them at once", async () => {
  await deleteQuickReplies();
  const { token } = await createKey({ name: "Eva Holm" });
  const inbox = await world.openInbox(browser, { key: token });
  const { page } = inbox;
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitem", { name: "Manage" }).click();
  await page.getByRole("navigation", { name: "Administration" }).getByRole("link", { name: "Quick replies" }).click();
  await page.getByRole("heading", { name: "Quick replies", level: 1 }).waitFor(world.WAIT);
  await page.getByText("No quick replies yet").waitFor(world.WAIT);

  await button(page, "New quick reply").click();
  const form = dialogOf(page, "New quick reply");
  const [shortcut, body] = [form.getByRole("textbox", { name: "Shortcut" }), form.getByRole("textbox", { name: "Text" })];
  await shortcut.fill("two words");
  await button(form, "Save").click();
  await form.getByText("one word without spaces").waitFor(world.WAIT);
  await shortcut.fill("hours");
  await button(form, "Save").click();
  await form.getByText("Write a text, or add a file.").waitFor(world.WAIT);
  await body.fill("We are open *every day*.");
  const preview = form.getByRole("region", { name: "Preview" });
  await preview.locator("strong", { hasText: "every day" }).waitFor(world.WAIT);
  await form.getByLabel("Add a file").setInputFiles(world.PICTURE);
  await preview.getByRole("img", { name: "shop.png" }).waitFor(world.WAIT);
  await button(form, "Save").click();
  const row = rowOf(page, "/hours");
  await row.filter({ hasText: "shop.png" }).filter({ hasText: "every day" }).waitFor(world.WAIT);

  await button(page, "New quick reply").click();
  await shortcut.fill("HOURS");
  await body.fill("again");
  await button(form, "Save").click();
  await form.getByText("/HOURS exists already.").waitFor(world.WAIT);
  await shortcut.fill("bye");
  await button(form, "Save").click();
  await rowOf(page, "/bye").waitFor(world.WAIT);

  await page.getByRole("searchbox").fill("EVERY day");
  await rowOf(page, "/bye").waitFor({ ...world.WAIT, state: "detached" });
  await row.waitFor(world.WAIT);
  await page.getByRole("searchbox").fill("zebra");
  await page.getByText("Nothing found").waitFor(world.WAIT);
  await page.getByRole("searchbox").fill("");
  await button(rowOf(page, "/bye"), "Delete /bye").click();
  await button(dialogOf(page, "Delete /bye?"), "Delete").click();
  await rowOf(page, "/bye").waitFor({ ...world.WAIT, state: "detached" });

  await button(row, "Edit /hours").click();
  const edit = dialogOf(page, "Edit /hours");
  await button(edit, "Remove the file").click();
  await edit.getByRole("textbox", { name: "Text" }).fill("We are open *on Sundays*.");
  await button(edit, "Save").click();
  await row.filter({ hasText: "on Sundays" }).waitFor(world.WAIT);
  await row.getByText("shop.png").waitFor(world.GONE);

  await page.getByRole("link", { name: "Back to the inbox" }).click();
  await world.openConversation(page, "Sheena Nelson");
  await page.getByRole("combobox", { name: "Reply" }).fill("/hou");
  await page.getByRole("option", { name: /on Sundays/ }).waitFor(world.WAIT);
  await world.close(inbox);
});

const setEnabled = async (isEnabled) => {
  const { accounts } = await world.ask(`{ accounts { nodes { id name } } }`);
  const { id } = accounts.nodes.find(({ name }) => name === "Demo shop");
  const mutation = isEnabled ? "enableAccount" : "disableAccount";
  await world.ask(`mutation ($id: ID!) { ${mutation}(input: { accountId: $id }) { userErrors { code } } }`, { id });
};

test("failed webhooks are shown, replayed and discarded", async () => {
  const inbox = await openPage(browser, "failed-webhooks", "Failed webhooks");
  const { page } = inbox;
  await page.getByText("Nothing failed").waitFor(world.WAIT);

  const unknown = { metadata: { phone_number_id: "999" }, messages: [{ id: "wamid.lost", text: { body: "Anyone there?" } }] };
  const entry = [{ id: "419561257915477", changes: [{ field: "messages", value: unknown }] }];
  await world.post("webhook", { body: { object: "whatsapp_business_account", entry } });
  await world.post("webhook", { raw_body: "{ not json" });
  await setEnabled(false);
  await world.say("Are you closed?", { from: "16505557801", name: "Finn Late" });
  // A webhook is accepted before it is processed.
  await world.becomes(async () => (await world.ask("{ parkedItems { nodes { id } } }")).parkedItems.nodes.length, 3);
  await page.reload();
  const [disabled, invalid, lost] = ["The number is disabled", "not valid JSON", "not connected"].map((text) => itemOf(page, text));
  await disabled.getByText("Enable the number").waitFor(world.WAIT);

  // The content is loaded when it is opened.
  assert.equal(await page.getByText("Anyone there?").count(), 0);
  await lost.getByText("Content", { exact: true }).click();
  await lost.getByText("Anyone there?").waitFor(world.WAIT);
  await lost.getByText("999", { exact: true }).waitFor(world.WAIT);

  await button(disabled, "Replay").click();
  await disabled.getByText("It failed again").waitFor(world.WAIT);
  await setEnabled(true);
  await button(disabled, "Replay").click();
  await disabled.getByText("it is in its conversation now").waitFor(world.WAIT);

  await button(invalid, "Discard").click();
  const dialog = dialogOf(page, "Discard this webhook?");
  await button(dialog, "Cancel").click();
  await invalid.getByText("To do", { exact: true }).waitFor(world.WAIT);
  await button(invalid, "Discard").click();
  await button(dialog, "Discard").click();
  await invalid.getByText("Discarded", { exact: true }).waitFor(world.WAIT);

  await button(page, "Replay all").click();
  await page.getByText("0 replayed, 1 failed again.").waitFor(world.WAIT);
  await disabled.waitFor({ ...world.WAIT, state: "detached" });
  await button(page, "Discard all").click();
  await button(dialogOf(page, /^Discard all/), "Discard all").click();
  await page.getByText("Nothing failed").waitFor(world.WAIT);
  const { parkedItems } = await world.ask(`{ parkedItems { nodes { reason state } } }`);
  assert.deepEqual(
    new Set(parkedItems.nodes.map(({ reason, state }) => `${reason} ${state}`)),
    new Set(["ACCOUNT_DISABLED APPLIED", "INVALID_BODY DISCARDED", "UNKNOWN_ACCOUNT DISCARDED"]),
  );
  await page.getByLabel("Show").selectOption({ label: "Discarded" });
  await invalid.waitFor(world.WAIT);
  await page.getByRole("link", { name: "Back to the inbox" }).click();
  await page.getByRole("link", { name: /Finn Late/ }).filter({ hasText: "Are you closed?" }).waitFor(world.WAIT);
  await world.close(inbox);
});

test("the audit log says who did what", async () => {
  const { token } = await createKey({ name: "Gus Petit", role: "ADMIN" });
  const inbox = await openPage(browser, "audit", "Audit log", { key: token });
  const { page } = inbox;
  const entryOf = (text) => itemOf(page, text).first();
  await entryOf("Sandbox admin created a key").waitFor(world.WAIT);
  await show(page, "agents", "Agents");
  await page.getByRole("link", { name: "Ana Silva" }).click();
  await button(page, "Edit").click();
  await dialogOf(page, "Edit Ana Silva").getByLabel("Email").fill("ana@example.com");
  await button(page, "Save").click();
  await page.getByText("ana@example.com").first().waitFor(world.WAIT);

  await show(page, "audit", "Audit log");
  const changed = entryOf("Gus Petit changed an agent Ana Silva");
  await changed.locator("summary").click();
  await changed.getByText("Agent Ana Silva", { exact: true }).waitFor(world.WAIT);
  await changed.getByText("API key “Gus Petit”").waitFor(world.WAIT);
  await button(changed, "Show only Gus Petit").click();
  await entryOf("Sandbox admin").waitFor({ ...world.WAIT, state: "detached" });
  await world.hasCount(page.getByRole("list", { name: "Audit log" }).locator("summary"), 1);

  await page.getByLabel("What").selectOption({ label: "created a key" });
  await page.getByText("Nothing found").waitFor(world.WAIT);
  await page.getByLabel("Who").fill("");
  await entryOf("Sandbox admin created a key").waitFor(world.WAIT);
  await page.getByLabel("To").fill("2020-01-01");
  await page.getByText("Nothing found").waitFor(world.WAIT);
  await world.close(inbox);
});

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault at ${width} pixels in both themes`, async () => {
    const inbox = await world.openInbox(browser, { width });
    const { page } = inbox;
    await show(page, "quick-replies", "Quick replies");
    await rowOf(page, "/hours").waitFor(world.WAIT);
    await check(page, "quick-replies");
    await button(page, "Edit /hours").click();
    await dialogOf(page, "Edit /hours").waitFor(world.WAIT);
    await check(page, "edit-quick-reply");
    await page.keyboard.press("Escape");
    await show(page, "failed-webhooks", "Failed webhooks");
    await page.getByLabel("Show").selectOption({ label: "All" });
    await itemOf(page, "not connected").getByText("Content", { exact: true }).click();
    await page.getByText("Anyone there?").waitFor(world.WAIT);
    await check(page, "failed-webhooks");
    await show(page, "audit", "Audit log");
    await page.locator("summary").first().click();
    await check(page, "audit");
    await world.close(inbox);
  });
}
