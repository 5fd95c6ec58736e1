/** Measures the inbox in Chromium, and prints the figures as JSON. Started by bench/cases/inbox_page.py. */
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../tests/browser/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const { env } = process;
const LONG = JSON.parse(env.LONG);
const OTHERS = JSON.parse(env.OTHERS);
const LONG_URL = `#/c/${encodeURIComponent(LONG.id)}`;
const WAIT = { timeout: 30_000 };
/** Of a busy team: one each three seconds. */
const HOUR_MESSAGES = 1_200;
/** The page keeps about so many messages of a conversation. */
const KEPT_MESSAGES = 400;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const note = (text) => console.error(`  ${text}`);

function quantile(values, share) {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] * 10) / 10;
}

let number = 0;

/** A customer writes: a signed webhook of Meta's form. Returns the time at which it was sent. */
async function say(customer, text) {
  const value = {
    messaging_product: "whatsapp",
    metadata: { display_phone_number: env.DISPLAY_NUMBER, phone_number_id: env.PHONE_NUMBER_ID },
    contacts: [{ profile: { name: customer.name }, wa_id: customer.waId }],
    messages: [
      { from: customer.waId, id: `wamid.PAGE${number++}`, timestamp: String(Math.floor(Date.now() / 1000)), type: "text", text: { body: text } },
    ],
  };
  const body = JSON.stringify({
    object: "whatsapp_business_account",
    entry: [{ id: env.BUSINESS_ACCOUNT_ID, changes: [{ value, field: "messages" }] }],
  });
  const signature = createHmac("sha256", env.APP_SECRET).update(body).digest("hex");
  const sentAt = Date.now();
  const answer = await fetch(`${env.URL}/webhooks/whatsapp`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` },
    body,
  });
  if (!answer.ok) throw new Error(`The webhook got ${answer.status}.`);
  return sentAt;
}

const browser = await chromium.launch({
  executablePath: env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--js-flags=--expose-gc"],
});

async function open(hash = `#key=${env.KEY}`) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB" });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      if (window.firstRowAt || !document.querySelector("li[data-index] a")) return;
      requestAnimationFrame(() => setTimeout(() => (window.firstRowAt ??= performance.now())));
    });
    observer.observe(document, { childList: true, subtree: true });
  });
  await page.goto(`${env.URL}/${hash}`);
  await page.waitForFunction(() => window.firstRowAt, null, WAIT);
  return page;
}

/** Milliseconds from the navigation to the first rows, with an empty cache. */
async function measureFirstView() {
  const times = [];
  for (let turn = 0; turn < 5; turn++) {
    const page = await open();
    times.push(await page.evaluate(() => window.firstRowAt));
    await page.context().close();
  }
  return { first_view_p50_ms: quantile(times, 0.5), first_view_max_ms: quantile(times, 1) };
}

/** Milliseconds from sending the webhook to the frame with its text. */
async function measurePixel(page) {
  await page.evaluate(() => {
    window.drawnAt = new Map();
    new MutationObserver((changes) => {
      for (const node of changes.flatMap(({ addedNodes }) => [...addedNodes])) {
        const [text] = node.textContent?.match(/pixel \d+\./) ?? [];
        if (text) requestAnimationFrame(() => setTimeout(() => window.drawnAt.set(text, performance.timeOrigin + performance.now())));
      }
    }).observe(document.querySelector("[role=log]"), { childList: true, subtree: true });
  });
  const times = [];
  for (let turn = 0; turn < 60; turn++) {
    const text = `pixel ${turn}.`;
    const sentAt = await say(LONG, text);
    const drawnAt = await (await page.waitForFunction((key) => window.drawnAt.get(key), text, WAIT)).jsonValue();
    times.push(drawnAt - sentAt);
    await pause(100);
  }
  return times;
}

/** Milliseconds from a key to the frame that shows it. */
async function measureTyping(page, keys = 60) {
  const field = page.getByRole("combobox", { name: "Reply" });
  await field.focus();
  await page.evaluate(() => {
    window.keyTimes = [];
    document.activeElement.addEventListener("keydown", ({ timeStamp }) =>
      requestAnimationFrame(() => setTimeout(() => window.keyTimes.push(performance.now() - timeStamp))),
    );
  });
  for (let key = 0; key < keys; key++) {
    await page.keyboard.press(key % 6 === 5 ? "Space" : "abcde"[key % 6]);
    await pause(40);
  }
  const times = await page.evaluate(() => window.keyTimes);
  await field.fill("");
  return times;
}

