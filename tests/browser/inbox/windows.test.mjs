// Long lists: only a part is loaded and drawn, without jumps, gaps or doubles.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readPage } from "./page_reader.mjs";
import * as world from "./world.mjs";

let browser;
before(async () => (browser = await world.launch()));
after(() => browser?.close());

const MESSAGES = 700;
const MAX_ITEMS = 400;
const PAGE = 80;
const LONG = { from: "16505551300", name: "Lorenzo Lang" };
const line = (number) => `line ${number}.`;

async function post(messages) {
  for (let start = 0; start < messages.length; start += 100) {
    const answer = await world.post("inbound", { messages: messages.slice(start, start + 100) });
    assert.equal(answer.status, 200);
  }
}

/** The ids of all open conversations, in the list's order. */
async function listStored() {
  const ids = [];
  for (let after = null; ; ) {
    const { conversations } = await world.ask(
      `query ($after: String) { conversations(filter: { statuses: [OPEN] }, first: 100, after: $after) {
        nodes { id } pageInfo { hasNextPage endCursor } } }`,
      { after },
    );
    ids.push(...conversations.nodes.map(({ id }) => id));
    if (!conversations.pageInfo.hasNextPage) return ids;
    after = conversations.pageInfo.endCursor;
  }
}

const isAtEnd = (page) =>
  page.waitForFunction(() => {
    const box = document.querySelector("[role=log]");
    return box.scrollHeight - box.scrollTop - box.clientHeight < 2;
  }, null, world.WAIT);

before(async () => {
  const texts = Array.from({ length: MESSAGES }, (_, number) => line(number) + (number === 100 ? " The marzipan is late." : ""));
  const start = Math.floor(Date.now() / 1000) - 2 * MESSAGES;
  await post(texts.map((text, number) => ({ ...LONG, type: "text", text, timestamp: String(start + number) })));
});

test("a search leads to a message of long ago, and scrolling from there to the newest", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.getByRole("searchbox").fill("marzipan");
  await page.getByRole("region", { name: "Messages" }).getByRole("link", { name: /Lorenzo/ }).click();
  const found = world.findMessage(page, "The marzipan is late.");
  await world.isInView(found);
  const log = world.timeline(page);
  assert.ok((await log.getByRole("article").count()) < 4 * PAGE);

  // What comes now is beyond the loaded messages, and moves nothing.
  const before = await world.settles(() => found.boundingBox());
  await world.say("while you read", LONG);
  await page.getByRole("button", { name: /new message/ }).waitFor(world.WAIT);
  assert.ok(Math.abs((await found.boundingBox()).y - before.y) < 2);
  assert.equal(await world.findMessage(page, "while you read").count(), 0);

  const seen = new Set();
  let most = 0;
  for (let step = 0; step < 400 && !(await world.findMessage(page, "while you read").count()); step++) {
    const [place, shown, numbers] = await log.evaluate((box) => {
      box.scrollTop += 500;
      const rows = [...box.querySelectorAll("[data-item]")];
      const row = rows.find((each) => each.getBoundingClientRect().top > box.getBoundingClientRect().top);
      return [row.getBoundingClientRect().top, row.dataset.item, rows.map((each) => each.textContent.match(/line (\d+)\./)?.[1])];
    });
    await page.waitForTimeout(40);
    const now = await log.locator(`[data-item="${shown}"]`).evaluate((row) => row.getBoundingClientRect().top);
    assert.ok(Math.abs(now - place) < 2, `step ${step}: from ${place} to ${now}`);
    const known = numbers.filter(Boolean).map(Number);
    assert.deepEqual(known, Array.from(known, (_, index) => known[0] + index));
    known.forEach((number) => seen.add(number));
    most = Math.max(most, numbers.length);
  }
  for (let number = 100; number < MESSAGES; number++) assert.ok(seen.has(number) || number > MESSAGES - PAGE, line(number));
  assert.ok(most <= MAX_ITEMS + PAGE, `${most} rows`);
  await world.close(inbox);
});

