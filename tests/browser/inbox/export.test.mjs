// Exports of contacts: the dialog, and the pages of the file, which do nothing that hostile texts want.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import * as world from "./world.mjs";

let browser, folder;
before(async () => {
  browser = await world.launch();
  folder = mkdtempSync(join(tmpdir(), "wagraph-export-"));
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

const button = (place, name) => place.getByRole("button", { name, exact: true });
const findPanel = (page) => page.getByRole("complementary", { name: "Contact" });

const ATTACKS = [
  "<script>document.title = 'hacked'</script>",
  "<img src=x onerror=\"document.title='hacked'\">",
  "\"><svg onload=\"document.title='hacked'\"></svg>",
  "</p></article></style><style>* { display: none }</style>",
  "<iframe src='https://evil.example/'></iframe><link rel=stylesheet href='https://evil.example/x.css'>",
  "<a href=\"javascript:document.title='hacked'\">press</a> &lt;b&gt; <base href='https://evil.example/'>",
  "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
  "\u202Ereversed\u2066 and never closed",
];

/** Opens the dialog of a customer and exports the contact. Returns the folder with the unpacked file. */
async function exportContact(page, name) {
  await world.openConversation(page, name);
  await button(findPanel(page), "Export data").click();
  const dialog = page.getByRole("dialog", { name: `Export the data of ${name}` });
  await button(dialog, "Export data").click();
  const link = dialog.getByRole("link", { name: "Download" });
  await link.waitFor(world.WAIT);
  await dialog.getByText(/The file is ready: [\d.]+ kB/).waitFor(world.WAIT);
  await world.checkAccess(page, "export dialog");
  await world.capture(page, "export-dialog");
  const [download] = await Promise.all([page.waitForEvent("download", world.WAIT), link.click()]);
  assert.match(download.suggestedFilename(), /^contact-export-\d{4}-\d\d-\d\d\.zip$/);
  const target = mkdtempSync(join(folder, "unpacked-"));
  execFileSync("python3", ["-m", "zipfile", "-e", await download.path(), target]);
  return target;
}

/** Opens a page of an export, as a double click does. */
async function openFile(path, theme, width) {
  const context = await browser.newContext({ colorScheme: theme, viewport: { width, height: 900 } });
  const page = await context.newPage();
  const complaints = [];
  context.on("request", (request) => request.url().startsWith("file:") || complaints.push(`asked ${request.url()}`));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => complaints.push(line.text()));
  page.on("dialog", (dialog) => complaints.push(dialog.message()));
  await page.goto(pathToFileURL(path).href);
  return { page, complaints };
}

test("hostile texts do nothing in an exported page", async () => {
  const name = "Mallory </title><script>document.title='hacked'</script>";
  const customer = { from: "16505557701", name };
  for (const attack of ATTACKS) await world.say(attack, customer);
  const inbox = await world.openInbox(browser);
  await world.openConversation(inbox.page, name);
  // A message is accepted before it is stored.
  await world.hasCount(world.timeline(inbox.page).getByRole("article"), ATTACKS.length);
  const unpacked = await exportContact(inbox.page, name);
  assert.deepEqual(readdirSync(unpacked).sort(), ["README.txt", "audit.json", "contact.json", "index.html", "pages", "timeline"]);

  for (const theme of ["light", "dark"]) {
    for (const width of [1440, 390]) {
      const { page, complaints } = await openFile(join(unpacked, "index.html"), theme, width);
      await world.capture(page, `export-index-${theme}-${width}`);
      await world.checkAccess(page, `index ${theme}`);
      await page.getByRole("link", { name: /^Page 1/ }).click();
      await page.getByRole("article").first().waitFor(world.WAIT);
      for (const attack of ATTACKS) assert.equal(await page.getByText(attack, { exact: true }).count(), 1, attack);
      assert.equal(await page.locator("script, iframe, svg, base, link, img").count(), 0);
      assert.equal(await page.title(), `${name}, page 1`);
      const isWide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(isWide, false);
      await world.checkAccess(page, `page ${theme}`);
      await world.capture(page, `export-page-${theme}-${width}`);
      await world.close({ page, complaints });
    }
  }
  await world.close(inbox);
});

test("pictures of an export are shown without a server", async () => {
  const customer = { from: "16505557702", name: "Paula Picture" };
  const base64 = world.PICTURE.buffer.toString("base64");
  await world.say({ type: "image", image: { base64, mime_type: "image/png", caption: "The shop" } }, customer);
  const inbox = await world.openInbox(browser);
  await world.openConversation(inbox.page, customer.name);
  await world.timeline(inbox.page).locator("img").first().waitFor(world.WAIT);
  const unpacked = await exportContact(inbox.page, customer.name);

  const { page, complaints } = await openFile(join(unpacked, "pages", "0001.html"), "light", 1440);
  const shown = await page.locator("img").evaluate((image) => image.complete && image.naturalWidth);
  assert.equal(shown, 10);
  await page.pdf({ path: join(folder, "printed.pdf") });
  await world.close({ page, complaints });
  await world.close(inbox);
});

test("only an admin exports", async () => {
  const { createApiKey } = await world.ask(
    'mutation { createApiKey(input: { name: "Ines Rey", role: AGENT }) { token userErrors { code } } }',
  );
  const inbox = await world.openInbox(browser, { key: createApiKey.token });
  await world.openConversation(inbox.page, "Paula Picture");
  await button(findPanel(inbox.page), "Block").waitFor(world.WAIT);
  assert.equal(await button(findPanel(inbox.page), "Export data").count(), 0);
  await world.close(inbox);
});