const typing = (name, times) => ({ [`typing_${name}_p50_ms`]: quantile(times, 0.5), [`typing_${name}_p95_ms`]: quantile(times, 0.95) });

/** Megabytes of the page's heap after a garbage collection. */
async function readHeap(page) {
  const cdp = await page.context().newCDPSession(page);
  for (let turn = 0; turn < 3; turn++) await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  await cdp.detach();
  return usedSize / 2 ** 20;
}

/** The client keeps to the budget of its key, so 10,000 messages take about five minutes. */
const SCROLL_MILLISECONDS = 600_000;

/** Scrolls until `isDone`, a step each frame. Returns seconds and the longest time between two frames. */
const scroll = (page, selector, direction, isDone) =>
  page.evaluate(
    async ([selector, direction, isDone, milliseconds]) => {
      const box = document.querySelector(selector);
      const done = new Function("box", `return ${isDone}`);
      const started = performance.now();
      let [longest, last] = [0, started];
      while (!done(box) && performance.now() - started < milliseconds) {
        box.scrollTop += direction * box.clientHeight * 0.8;
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
      }
      return { seconds: (performance.now() - started) / 1000, longest, isDone: done(box) };
    },
    [selector, direction, isDone, SCROLL_MILLISECONDS],
  );

/** A quarter of the messages are in the open conversation. */
const chooseCustomer = (turn) => (turn % 4 ? OTHERS[turn % OTHERS.length] : LONG);

/** Messages of customers. Returns the seconds they took. */
async function talk(seconds, count, choose = chooseCustomer) {
  const started = Date.now();
  for (let turn = 0; turn < count; turn++) {
    await say(choose(turn), `traffic ${turn} of a busy hour`);
    await pause(started + (turn * seconds * 1000) / count - Date.now());
  }
  return (Date.now() - started) / 1000;
}

const figures = {};
async function measure(name, work) {
  const added = await work();
  Object.assign(figures, added);
  note(`${name}: ${JSON.stringify(added)}`);
}

await measure("first view", measureFirstView);
const page = await open();
await page.evaluate((hash) => (location.hash = hash), LONG_URL);
await page.getByRole("log").getByRole("article").first().waitFor(WAIT);
await pause(1_500);
await measure("pixel", async () => {
  const times = await measurePixel(page);
  return { pixel_p50_ms: quantile(times, 0.5), pixel_p95_ms: quantile(times, 0.95) };
});
await measure("typing", async () => typing("first", await measureTyping(page)));
await measure("hour", async () => {
  await talk(KEPT_MESSAGES / 20, KEPT_MESSAGES, () => LONG);
  await pause(2_000);
  const before = await readHeap(page);
  const seconds = await talk(Number(env.LIVE_SECONDS), HOUR_MESSAGES);
  await pause(2_000);
  const after = await readHeap(page);
  return { hour_s: seconds, hour_messages: HOUR_MESSAGES, heap_mb: before, heap_after_hour_mb: after, heap_growth_percent: (after / before - 1) * 100 };
});
await measure("history", async () => {
  const { seconds, longest, isDone } = await scroll(page, "[role=log]", -1, "box.textContent.includes('The conversation begins here')");
  return { history_s: seconds, history_longest_frame_ms: longest, history_complete: String(isDone), heap_history_mb: await readHeap(page) };
});
await measure("typing after history", async () => typing("history", await measureTyping(page)));
await measure("rows", async () => {
  await page.evaluate(() => {
    const seen = new Set();
    window.countRows = () => {
      document.querySelectorAll("li[data-index] a").forEach((link) => seen.add(link.hash));
      return seen.size;
    };
  });
  const { seconds, longest } = await scroll(page, "div:has(> ul[aria-label=Conversations])", 1, `countRows() >= ${env.ROWS}`);
  const rows = await page.evaluate(() => window.countRows());
  return { rows_seen: rows, rows_s: seconds, rows_longest_frame_ms: longest, heap_rows_mb: await readHeap(page) };
});
await measure("typing after rows", async () => {
  const live = talk(8, 50);
  const times = await measureTyping(page, 100);
  await live;
  return typing("rows_live", times);
});
await browser.close();
console.log(JSON.stringify(figures));
