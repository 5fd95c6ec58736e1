/**
 * The inbox in a real Chromium against a running sandbox, with every host but 127.0.0.1 unresolvable.
 * Starts nothing but the browser; see test_inbox_browser.py for the rest.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { chromium } from "playwright-core";

const { WAGRAPH_URL, WAGRAPH_KEY, SANDBOX_URL, SCREENSHOTS, CHROMIUM = "/usr/bin/chromium" } = process.env;
export const KEY = WAGRAPH_KEY;
export const SERVER = WAGRAPH_URL;
export const SANDBOX = SANDBOX_URL;
export const WAIT = { timeout: 30_000 };
export const GONE = { ...WAIT, state: "detached" };

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

export const launch = (...args) =>
  chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      // A microphone that hums, for voice messages.
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ...args,
    ],
  });

/**
 * Opens a window of its own, as a person with a link would. `origins` are those that the page may ask,
 * and `complaints` collects what must not be.
 */
export async function openWindow(browser, address, { origins, width = 1440, height = 900, theme = "light", locale = "en-GB", permissions = [] } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    hasTouch: width < 500,
    locale,
    permissions,
  });
  const page = await context.newPage();
  const complaints = [];
  context.on("request", (request) => {
    const isOwn = /^(data|blob):/.test(request.url()) || origins.includes(new URL(request.url()).origin);
    if (!isOwn) complaints.push(`The page asked ${request.url()}`);
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (line) => ["error", "warning"].includes(line.type()) && complaints.push(line.text()));
  await page.goto(address);
  return { page, complaints };
}

export async function openInbox(browser, { key = WAGRAPH_KEY, url = WAGRAPH_URL, ...options } = {}) {
  const inbox = await openWindow(browser, `${url}/${key ? `#key=${key}` : ""}`, { origins: [url], ...options });
  if (key) await inbox.page.getByRole("heading", { name: "Conversations" }).waitFor(WAIT);
  return inbox;
}

/** Opens the customers' phones. */
export const openPhone = (browser, options) =>
  openWindow(browser, `${SANDBOX_URL}/`, { origins: [SANDBOX_URL], ...options });

/** Removes what Chromium says about requests that failed with their network. */
export function forgiveCuts(complaints) {
  const others = complaints.filter((line) => !/net::ERR|WebSocket connection/.test(line));
  complaints.splice(0, Infinity, ...others);
}

export async function close({ page, complaints }) {
  await page.context().close();
  assert.deepEqual(complaints, []);
}

/** A network to the server that can be cut. Some proxies block WebSockets. */
export async function openNetwork({ server = WAGRAPH_URL, blocksSockets = false } = {}) {
  const { port, hostname } = new URL(server);
  const sockets = new Set();
  let isDown = false;
  const cut = () => sockets.forEach((socket) => socket.destroy());
  const proxy = net.createServer((incoming) => {
    if (isDown) return incoming.destroy();
    if (blocksSockets) incoming.on("data", (chunk) => /upgrade: websocket/i.test(chunk) && incoming.destroy());
    const outgoing = net.connect(Number(port), hostname);
    for (const [from, to] of [[incoming, outgoing], [outgoing, incoming]]) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => to.destroy()).on("close", () => (to.destroy(), sockets.delete(from)));
    }
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    cut,
    goDown() {
      isDown = true;
      cut();
    },
    comeBack: () => (isDown = false),
    close: () => (proxy.close(), cut()),
  };
}

/** Keeps a picture of the page if SCREENSHOTS names a folder. */
export const capture = async (page, name) => SCREENSHOTS && page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });

/**
 * Calls `read` until `check` accepts the value, which it returns; the last failure of either is the failure. The page
 * changes by itself, so that a value which is read once may be too old, or of an element that was just replaced.
 */
