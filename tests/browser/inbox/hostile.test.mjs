// Texts and names that attack the page or its layout: in list, conversation, search, quotes, toasts and notifications.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const MARKUP = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script><svg onload=alert(1)><b>quince</b>`;
const TEXTS = {
  markup: MARKUP,
  links: "quince javascript:alert(1) data:text/html,<script>alert(1)</script> vbscript:x https://fine.example/a?b=<i>",
  bidi: "quince \u202Etxt.exe\u202C \u2066abc \u2067\u05D0\u05D1 https://good.example/\u202Emoc.live",
  zalgo: `quince ${"Z\u0351\u0343\u0300\u030D\u035B\u033F".repeat(60)}`,
  emoji: "👩‍👩‍👧‍👦".repeat(4096 / 11),
  unbroken: `quince${"W".repeat(3_500)}`,
  lines: `quince${"\n".repeat(400)}end`,
};
const NAME = `<b onmouseover=alert(1)>Mallory</b> \u202E${"\u0310x".repeat(20)} ${"N".repeat(430)}`;
const CUSTOMER = { from: "16505558810", name: NAME };

/** What no part of the page may contain, and how far it may reach. */
async function checkPage(page, name) {
  const found = await page.evaluate(() => {
    const outside = (node) => {
      const { left, right, width } = node.getBoundingClientRect();
      return width > 0 && (left < -1 || right > innerWidth + 1);
    };
    return {
      title: document.title.replace(/^\(\d+\) /, ""),
      injected: document.querySelectorAll("#app :is(script, iframe, style, object, [onerror], [onload], [onmouseover])").length,
      badLinks: [...document.querySelectorAll("a[href]")].filter(({ protocol }) => !["http:", "https:", "blob:"].includes(protocol)).length,
      scrolls: document.documentElement.scrollWidth > innerWidth,
      outside: [...document.querySelectorAll("main button, main textarea, [role=log] article, [role=group] button, h1, h2")]
        .filter(outside)
        .map(({ outerHTML }) => outerHTML.slice(0, 120)),
    };
  });
  assert.deepEqual(found, { title: "Inbox", injected: 0, badLinks: 0, scrolls: false, outside: [] }, name);
}

for (const [width, theme] of [[1440, "light"], [390, "dark"]]) {
  test(`hostile texts and names do nothing at ${width} px`, async () => {
    const customer = { ...CUSTOMER, from: `165055588${width % 100}` };
    for (const text of Object.values(TEXTS)) await world.say(text, customer);
    const inbox = await world.openInbox(browser, { width, theme });
    const { page } = inbox;
    const row = page.getByRole("list", { name: "Conversations" }).getByRole("link", { name: /Mallory/ }).first();
    await row.waitFor(world.WAIT);
    // A row keeps its height and what is beside the name.
    const isFitting = (link) =>
      link.getBoundingClientRect().height <= 76 && link.querySelector("time").getBoundingClientRect().right <= innerWidth;
    await world.until(() => row.evaluate(isFitting));
    await checkPage(page, "list");
    await row.click();
    const log = world.timeline(page);
    await world.hasTexts(log.locator("article p"), Object.values(TEXTS));
    await checkPage(page, "conversation");
    // Marks that pile up cover no other message.
    const marks = log.getByRole("article").filter({ hasText: "quince Z" }).locator("p");
    assert.equal(await marks.locator("..").evaluate((text) => getComputedStyle(text).overflowY), "clip");
    await world.capture(page, `hostile-${width}`);

    await log.getByRole("article").filter({ hasText: "onerror" }).hover();
    await log.getByRole("article").filter({ hasText: "onerror" }).getByRole("button", { name: "Message actions" }).click();
    await page.getByRole("menuitem", { name: "Reply" }).click();
    await checkPage(page, "quote");
    await page.getByRole("combobox", { name: "Reply" }).fill(MARKUP);
    await page.keyboard.press("Enter");
    await log.locator('article[data-out] [data-status="READ"]').first().waitFor({ ...world.WAIT, state: "attached" });
    await checkPage(page, "answer");
    await world.checkAccess(page, `hostile ${width}`);
    await world.close(inbox);
  });
}

