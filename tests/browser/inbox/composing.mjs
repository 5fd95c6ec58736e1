// What the tests of the composer have in common.

import * as world from "./world.mjs";

export const field = (page, name = "Reply") => page.getByRole("combobox", { name, exact: true });
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const press = async (page, ...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};
/** Presses a button by keyboard. */
export const push = async (locator) => {
  await locator.focus();
  await locator.page().keyboard.press("Enter");
};

/** Each chat has a customer of its own, also if a sandbox is used again. */
let number = 16515550000 + (Date.now() % 1_000_000);
export async function openChat(browser, name, options) {
  const customer = { from: String(number++), name };
  await world.say("Hello!", customer);
  const inbox = await world.openInbox(browser, options);
  await world.openConversation(inbox.page, name);
  await world.findMessage(inbox.page, "Hello!").waitFor(world.WAIT);
  return { ...inbox, customer };
}

/** The messages of the business, oldest first. */
export async function listSent(customer, content) {
  const { contacts } = await world.ask(
    `query ($phone: String!) { contacts(search: $phone, first: 1) { nodes { conversation {
      messages(first: 10) { nodes { direction type ${content} } } } } } }`,
    { phone: customer.from },
  );
  const { messages } = contacts.nodes[0].conversation;
  return messages.nodes.filter(({ direction }) => direction === "OUTBOUND").reverse();
}

/** Chooses an item of the composer's menu. */
export async function chooseMore(page, item) {
  await push(button(page, "More to send"));
  // The menu moves the focus to its first item, and later to others, a moment after the key.
  await page.waitForFunction(() => document.activeElement.role === "menuitem", null, world.WAIT);
  const wanted = page.getByRole("menuitem", { name: item, exact: true });
  for (let step = 0; step < 10 && !(await wanted.evaluate((each) => each === document.activeElement)); step++) {
    const focused = await page.evaluateHandle(() => document.activeElement);
    await press(page, "ArrowDown");
    await page.waitForFunction((before) => document.activeElement !== before, focused, world.WAIT);
  }
  await press(page, "Enter");
}

/** Opens a form by the menu. */
export async function openForm(page, item) {
  await chooseMore(page, item);
  const dialog = page.getByRole("dialog");
  await dialog.waitFor(world.WAIT);
  return {
    dialog,
    preview: dialog.getByRole("region", { name: "Preview" }),
    box: (name, index = 0) => dialog.getByRole("textbox", { name, exact: true }).nth(index),
    submit: () => push(dialog.getByRole("button", { name: "Send the message" })),
  };
}
