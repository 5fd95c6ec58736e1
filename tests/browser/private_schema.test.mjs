/**
 * GraphiQL against a server that does not show its schema. As graphiql.test.mjs, which see.
 */
import { test } from "node:test";
import { chromium } from "playwright-core";

const { WAGRAPH_URL, WAGRAPH_KEY, CHROMIUM = "/usr/bin/chromium" } = process.env;
const WAIT = { timeout: 20_000 };

test("a schema that is kept private is said, and operations run without it", async () => {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`${WAGRAPH_URL}/graphql#key=${WAGRAPH_KEY}`);
    await page.waitForSelector(".graphiql-query-editor .CodeMirror", WAIT);
    const waitForAnswer = (text) =>
      page.waitForFunction(
        (wanted) =>
          document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue().includes(wanted),
        text,
        WAIT,
      );

    await waitForAnswer("Introspection is disabled on this server.");
    await page.click('[aria-label="Show Documentation Explorer"]');
    await page.getByText("Error fetching schema").waitFor(WAIT);
    await page.screenshot({ path: `${process.env.SCREENSHOTS ?? "."}/graphiql-private.png` });

    await page.click(".graphiql-execute-button");
    await waitForAnswer('"role": "ADMIN"');
  } finally {
    await browser.close();
  }
});
