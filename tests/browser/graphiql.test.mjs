/**
 * GraphiQL in a real Chromium, against a running sandbox, with every host but 127.0.0.1 unresolvable.
 * Starts nothing but the browser: test_graphiql_browser.py starts the rest and names it in
 * WAGRAPH_URL, WAGRAPH_KEY and SANDBOX_URL. CHROMIUM is the browser, /usr/bin/chromium by default.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";

const { WAGRAPH_URL, WAGRAPH_KEY, SANDBOX_URL, CHROMIUM = "/usr/bin/chromium" } = process.env;
const HOST = new URL(WAGRAPH_URL).host;
const WAIT = { timeout: 10_000 };
const TABS = [
  "WhoAmI",
  "Accounts",
  "Inbox",
  "History",
  "SendText",
  "LiveMessages",
  "LiveStatuses",
  "MarkRead",
  "LiveEverything",
  "ResumeLive",
  "SearchMessages",
  "SendMedia",
  "SendButtons",
  "React",
  "Templates",
  "PreviewTemplate",
  "SendTemplate",
];

let browser;
let page;
let requests;
let complaints;

before(async () => {
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });
});

after(() => browser?.close());

beforeEach(async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  requests = [];
  complaints = [];
  context.on("request", (request) => requests.push(request.url()));
  page.on("websocket", (socket) => requests.push(socket.url()));
  page.on("pageerror", (error) => complaints.push(error.message));
  // Chromium reports here what the Content-Security-Policy has stopped.
  page.on("console", (line) => line.text().includes("Content Security") && complaints.push(line.text()));
});

afterEach(async () => {
  const elsewhere = requests.filter((url) => !url.startsWith("data:") && new URL(url).host !== HOST);
  assert.deepEqual(elsewhere, [], "the page asked another host");
  assert.deepEqual(complaints, []);
  await page.context().close();
});

async function open(key) {
  await page.goto(`${WAGRAPH_URL}/graphql${key ? `#key=${key}` : ""}`);
  await page.waitForSelector(".graphiql-query-editor .CodeMirror", WAIT);
}

const readTabs = () => page.locator(".graphiql-tab-button").allTextContents();
const press = () => page.click(".graphiql-execute-button");
const openTab = (title) => page.locator(".graphiql-tab-button", { hasText: title }).click();

async function readHeaders() {
  await page.click('.graphiql-editor-tools [data-name="headers"]');
  return page.evaluate(() => {
    const editors = document.querySelectorAll(".graphiql-editor-tool .CodeMirror");
    return JSON.parse([...editors].at(-1).CodeMirror.getValue());
  });
}

/** Waits until the answer pane holds a result that contains the text, and returns the result. */
async function waitForAnswer(text, options = WAIT) {
  const handle = await page.waitForFunction(
    (wanted) => {
      const answer = document.querySelector(".result-window .CodeMirror").CodeMirror.getValue();
      return answer.includes(wanted) && answer;
    },
    text,
    options,
  );
  return JSON.parse(await handle.jsonValue());
}

async function writeAsCustomer(text) {
  const answer = await fetch(`${SANDBOX_URL}/sandbox/inbound`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ from: "15550001111", name: "Browser Test", type: "text", text }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

test("the first example shows who the key of the address is", async () => {
  await open(WAGRAPH_KEY);

  await press();
  const { data } = await waitForAnswer('"viewer"');

  assert.equal(data.viewer.role, "ADMIN");
  assert.equal(await page.title(), "wagraph GraphiQL");
  assert.deepEqual(await readTabs(), TABS);
});

test("the key leaves the address bar and is in no request's address", async () => {
  await open(WAGRAPH_KEY);

  assert.equal(page.url(), `${WAGRAPH_URL}/graphql`);
  assert.deepEqual(await readHeaders(), { Authorization: `Bearer ${WAGRAPH_KEY}` });
  assert.deepEqual(requests.filter((url) => url.includes(WAGRAPH_KEY)), []);
});

test("a customer's message appears live", async () => {
  const text = "hello from the browser test";
  await open(WAGRAPH_KEY);
  await openTab("LiveMessages");
  const started = page.waitForEvent("websocket", WAIT).then((socket) =>
    socket.waitForEvent("framesent", { ...WAIT, predicate: ({ payload }) => payload.includes('"subscribe"') }),
  );
  await press();
  await started;

  // The protocol has no word for "subscribed": the first one may come too early.
  let event;
  for (let attempt = 0; attempt < 5 && !event; attempt += 1) {
    await writeAsCustomer(text);
    event = await waitForAnswer(text, { timeout: 2_000 }).catch((error) => {
      if (error.name !== "TimeoutError") throw error;
    });
  }

  const { message } = event.data.messageAdded;
  assert.deepEqual([message.direction, message.text], ["INBOUND", text]);
  assert.equal(message.contact.profileName, "Browser Test");
});

test("a reload keeps the tabs and the key", async () => {
  await open(WAGRAPH_KEY);
  await openTab("SendText");
  // GraphiQL stores its tabs half a second after the last change.
  await page.waitForFunction(
    () =>
      Object.entries(localStorage).some(
        ([name, state]) => name.endsWith("tabState") && JSON.parse(state).activeTabIndex === 4,
      ),
    undefined,
    WAIT,
  );

  await open();

  assert.deepEqual(await readTabs(), TABS);
  assert.equal(await page.textContent(".graphiql-tab-active .graphiql-tab-button"), "SendText");
  assert.deepEqual(await readHeaders(), { Authorization: `Bearer ${WAGRAPH_KEY}` });
});

test("a key entered in one tab reaches the others", async () => {
  await open();
  assert.match((await readHeaders()).Authorization, /^Bearer <.*>$/);

  await page.evaluate((key) => {
    const editors = document.querySelectorAll(".graphiql-editor-tool .CodeMirror");
    [...editors].at(-1).CodeMirror.setValue(JSON.stringify({ Authorization: `Bearer ${key}` }));
  }, WAGRAPH_KEY);
  // The key counts as entered after a pause in typing; the schema, refused before, is then fetched.
  await page.waitForResponse((response) => response.ok() && response.request().method() === "POST", WAIT);
  await openTab("Inbox");
  await press();

  assert.ok(Array.isArray((await waitForAnswer('"conversations"')).data.conversations.edges));
});

test("a refused key ends the live connection with a reason", async () => {
  await open("wag_not_a_key");
  await openTab("LiveMessages");

  await press();
  const { errors } = await waitForAnswer('"errors"');

  assert.match(errors[0].message, /API key/);
});
