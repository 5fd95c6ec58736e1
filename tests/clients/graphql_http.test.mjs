// The audit of the GraphQL over HTTP specification.

import assert from "node:assert/strict";
import { test } from "node:test";
import { serverAudits } from "graphql-http";
import { SERVER_URL } from "./world.mjs";

const audits = serverAudits({ url: `${SERVER_URL}/graphql` });

test("the audit has 61 points", () => assert.equal(audits.length, 61));

for (const { id, name, fn } of audits) {
  test(`${id} ${name}`, async () => {
    const result = await fn();
    assert.equal(result.status, "ok", result.reason);
  });
}
