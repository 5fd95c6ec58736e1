// Drafts of a conversation that a colleague's merge or erasure takes away.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const field = (page) => page.getByRole("combobox", { name: "Reply" });

/** Two contacts of one person. */
async function meet(number, name) {
  const customers = [
    { from: `1650555720${number}`, name: `${name} Old` },
    { from: `1650555721${number}`, name: `${name} New` },
  ];
  for (const customer of customers) await world.say(`I am ${customer.name}`, customer);
  return customers;
}

/** Returns the id of the contact, once their first message has made it. */
const findContact = ({ name }) =>
  world.until(async () => {
    const { contacts } = await world.ask("query ($name: String!) { contacts(search: $name, first: 1) { nodes { id } } }", { name });
    return contacts.nodes[0]?.id;
  });

/** Merges as a colleague does. */
async function merge(gone, kept) {
  const input = { contactId: await findContact(gone), intoContactId: await findContact(kept) };
  const { mergeContacts } = await world.ask(
    "mutation ($input: MergeContactsInput!) { mergeContacts(input: $input) { userErrors { message } } }",
    { input },
  );
  assert.deepEqual(mergeContacts.userErrors, []);
}

test("a draft goes along to the conversation that remains", async () => {
  const [gone, kept] = await meet(1, "Dana");
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, gone.name);
  await field(page).fill("Your parcel is on its way");
  await merge(gone, kept);
  await page.getByText("This contact was merged with another one. Your unsent text was moved here.").waitFor(world.WAIT);
  await page.getByRole("heading", { name: kept.name, level: 2 }).first().waitFor(world.WAIT);
  await world.hasValue(field(page), "Your parcel is on its way");
  await world.capture(page, "merged-draft");
  await world.checkAccess(page, "merged draft");
  await field(page).press("Enter");
  await world.findMessage(page, "Your parcel is on its way").locator('[data-status="READ"]').waitFor(world.WAIT);
  await world.findMessage(page, `I am ${gone.name}`).waitFor(world.WAIT);
  await world.close(inbox);
});

test("it joins what is being written there", async () => {
  const [gone, kept] = await meet(2, "Emil");
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, gone.name);
  await field(page).fill("Second");
  await world.openConversation(page, kept.name);
  await field(page).fill("First");
  await merge(gone, kept);
  await page.getByText("Your unsent text was moved to its conversation.").waitFor(world.WAIT);
  await page.waitForFunction(() => document.querySelector("textarea")?.value === "First\nSecond", null, world.WAIT);
  await world.close(inbox);
});

test("a merge while the page was away is noticed when it comes back", async () => {
  const [gone, kept] = await meet(3, "Fred");
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, gone.name);
  await field(page).fill("Written before");
  const address = page.url();
  await page.goto("about:blank");
  await merge(gone, kept);
  await page.goto(address);
  await page.getByRole("heading", { name: kept.name, level: 2 }).first().waitFor(world.WAIT);
  await page.waitForFunction(() => document.querySelector("textarea")?.value === "Written before", null, world.WAIT);
  await world.close(inbox);
});

for (const width of [1440, 390]) {
  test(`a draft of an erased contact is shown once more at ${width} pixels`, async () => {
    const customer = { from: `165055572${width}`, name: `Erika Erased ${width}` };
    await world.say("Forget me", customer);
    const inbox = await world.openInbox(browser, { width });
    const { page } = inbox;
    await world.openConversation(page, customer.name);
    await field(page).fill("A long answer that should not be lost");
    const { deleteContact } = await world.ask(
      "mutation ($id: ID!) { deleteContact(input: { contactId: $id }) { userErrors { message } } }",
      { id: await findContact(customer) },
    );
    assert.deepEqual(deleteContact.userErrors, []);
    await page.getByRole("heading", { name: "This conversation does not exist" }).waitFor(world.WAIT);
    await page.getByRole("figure", { name: "Your unsent message:" }).getByText("A long answer that should not be lost").waitFor(world.WAIT);
    for (const theme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: theme });
      await world.capture(page, `lost-draft-${theme}-${width}`);
      await world.checkAccess(page, `lost draft ${theme}`);
    }
    await world.close(inbox);
  });
}
