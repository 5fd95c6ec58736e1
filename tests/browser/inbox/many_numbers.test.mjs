// Access to numbers in words, and more numbers than one page of the API has.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { button, check, createKey, dialogOf, openPage, rowOf, show } from "./administration.mjs";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

let next = 0;
async function connect(name) {
  next += 1;
  const input = {
    name,
    phoneNumberId: String(209_876_540_000_000 + next),
    businessAccountId: "102290129340398",
    accessToken: "EAAG-other",
  };
  await world.grantNumber(input);
  for (let attempt = 1; ; attempt++) {
    const { createAccount } = await world.ask(
      "mutation ($input: CreateAccountInput!) { createAccount(input: $input) { account { id } userErrors { code message } } }",
      { input },
    );
    // On a machine that stands still for a while, Meta's answer may come too late.
    const isLate = createAccount.userErrors[0]?.code === "META_UNREACHABLE";
    if (isLate && attempt < 3) continue;
    assert.deepEqual(createAccount.userErrors, []);
    return createAccount.account.id;
  }
}

test("a key says whether it covers later numbers, too", async () => {
  const { accounts } = await world.ask("{ accounts { nodes { id } } }");
  const accountIds = [accounts.nodes[0].id, await connect("Second shop")];
  await createKey({ name: "Limited to two", accountIds });
  await createKey({ name: "Without a limit" });
  const inbox = await openPage(browser, "keys", "API keys");
  const { page } = inbox;
  await rowOf(page, "Limited to two").getByText("The 2 current numbers").waitFor(world.WAIT);
  await rowOf(page, "Without a limit").getByText("All numbers, including later ones").waitFor(world.WAIT);
  await show(page, "agents", "Agents");
  await rowOf(page, "Limited to two").getByText("The 2 current numbers").waitFor(world.WAIT);
  await rowOf(page, "Without a limit").getByText("All numbers, including later ones").waitFor(world.WAIT);

  // After a third one they are not all any more.
  await connect("Third shop");
  await show(page, "keys", "API keys");
  await rowOf(page, "Limited to two").getByText("Second shop, Demo shop").waitFor(world.WAIT);
  await rowOf(page, "Without a limit").getByText("All numbers, including later ones").waitFor(world.WAIT);
  await world.close(inbox);
});

test("all of 125 numbers can be chosen: as filter, for access, and in lists", async () => {
  while (next < 124) await Promise.all(Array.from({ length: Math.min(2, 124 - next) }, () => connect(`Branch ${next + 1}`)));
  const customer = { from: "16505557100", name: "Deme Oshop" };
  await world.say("Hello, demo shop", customer);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.getByRole("button", { name: "Order" }).click();
  const choices = page.getByRole("menuitemradio");
  // Newest first: the demo shop is the last one, on the second page.
  const demoShop = page.getByRole("menuitemradio", { name: "Demo shop" });
  await demoShop.waitFor(world.WAIT);
  // Two orders, all numbers, and each number.
  await world.hasCount(choices, 2 + 1 + 125);
  await page.keyboard.type("demo");
  // The menu moves the focus after the keys.
  await world.becomes(() => demoShop.evaluate((item) => item === document.activeElement), true);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: /Deme Oshop/ }).click();
  const panel = page.getByRole("complementary", { name: "Contact" });
  await panel.getByText(/Demo shop · \d/).waitFor(world.WAIT);

  await show(page, "agents", "Agents");
  await button(page, "Add an agent").click();
  const form = dialogOf(page, "Add an agent");
  await form.getByRole("textbox", { name: "Name" }).fill("Anna Access");
  await form.getByLabel("Only these numbers").check();
  await form.getByRole("searchbox", { name: "Find a number" }).fill("no such number");
  await form.getByText("No number has this name").waitFor(world.WAIT);
  await form.getByRole("searchbox", { name: "Find a number" }).fill("demo");
  // Enter searches, and sends nothing.
  await page.keyboard.press("Enter");
  await form.getByRole("checkbox", { name: "Demo shop" }).check();
  await form.getByRole("searchbox", { name: "Find a number" }).fill("branch 124");
  await form.getByRole("checkbox", { name: "Branch 124" }).check();
  await form.getByText("2 chosen").waitFor(world.WAIT);
  await check(page, "many-numbers");
  await form.getByLabel("Create a sign-in link").uncheck();
  await button(form, "Add an agent").click();
  await rowOf(page, "Anna Access").getByText("Branch 124, Demo shop").waitFor(world.WAIT);
  const { agents } = await world.ask("{ agents(first: 100) { nodes { name coversAllAccounts accounts(first: 3) { nodes { name } } } } }");
  assert.deepEqual(agents.nodes.filter(({ name }) => name === "Anna Access"), [
    { name: "Anna Access", coversAllAccounts: false, accounts: { nodes: [{ name: "Branch 124" }, { name: "Demo shop" }] } },
  ]);

  for (const [name, title] of [["quick-replies", "Quick replies"], ["templates", "Templates"], ["audit", "Audit log"], ["failed-webhooks", "Failed webhooks"]]) {
    await show(page, name, title);
    await page.getByLabel("Number", { exact: true }).selectOption({ label: "Demo shop" });
  }
  await show(page, "numbers", "Numbers");
  // A change of a number loads the list again, from its beginning.
  for (const end = Date.now() + 60_000; (await rowOf(page, "Demo shop").count()) === 0; await page.waitForTimeout(300)) {
    assert.ok(Date.now() < end);
    await button(page, "Load more").click({ timeout: 1_000 }).catch(() => {});
  }
  await world.close(inbox);
});

test("a list of numbers that is loaded again keeps the chosen number", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.getByRole("button", { name: "Order" }).click();
  await page.getByRole("menuitemradio", { name: "Demo shop" }).click();
  await page.reload();
  await connect("One more branch");
  await page.getByRole("button", { name: "Order" }).click();
  await page.getByRole("menuitemradio", { name: "One more branch" }).waitFor(world.WAIT);
  await page.getByRole("menuitemradio", { name: "Demo shop", checked: true }).waitFor(world.WAIT);
  await world.close(inbox);
});
