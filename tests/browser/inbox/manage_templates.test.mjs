// The administration: templates of a number.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());
afterEach(() => world.post("faults", undefined, "DELETE"));

const row = (page, name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

async function openTemplates(options) {
  const inbox = await world.openInbox(browser, options);
  const { page } = inbox;
  await page.evaluate(() => (location.hash = "#/manage/templates"));
  await row(page, "hello_world").waitFor(world.WAIT);
  return inbox;
}

async function createAgentKey() {
  const { createApiKey } = await world.ask(
    `mutation { createApiKey(input: { name: "Templates test", role: AGENT }) { token } }`,
  );
  return createApiKey.token;
}

/** Reports a change of a template, as WhatsApp does. */
async function report(value) {
  const { accounts } = await world.ask("{ accounts { nodes { businessAccountId } } }");
  const changes = [{ field: "message_template_status_update", value }];
  const entry = [{ id: accounts.nodes[0].businessAccountId, time: Math.floor(Date.now() / 1000), changes }];
  const answer = await world.post("webhook", { body: { object: "whatsapp_business_account", entry } });
  assert.equal(answer.status, 200);
}

test("agents find templates, and see what customers will see", async () => {
  const inbox = await openTemplates({ key: await createAgentKey() });
  const { page } = inbox;
  const navigation = page.getByRole("navigation", { name: "Administration" });
  assert.equal(await navigation.getByRole("link", { name: "Numbers" }).count(), 0);
  await page.getByRole("combobox", { name: "Status" }).selectOption("Rejected");
  await row(page, "cheap_loans").waitFor(world.WAIT);
  await row(page, "hello_world").waitFor({ ...world.WAIT, state: "detached" });
  await page.getByRole("combobox", { name: "Category" }).selectOption("Utility");
  await page.getByText("No template matches").waitFor(world.WAIT);
  await page.getByRole("combobox", { name: "Status" }).selectOption("Any status");
  await page.getByRole("searchbox", { name: "Search by name" }).fill("order");
  await row(page, "hello_world").waitFor({ ...world.WAIT, state: "detached" });
  await page.getByRole("combobox", { name: "Language" }).selectOption("en_US");
  await row(page, "order_shipped").filter({ hasText: "pt_BR" }).waitFor({ ...world.WAIT, state: "detached" });

  await page.getByRole("link", { name: "order_shipped" }).click();
  await page.getByRole("heading", { name: "order_shipped", level: 1 }).waitFor(world.WAIT);
  const preview = page.getByRole("region", { name: "Preview" });
  await preview.getByText("Hi Ana, your order A-1001 is on its way.").waitFor(world.WAIT);
  await page.getByText("It can be sent now.").waitFor(world.WAIT);
  // The filters are kept.
  await page.getByRole("link", { name: "Templates" }).last().click();
  await world.hasValue(page.getByRole("searchbox", { name: "Search by name" }), "order");
  await world.close(inbox);
});

test("changes by WhatsApp appear with their reason", async () => {
  const inbox = await openTemplates();
  const { page } = inbox;
  await row(page, "hello_world").getByText("Approved").waitFor(world.WAIT);
  await report({
    event: "REJECTED",
    message_template_id: 594425479261596,
    message_template_name: "hello_world",
    message_template_language: "en_US",
    reason: "INVALID_FORMAT",
    rejection_info: { reason: "Bad samples.", recommendation: "Give a sample for each variable." },
  });
  await row(page, "hello_world").getByText("Rejected").waitFor(world.WAIT);
  await page.getByRole("link", { name: "hello_world" }).click();
  await page.getByText("It can't be sent").waitFor(world.WAIT);
  await page.getByText("Give a sample for each variable.").waitFor(world.WAIT);
  await page.goBack();

  // A request that WhatsApp refuses changes nothing; then the template is read again.
  const read = page.getByRole("button", { name: "Read from WhatsApp now" });
  await world.post("faults", { kind: "error", code: 100, endpoint: "templates" });
  await read.click();
  await page.getByRole("status").filter({ hasText: "WhatsApp" }).first().waitFor(world.WAIT);
  await world.hasCount(row(page, "hello_world").getByText("Rejected"), 1);
  await read.click();
  await page.getByText(/\d+ new, 1 changed, 0 removed/).waitFor(world.WAIT);
  await row(page, "hello_world").getByText("Approved").waitFor(world.WAIT);
  await world.close(inbox);
});

for (const width of [1440, 390]) {
  test(`assistive technology finds no fault at ${width} pixels in both themes`, async () => {
    const inbox = await openTemplates({ width });
    const { page } = inbox;
    const check = async (name) => {
      for (const theme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme: theme });
        await world.capture(page, `manage-${name}-${theme}-${width}`);
        await world.checkAccess(page, `${name} ${theme}`);
      }
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name);
    };
    await check("templates");
    await page.getByRole("link", { name: "boots_carousel" }).click();
    await page.getByText("Black boots, 89 €").waitFor(world.WAIT);
    await check("template");
    await world.close(inbox);
  });
}