test("an answer written in the past leads to the newest messages", async () => {
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  await page.getByRole("searchbox").fill("marzipan");
  await page.getByRole("region", { name: "Messages" }).getByRole("link", { name: /Lorenzo/ }).click();
  await world.findMessage(page, "The marzipan is late.").waitFor(world.WAIT);
  await page.getByRole("combobox", { name: "Reply" }).fill("It comes tomorrow.");
  await page.keyboard.press("Enter");
  await world.findMessage(page, "It comes tomorrow.").locator("[data-status=READ]").waitFor(world.WAIT);
  await isAtEnd(page);
  await world.findMessage(page, "line 699.").waitFor(world.WAIT);
  await page.getByRole("button", { name: /new message|newest/ }).waitFor(world.GONE);
  await page.getByRole("searchbox").fill("");
  await page.getByRole("link", { name: /Lorenzo/ }).filter({ hasNotText: "unread" }).waitFor(world.WAIT);
  // And back up to the beginning: all are there once.
  const { items } = await readPage(page);
  assert.equal(items.length, MESSAGES + 2);
  assert.ok((await world.timeline(page).getByRole("article").count()) <= MAX_ITEMS + PAGE);
  await world.close(inbox);
});

test("a long list of conversations keeps its place, and has a way to the top", async () => {
  const customers = Array.from({ length: 520 }, (_, number) => ({ from: String(16505560000 + number), name: `Row ${number}.` }));
  const start = Math.floor(Date.now() / 1000) - 2_000;
  await post(customers.map((customer, number) => ({ ...customer, type: "text", text: "hello", timestamp: String(start + number) })));
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  const list = page.getByRole("list", { name: "Conversations" });
  const stored = await listStored();
  await list.getByRole("link", { name: /Row \d+\./ }).first().waitFor(world.WAIT);
  const names = () =>
    list.evaluate((box) => {
      const top = box.parentElement.getBoundingClientRect().top;
      const rows = [...box.children].sort((one, other) => one.dataset.index - other.dataset.index);
      return rows
        .map((row) => [decodeURIComponent(row.querySelector("a").hash.slice("#/c/".length)), Math.round(row.getBoundingClientRect().top - top)])
        .filter(([, place]) => place >= 0);
    });
  const scroll = (pixels) => list.evaluate((box, by) => (box.parentElement.scrollTop += by), pixels);
  let last;
  for (let step = 0; step < 400 && last !== stored.at(-1); step++) {
    await scroll(600);
    await page.waitForTimeout(30);
    const shown = (await names()).map(([id]) => id);
    const first = stored.indexOf(shown[0]);
    assert.deepEqual(shown, stored.slice(first, first + shown.length));
    last = shown.at(-1);
  }
  assert.equal(last, stored.at(-1));
  await world.capture(page, "long-list");

  // A message to another conversation moves it to the top, and nothing that is in view.
  await scroll(-3_000);
  const before = await world.settles(names);
  await world.say("up", customers[400]);
  await page.waitForTimeout(1_000);
  assert.deepEqual(await names(), before);

  await page.getByRole("button", { name: "To the top" }).click();
  await list.getByRole("link", { name: /Row 400\./ }).waitFor(world.WAIT);
  await page.getByRole("button", { name: "To the top" }).waitFor({ ...world.WAIT, state: "detached" });
  await world.becomes(() => list.evaluate((box) => box.parentElement.scrollTop), 0);
  await world.checkAccess(page, "long list");
  await world.close(inbox);
});

test("scrolling as fast as the page is drawn reaches the end of a long list", async () => {
  const stored = await listStored();
  const inbox = await world.openInbox(browser);
  const { page } = inbox;
  const list = page.getByRole("list", { name: "Conversations" });
  await list.getByRole("link").first().waitFor(world.WAIT);
  await list.evaluate((element) => {
    const box = element.parentElement;
    const step = () => {
      box.scrollTop += 0.8 * box.clientHeight;
      requestAnimationFrame(step);
    };
    step();
  });
  await list.locator(`a[href="#/c/${encodeURIComponent(stored.at(-1))}"]`).waitFor(world.WAIT);
  await world.close(inbox);
});