export async function retry(read, check, { timeout } = WAIT) {
  for (const end = Date.now() + timeout; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    try {
      const value = await read();
      await check(value);
      return value;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
}

/** Waits until `read` returns the value. */
export const becomes = (read, expected) => retry(read, (value) => assert.deepEqual(value, expected));

/** Waits until `read` returns a true value, and returns it. */
export const until = (read) => retry(read, (value) => assert.ok(value, String(read)));

/** Waits until as many elements are there. */
export const hasCount = (locator, count) => becomes(() => locator.count(), count);

/** Waits until the elements have these texts, in this order. */
export const hasTexts = (locator, texts) => becomes(() => locator.allTextContents(), texts);

/** Waits until the field has the value. */
export const hasValue = (field, value) => becomes(() => field.inputValue(), value);

/** Fills all fields of a form, which are there at once. */
export async function fillAll(fields, text) {
  await fields.first().waitFor(WAIT);
  for (let index = await fields.count(); index-- > 0; ) await fields.nth(index).fill(text);
}

/** Waits until the element has the focus. */
export const hasFocus = (locator) => until(() => locator.evaluate((element) => element === document.activeElement));

/** Waits until the whole element can be seen, or a part of it. */
export const isInView = (locator, { part = false } = {}) =>
  until(() =>
    locator.evaluate((element, isPart) => {
      const { top, bottom } = element.getBoundingClientRect();
      return isPart ? bottom > 0 && top < innerHeight : top > 0 && bottom < innerHeight;
    }, part),
  );

/** Lets the newest row of a timeline grow, as a picture that arrives, while a scroll event is still to come. */
export const grows = (timeline) =>
  timeline.evaluate((box) => {
    box.scrollTop -= 1;
    const rows = box.querySelectorAll("[data-item], .row");
    rows[rows.length - 1].style.minHeight = "300px";
  });

/** Waits until a timeline shows its end. */
export const isAtEnd = (timeline) =>
  until(() => timeline.evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight < 2));

/** Waits until `read` returns the same value twice in a row, and returns it. */
export async function settles(read) {
  let last;
  return retry(read, (value) => {
    const before = last;
    last = value;
    assert.deepEqual(value, before);
  });
}

/** A duration of at least so many seconds, as players and recorders show it. */
export const lasts = (seconds, label = "") => new RegExp(`^${label}(0:0[${seconds}-9]|0:[1-5]\\d|[1-9]\\d*:\\d\\d)$`);

/** Asks the server itself, past the page. */
export async function ask(query, variables = {}, key = WAGRAPH_KEY) {
  const answer = await fetch(`${WAGRAPH_URL}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

/** Makes Meta give a number to its token, so that it can be connected; takes the input of `createAccount`. */
export const grantNumber = ({ name = "Sandbox number", phoneNumberId, businessAccountId, accessToken, appSecret }) =>
  post("numbers", {
    phone_number_id: phoneNumberId,
    business_account_id: businessAccountId,
    access_token: accessToken,
    verified_name: name,
    ...(appSecret && { app_secret: appSecret }),
  });

/** Writes as a customer, by a signed webhook. Returns the sandbox's answer. */
export async function say(message, customer = { from: "16505551234", name: "Sheena Nelson" }) {
  const described = typeof message === "string" ? { type: "text", text: message } : message;
  const answer = await fetch(`${SANDBOX_URL}/sandbox/inbound`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...customer, ...described }),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

export const post = (path, body, method = "POST") =>
  fetch(`${SANDBOX_URL}/sandbox/${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

/** Scrolls the list until the conversation is in it, as a person does; only the rows in view are drawn. */
const scrollTo = async (list, link) => {
  await list.getByRole("link").first().waitFor(WAIT);
  for (const end = Date.now() + WAIT.timeout; Date.now() < end && !(await link.count()); ) {
    await list.evaluate(({ parentElement: box }) => {
      const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 1;
      box.scrollTop = isAtEnd ? 0 : box.scrollTop + 0.8 * box.clientHeight;
    });
    await new Promise((done) => setTimeout(done, 100));
  }
};

export const openConversation = async (page, name) => {
  const list = page.getByRole("list", { name: "Conversations" });
  const link = list.getByRole("link", { name });
  await scrollTo(list, link);
  await link.click();
  await page.getByRole("heading", { name, level: 2 }).first().waitFor(WAIT);
};

/** The messages, notes and changes that the page shows. */
export const timeline = (page) => page.getByRole("log", { name: "Messages" });
export const findMessage = (page, text) => timeline(page).getByRole("article").filter({ hasText: text });

export const PICTURE = {
  name: "shop.png",
  mimeType: "image/png",
  buffer: Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC",
    "base64",
  ),
};

/** Raises if axe finds anything on the page. Frames show pages that are checked themselves. */
export async function checkAccess(page, name) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const violations = await page.evaluate(async (rules) => {
    // A colour on its way to another one is no fault.
    const moving = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < Infinity);
    await Promise.allSettled(moving.map(({ finished }) => finished));
    return (await window.axe.run(document, { runOnly: rules, iframes: false, resultTypes: ["violations"] })).violations;
  }, RULES);
  const found = violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes.map(({ html }) => html).join("\n")}`);
  assert.deepEqual(found, []);
}
