// Two windows whose network is cut, whose server restarts and whose tab sleeps while messages and statuses come:
// in the end they show what the database has. Run by test_cuts_browser.py, which restarts the server.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import * as world from "./world.mjs";
import { createKey } from "./administration.mjs";
import { readPage } from "./page_reader.mjs";

const { RESTARTED_URL, RESTARTER_URL, CUTS = "60", MESSAGES = "200", RESTARTS = "2" } = process.env;
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);
const CUSTOMERS = Array.from({ length: 6 }, (_, number) => ({ from: `1650555710${number}`, name: `Cut Customer ${number}` }));
const BUSY = CUSTOMERS[0];
/** The longest time between two faults of a window: less than a reconnect takes, or time for some events. */
const PAUSE = 900;
/** On a busy machine it is so many times that of a request. Otherwise there would be one long outage instead of many cuts. */
const REQUESTS_IN_PAUSE = 12;
const SETTLE = { timeout: 180_000 };

const random = makeRandom(SEED);
const pick = (list) => list[Math.floor(random() * list.length)];
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const restarter = (path) => fetch(`${RESTARTER_URL}/${path}`, { method: "POST" }).then(({ status }) => assert.equal(status, 204));
const count = { cut: 0, outage: 0, sleep: 0, restart: 0 };
let longestPause = PAUSE;

/** Milliseconds of a request while both windows are open and all restarted processes are there. */
async function measureRequest() {
  const started = Date.now();
  for (let turn = 0; turn < 10; turn++) await world.ask("{ viewer { role } }");
  return (Date.now() - started) / 10;
}

let browser;
let windows;
before(async () => {
  browser = await world.launch();
  // Statuses within a second, so that they come between the cuts, too.
  await fetch(`${world.SANDBOX}/sandbox/settings`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sent_delay: 0.05, delivered_delay: 0.1, read_delay: 0.3 }),
  });
  for (const customer of CUSTOMERS) await world.say(`Hello from ${customer.name}`, customer);
  windows = await Promise.all(["Ana", "Ben"].map(openWindow));
});
after(async () => {
  windows?.forEach(({ network }) => network.close());
  await browser?.close();
});

/** Each agent has a key, as its requests count against the limits of the key. */
async function openWindow(name) {
  const network = await world.openNetwork({ server: RESTARTED_URL });
  const { token } = await createKey({ name });
  const inbox = await world.openInbox(browser, { url: network.url, key: token });
  await world.openConversation(inbox.page, BUSY.name);
  await world.findMessage(inbox.page, `Hello from ${BUSY.name}`).waitFor(world.WAIT);
  return { ...inbox, network, cdp: await inbox.page.context().newCDPSession(inbox.page) };
}

const FAULTS = {
  async cut({ network }) {
    network.cut();
  },
  async outage({ network }) {
    network.goDown();
    await pause(random() * 600);
    network.comeBack();
  },
  /** The tab runs nothing; in half of the cases its network goes away meanwhile. */
  async sleep({ network, cdp }) {
    await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
    await pause(random() * 800);
    if (random() < 0.5) network.cut();
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
  },
};
const KINDS = ["cut", "cut", "cut", "outage", "outage", "sleep"];
const written = [];

/** Faults of one window, and between them what its user does. */
async function useWindow(window, number) {
  while (count.cut + count.outage + count.sleep < Number(CUTS)) {
    const kind = pick(KINDS);
    count[kind] += 1;
    await FAULTS[kind](window);
    await pause(random() * longestPause);
    if (random() < 0.2) await (number === 0 ? write(window) : lookElsewhere(window));
  }
}

async function write({ page }) {
  const text = `typed ${written.length}`;
  written.push(text);
  await page.getByRole("combobox", { name: "Reply" }).fill(text);
  await page.keyboard.press("Enter");
}

/** The list may be drawn anew under the pointer, so that the click is one of the program. */
async function lookElsewhere({ page }) {
  const customer = pick(CUSTOMERS);
  const link = page.getByRole("list", { name: "Conversations" }).getByRole("link", { name: customer.name });
  await link.dispatchEvent("click", {}, world.WAIT);
}