test("a hostile name of a colleague does nothing in toasts", async () => {
  const { createApiKey } = await world.ask(
    `mutation ($name: String!) { createApiKey(input: { name: $name, role: AGENT }) { token userErrors { message } } }`,
    { name: `<img src=x onerror=alert(1)>${"A".repeat(70)}` },
  );
  assert.deepEqual(createApiKey.userErrors, []);
  const customer = { from: "16505558820", name: "Toast Race" };
  await world.say("Who helps me?", customer);
  const inbox = await world.openInbox(browser, { width: 390 });
  const { page } = inbox;
  await world.openConversation(page, customer.name);
  const { conversations } = await world.ask("{ conversations(first: 30) { nodes { id contact { profileName } } } }");
  const { id } = conversations.nodes.find(({ contact }) => contact.profileName === customer.name);
  await page.route("**/graphql", async (route) => {
    const isClaim = route.request().postDataJSON()?.operationName === "Claim";
    const claim = `mutation ($id: ID!) { claimConversation(input: { conversationId: $id }) { userErrors { message } } }`;
    if (isClaim) await world.ask(claim, { id }, createApiKey.token);
    await route.fallback();
  });
  await page.getByRole("button", { name: "Assign to me" }).click();
  const toast = page.getByRole("status").filter({ hasText: "was faster" });
  const { left, right } = await toast.evaluate((element) => element.getBoundingClientRect().toJSON(), null, world.WAIT);
  assert.ok(left >= 0 && right <= 390);
  await checkPage(page, "toast");
  await world.close(inbox);
});

test("hostile texts reach notifications as short, plain lines", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.context().grantPermissions(["notifications"]);
  await page.context().addInitScript(() => {
    window.announced = [];
    window.Notification = class {
      static permission = "granted";
      static requestPermission = async () => "granted";
      constructor(title, { body, dir }) {
        window.announced.push({ title, body, dir });
      }
      close() {}
    };
  });
  await page.reload();
  // What is in the first list is not announced.
  await page.getByRole("list", { name: "Conversations" }).getByRole("link").first().waitFor(world.WAIT);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitemcheckbox", { name: "Notify me" }).click();
  await page.keyboard.press("Escape");
  const customer = { ...CUSTOMER, from: "16505558830" };
  const texts = [...Object.values(TEXTS), "\u202Eעברית and English"];
  for (const [index, text] of texts.entries()) {
    await world.say(text, customer);
    await page.waitForFunction((count) => window.announced.length === count, index + 1, world.WAIT);
  }
  const announced = await page.evaluate(() => window.announced);
  for (const { title, body, dir } of announced) {
    assert.equal(dir, "auto");
    assert.ok([...title].length <= 82 && [...body].length <= 202, `${title}\n${body}`);
    for (const line of [title, body]) {
      assert.doesNotMatch(line, /[\n\r\u202A-\u202E\u2066\u2067]/u);
      // What is isolated is so as a whole.
      assert.match(line, /^(\u2068[^\u2068\u2069]*\u2069|[^\u2068\u2069]*)$/u);
    }
    assert.match(title, /^<b onmouseover=alert\(1\)>Mallory<\/b> .*…$/u);
  }
  assert.match(announced[0].body, /^<img src=x onerror=/u);
  assert.match(announced[2].body, /^\u2068quince txt\.exe abc .*\u2069$/u);
  assert.equal(announced.at(-1).body, "\u2068עברית and English\u2069");
  await checkPage(page, "notifications");
  await world.close(inbox);
});

test("hostile texts do nothing in search results", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.keyboard.press("/");
  await page.keyboard.type("quince");
  const hits = page.getByRole("region", { name: "Messages" }).getByRole("link");
  await page.getByRole("region", { name: "Messages" }).locator("mark").first().waitFor(world.WAIT);
  // All in one step: the list may be read again while they are measured.
  const measure = () => hits.evaluateAll((links) => links.map((link) => link.getBoundingClientRect().height));
  await world.retry(measure, (heights) => assert.ok(heights.length > 0 && Math.max(...heights) < 120, heights.join()));
  await checkPage(page, "search for texts");
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("mallory");
  await page.getByRole("region", { name: "Contacts" }).getByRole("link").first().waitFor(world.WAIT);
  await checkPage(page, "search for names");
  await world.checkAccess(page, "hostile search");
  await world.close(inbox);
});
