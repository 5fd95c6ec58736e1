// What the tests of the administration do again and again.

import assert from "node:assert/strict";
import * as world from "./world.mjs";

export const button = (place, name) => place.getByRole("button", { name, exact: true });
export const dialogOf = (page, name) => page.getByRole("dialog", { name });
export const rowOf = (page, name) => page.getByRole("row").filter({ hasText: name });
export const itemOf = (page, text) => page.getByRole("listitem").filter({ hasText: text });

/** Shows a page of the administration by its URL, as a bookmark does. */
export async function show(page, name, title) {
  await page.evaluate((hash) => (location.hash = hash), `#/manage/${name}`);
  await page.getByRole("heading", { name: title, level: 1 }).waitFor(world.WAIT);
}

export async function openPage(browser, name, title, options) {
  const inbox = await world.openInbox(browser, options);
  await show(inbox.page, name, title);
  return inbox;
}

export async function createKey(input) {
  const { createApiKey } = await world.ask(
    `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
      token apiKey { id agent { id } } userErrors { code } } }`,
    { input: { role: "AGENT", ...input } },
  );
  assert.deepEqual(createApiKey.userErrors, []);
  return createApiKey;
}

/** Checks what the page shows for assistive technology in both themes, and that it fits. */
export async function check(page, name) {
  const width = page.viewportSize().width;
  for (const theme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: theme });
    await world.capture(page, `${name}-${theme}-${width}`);
    await world.checkAccess(page, `${name} ${theme}`);
  }
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name);
}
