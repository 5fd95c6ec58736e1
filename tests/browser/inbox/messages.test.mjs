// What messages look like, and what they must not do.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const HOSTILE = [
  `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script><svg onload=alert(1)>`,
  "javascript:alert(1) [x](javascript:alert(1)) data:text/html,<script>alert(1)</script>",
  "https://good.example/\u202Emoc.live//:sptth https://user:pw@evil.example\u2066 \u202Etxt.exe",
  `*_~\`${"*_~`".repeat(800)}`,
  `"><style>*{display:none}</style><iframe src="https://evil.example"></iframe>`,
];

test("hostile texts and names do nothing", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  const customer = { from: "16505558801", name: `<b onmouseover=alert(1)>Mallory\u202E</b>` };
  for (const text of HOSTILE) await world.say(text, customer);
  const row = page.getByRole("link", { name: /Mallory/ });
  await row.filter({ hasText: "5 unread messages" }).waitFor(world.WAIT);
  await row.click();
  await world.findMessage(page, "<iframe").waitFor(world.WAIT);
  await world.hasCount(world.timeline(page).getByRole("article"), HOSTILE.length);

  assert.deepEqual(
    await world.timeline(page).evaluate((log) => [
      log.querySelectorAll("script, iframe, style, [onerror], [onload], [onmouseover]").length,
      [...log.querySelectorAll("img")].length,
      [...log.querySelectorAll("a")].map(({ href, rel, target }) => [new URL(href).protocol, rel, target]),
    ]),
    [0, 0, Array(3).fill(["https:", "noopener noreferrer nofollow", "_blank"])],
  );
  // A link shows the address that it opens.
  const links = await world
    .timeline(page)
    .getByRole("link")
    .evaluateAll((all) => all.map(({ href, textContent }) => [new URL(textContent).href, href]));
  for (const [shown, href] of links) assert.equal(shown, href);
  assert.match(await page.title(), /Inbox$/);
  await world.close(inbox);
});

test("older messages load without a jump, and new ones do not move what is read", async () => {
  const customer = { from: "16505558802", name: "Long Talker" };
  const messages = Array.from({ length: 130 }, (_, index) => ({
    ...customer, type: "text", text: `line ${index}\n${"words ".repeat(index % 40)}`, timestamp: String(1_700_000_000 + index),
  }));
  await world.post("inbound", { messages });
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await world.openConversation(page, customer.name);
  await world.findMessage(page, "line 129").waitFor(world.WAIT);
  const log = world.timeline(page);
  const placeOf = (text) => world.findMessage(page, text).evaluate((row) => row.getBoundingClientRect().top);
  await world.isAtEnd(log);
  await world.grows(log);
  await world.isAtEnd(log);

  for (let step = 0; step < 40 && (await log.evaluate((box) => box.scrollTop)) > 0; step++) {
    const [before, shown] = await log.evaluate((box) => {
      box.scrollTop -= 300;
      const rows = [...box.querySelectorAll("[data-item]")];
      const row = rows.find((each) => each.getBoundingClientRect().top > box.getBoundingClientRect().top);
      return [row.getBoundingClientRect().top, row.dataset.item];
    });
    await page.waitForTimeout(30);
    const now = await log.locator(`[data-item="${shown}"]`).evaluate((row) => row.getBoundingClientRect().top);
    assert.ok(Math.abs(now - before) < 2, `step ${step}: from ${before} to ${now}`);
  }
  await log.getByText("The conversation begins here").waitFor(world.WAIT);
  await world.hasCount(log.getByRole("article"), 130);

  await log.evaluate((box) => (box.scrollTop = box.scrollHeight / 2));
  const before = await world.settles(() => placeOf("line 65"));
  await world.say("a new line", customer);
  await page.getByRole("button", { name: "1 new message" }).waitFor(world.WAIT);
  assert.equal(await placeOf("line 65"), before);
  await page.getByRole("button", { name: "1 new message" }).click();
  await world.isAtEnd(log);
  await world.close(inbox);
});

test("a search marks what it found and leads to the message", async () => {
  const customer = { from: "16505558803", name: "Zelda Quist" };
  await world.say("The xylophone arrived broken", customer);
  for (let index = 0; index < 45; index++) await world.say(`more ${index}`, customer);
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.keyboard.press("/");
  await page.keyboard.type("xylophone");
  const hit = page.getByRole("region", { name: "Messages" }).getByRole("link", { name: /Zelda Quist/ });
  await hit.locator("mark", { hasText: "xylophone" }).waitFor(world.WAIT);
  await hit.click();
  const found = world.findMessage(page, "The xylophone arrived broken");
  await world.isInView(found);
  await world.close(inbox);
});
