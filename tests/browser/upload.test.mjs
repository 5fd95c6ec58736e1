// @wagraph/client's upload in a real Chromium, whose XMLHttpRequest reports what it sent.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ask, KEY, launch, SERVER } from "./inbox/world.mjs";

const MODULES = fileURLToPath(new URL("../../clients/typescript/dist", import.meta.url));
const MEGABYTE = 1_000_000;
const UPLOAD = /* GraphQL */ `
  mutation Upload($accountId: ID!, $file: Upload!) {
    uploadMedia(input: { accountId: $accountId, file: $file }) {
      upload { kind sizeBytes }
      userErrors { code message }
    }
  }
`;
let browser;
let page;
let accountId;

before(async () => {
  browser = await launch();
  const context = await browser.newContext({ bypassCSP: true });
  page = await context.newPage();
  await page.route(`${SERVER}/client/**`, (route) =>
    route.fulfill({ path: MODULES + new URL(route.request().url()).pathname.slice("/client".length) }),
  );
  await page.goto(`${SERVER}/healthz`);
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  const [latency, downloadThroughput] = [0, -1];
  const slow = { offline: false, latency, downloadThroughput, uploadThroughput: 2 * MEGABYTE };
  await network.send("Network.emulateNetworkConditions", slow);
  accountId = (await ask("{ accounts(first: 1) { nodes { id } } }")).accounts.nodes[0].id;
});
after(() => browser.close());

/** Uploads a text of 3 MB in the page. Aborts it once it has reported `abortAt`, or before if that is negative. */
const run = (abortAt) =>
  page.evaluate(
    async ({ url, key, query, accountId, size, abortAt }) => {
      const { upload } = await import("/client/upload.js");
      const file = new File(["a".repeat(size)], "notes.txt", { type: "text/plain" });
      const shares = [];
      const ending = new AbortController();
      if (abortAt < 0) ending.abort();
      const onProgress = (share) => {
        shares.push(share);
        if (share >= abortAt) ending.abort();
      };
      const options = { onProgress, signal: ending.signal };
      const result = await upload(url, async () => key, { query, variables: { accountId, file } }, options).then(
        ({ data, errors }) => ({ data, errors }),
        (error) => ({ failure: error.name }),
      );
      return { shares, ...result };
    },
    { url: `${SERVER}/graphql`, key: KEY, query: UPLOAD, accountId, size: 3 * MEGABYTE, abortAt },
  );

test("an upload reports its progress", async () => {
  const { shares, data } = await run(2);

  assert.deepEqual(data.uploadMedia, { upload: { kind: "DOCUMENT", sizeBytes: 3 * MEGABYTE }, userErrors: [] });
  assert.ok(shares.length > 2, `${shares}`);
  assert.ok(shares[0] < 0.9, `${shares}`);
  assert.deepEqual(shares, shares.toSorted((one, other) => one - other));
  assert.equal(shares.at(-1), 1);
});

test("an aborted upload ends at once", async () => {
  const { shares, failure } = await run(0.01);

  assert.equal(failure, "AbortError");
  assert.ok(shares.at(-1) < 1, `${shares}`);
  assert.deepEqual(await run(-1), { shares: [], failure: "AbortError" });
});
