/**
 * GraphiQL against a server that does not show its schema. As graphiql.test.mjs, which see.
 */
import { test } from "node:test";
import { capture, launch, WAIT } from "./inbox/world.mjs";

const { WAGRAPH_URL, WAGRAPH_KEY } = process.env;

test("a schema that is kept private is said, and operations run without it", async () => {
  const browser = await launch();
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
    await capture(page, "graphiql-private");

    await page.click(".graphiql-execute-button");
    await waitForAnswer('"role": "ADMIN"');
  } finally {
    await browser.close();
  }
});