const SEND = `mutation Send($input: SendMessageInput!) {
  sendMessage(input: $input) { message { conversation { id } } userErrors { message } }
}`;

async function talk(busyId) {
  for (let number = 0; number < Number(MESSAGES); number++) {
    if (number % 4 === 0) {
      const input = { to: { conversationId: busyId }, content: { text: { body: `answer ${number}` } } };
      assert.deepEqual((await world.ask(SEND, { input })).sendMessage.userErrors, []);
    } else await world.say(`message ${number}`, number % 2 ? BUSY : pick(CUSTOMERS));
    // As long as the faults last.
    const share = (count.cut + count.outage + count.sleep) / Number(CUTS);
    if (number / Number(MESSAGES) > share) await pause(random() * longestPause);
  }
}

async function restart() {
  for (const kind of Array.from({ length: Number(RESTARTS) }, (_, number) => (number % 2 ? "kill" : "stop"))) {
    const share = (count.restart + 1) / (Number(RESTARTS) + 1);
    while ((count.cut + count.outage + count.sleep) / Number(CUTS) < share) await pause(50);
    await restarter(kind);
    await restarter("start");
    count.restart += 1;
  }
}

const STORED = `query Stored($filters: [ConversationFilter!]!) {
  conversations(filter: { statuses: [OPEN] }, first: 100) {
    nodes { id unreadCount contact { profileName } lastMessage { status direction } }
  }
  conversationCounts(filters: $filters) { value }
}`;
const TIMELINE = `query Timeline($id: ID!, $after: String) {
  conversation(id: $id) {
    timeline(first: 100, after: $after) {
      nodes { id ... on Message { direction status text } }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

async function readStored(busyId) {
  const filters = [
    { statuses: ["OPEN"] },
    { statuses: ["OPEN"], assignee: { none: true } },
    { unread: true },
    { statuses: ["OPEN"], waiting: true },
    { statuses: ["CLOSED"] },
  ];
  const { conversations, conversationCounts } = await world.ask(STORED, { filters });
  const items = [];
  for (let after = null; ; ) {
    const { nodes, pageInfo } = (await world.ask(TIMELINE, { id: busyId, after })).conversation.timeline;
    items.push(...nodes);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  const tick = (message) => (message?.direction === "OUTBOUND" ? message.status : null);
  return {
    rows: conversations.nodes.map(({ id, unreadCount, lastMessage }) => [id, unreadCount, tick(lastMessage)]),
    counts: conversationCounts.map(({ value }) => value),
    items: items.toReversed().map((item) => [item.id, tick(item)]),
    texts: items.toReversed().flatMap(({ text }) => (text?.startsWith("typed ") ? [text] : [])),
  };
}

/** Compares the page with the database until they are equal; the last difference is the failure. */
async function settle({ page }, busyId) {
  for (const deadline = Date.now() + SETTLE.timeout; ; await pause(300)) {
    const shown = await readPage(page);
    const { texts, ...stored } = await readStored(busyId);
    try {
      assert.deepEqual(shown, stored);
      return texts;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

test(`${CUTS} cuts, sleeps and restarts leave nothing out, double or wrong (SEED=${SEED})`, async () => {
  const started = Date.now();
  const { conversations } = await world.ask(STORED, { filters: [{}] });
  const busyId = conversations.nodes.find(({ contact }) => contact.profileName === BUSY.name).id;
  longestPause = Math.max(PAUSE, REQUESTS_IN_PAUSE * (await measureRequest()));
  await Promise.all([...windows.map(useWindow), talk(busyId), restart()]);
  const faulty = Date.now() - started;

  for (const window of windows) {
    await world.openConversation(window.page, BUSY.name);
    const texts = await settle(window, busyId);
    assert.deepEqual(texts, written);
  }
  console.log(JSON.stringify({ ...count, written: written.length, longestPause, faulty, settled: Date.now() - started - faulty }));
  for (const { page, complaints, network } of windows) {
    world.forgiveCuts(complaints);
    await world.close({ page, complaints });
    network.close();
  }
});

/** Mulberry32: the same faults for the same seed, as far as the machine's speed allows. */
function makeRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
