// Lists of the administration that are longer than a page, and that others change meanwhile.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { button, createKey, dialogOf, openPage, rowOf } from "./administration.mjs";
import * as world from "./world.mjs";

const KEYS = 115;

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const rows = (page) => page.getByRole("row").filter({ has: page.getByRole("rowheader") });

const waitForRows = (page, count) => world.hasCount(rows(page), count);

/** The tab goes to the background or comes back. */
const setVisible = (page, isVisible) =>
  page.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
  }, isVisible ? "visible" : "hidden");

test("a reload keeps the pages that were loaded, and shows what others did", async () => {
  for (let number = 0; number < KEYS; number++) await createKey({ name: `Program ${number}`, forServer: true });
  const { apiKeys } = await world.ask("{ apiKeys(first: 1) { count { value } } }");
  let total = apiKeys.count.value;
  const inbox = await openPage(browser, "keys", "API keys");
  const { page } = inbox;
  await waitForRows(page, 50);
  await button(page, "Load more").click();
  await waitForRows(page, 100);

  await createKey({ name: "Made elsewhere", forServer: true });
  await setVisible(page, false);
  await setVisible(page, true);
  await rowOf(page, "Made elsewhere").waitFor(world.WAIT);
  total += 1;
  await waitForRows(page, 100);

  await button(page, "Load more").click();
  await waitForRows(page, total);
  await button(page, "Load more").waitFor(world.GONE);
  await button(page, "Create a key").click();
  const form = dialogOf(page, "Create a key");
  await form.getByLabel("Who uses it?").selectOption({ label: "A program" });
  await form.getByLabel("Name of the program").fill("Made here");
  await button(form, "Create a key").click();
  await button(dialogOf(page, "The key is ready"), "Done").click();
  await rowOf(page, "Made here").waitFor(world.WAIT);
  await waitForRows(page, total + 1);
  await rowOf(page, "Program 0").last().waitFor(world.WAIT);
  const names = await rows(page).evaluateAll((all) => all.map((row) => row.querySelector("th").textContent));
  assert.equal(new Set(names).size, names.length);
  await world.close(inbox);
});
