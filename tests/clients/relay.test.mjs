// Relay: its compiler takes the schema, and its runtime runs what it made.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import compiler from "relay-compiler";
import relay from "relay-runtime";
import { createRelay } from "./build/guide/relay.js";
import { upload } from "@wagraph/client";
import * as world from "./world.mjs";

const require = createRequire(import.meta.url);
const sockets = [];
const made = {};
let folder;
let network;
let conversationId;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "wagraph-relay-"));
  compile();
  network = await world.openNetwork();
  conversationId = await world.fillInbox();
});
after(() => {
  sockets.forEach((socket) => socket.dispose());
  network?.close();
  rmSync(folder, { recursive: true });
});

function compile() {
  const here = fileURLToPath(new URL(".", import.meta.url));
  mkdirSync(join(folder, "src"));
  copyFileSync(join(here, "relay", "operations.js"), join(folder, "src", "operations.js"));
  copyFileSync(join(here, "..", "..", "schema.graphql"), join(folder, "schema.graphql"));
  const config = { src: "src", schema: "schema.graphql", language: "javascript", eagerEsModules: false };
  writeFileSync(join(folder, "relay.config.json"), JSON.stringify(config));
  execFileSync(compiler, ["--noWatchman"], { cwd: folder, stdio: "pipe" });
  for (const name of ["InboxQuery", "InboxPageQuery", "Inbox", "SendMutation", "UploadMutation", "LiveSubscription"]) {
    const file = join(folder, "src", "__generated__", `operations${name}.graphql.js`);
    made[name] = require(file);
  }
}

function connect(key = world.ADMIN_KEY) {
  const socket = world.openFast(network, key);
  sockets.push(socket);
  return createRelay(network.url, world.giveKey(key), socket);
}

function readInbox(environment, variables) {
  const { getRequest, createOperationDescriptor, getSingularSelector } = relay;
  const operation = createOperationDescriptor(getRequest(made.InboxQuery), variables);
  const { data } = environment.lookup(operation.fragment);
  return environment.lookup(getSingularSelector(made.Inbox, data)).data.conversations;
}

test("queries, and pages into one connection", async () => {
  const environment = connect();
  const variables = { first: 5, after: null };
  const query = (document, asked) => relay.fetchQuery(environment, document, asked).toPromise();
  const operation = relay.createOperationDescriptor(relay.getRequest(made.InboxQuery), variables);
  environment.retain(operation);
  await query(made.InboxQuery, variables);
  let inbox = readInbox(environment, variables);
  while (inbox.pageInfo.hasNextPage) {
    await query(made.InboxPageQuery, { first: 5, after: inbox.pageInfo.endCursor });
    inbox = readInbox(environment, variables);
  }
  const ids = inbox.edges.map(({ node }) => node.id);
  assert.equal(ids.length, world.CUSTOMERS);
  assert.equal(new Set(ids).size, world.CUSTOMERS);
});

function mutate(environment, to, body) {
  const variables = { input: { to, content: { text: { body } } } };
  return new Promise((onCompleted, onError) =>
    relay.commitMutation(environment, {
      mutation: made.SendMutation,
      variables,
      onCompleted: (response, errors) => onCompleted({ ...response, errors }),
      onError,
    }),
  );
}

test("mutates, and refusals are data", async () => {
  const environment = connect();
  const sent = await mutate(environment, { conversationId }, "by Relay");
  assert.equal(sent.sendMessage.message.text, "by Relay");

  const refused = await mutate(environment, { conversationId: "nobody" }, "hello");
  assert.equal(refused.sendMessage.userErrors[0].code, "NOT_FOUND");
});

test("errors have codes", async () => {
  for (const [key, code] of [[world.VIEWER_KEY, "FORBIDDEN"], ["wag_wrong", "UNAUTHENTICATED"]]) {
    // A wrong credential fails the request; a missing right only the field, which is then null.
    const { errors } = await mutate(connect(key), { conversationId }, "hello").catch(({ source }) => source);
    assert.equal(errors[0].extensions.code, code);
  }
});

test("after a cut it goes on where it was", async () => {
  const environment = connect();
  await world.checkReconnect(network, (cursor, onText) => {
    const { dispose } = relay.requestSubscription(environment, {
      subscription: made.LiveSubscription,
      variables: { after: cursor },
      onNext: ({ events }) => events.__typename === "MessageAdded" && onText(events.message.text),
      onError: assert.ifError,
    });
    return dispose;
  });
});

test("uploads", async () => {
  const variables = { accountId: await world.findAccount(), file: null };
  const response = await new Promise((onCompleted, onError) =>
    relay.commitMutation(connect(), {
      mutation: made.UploadMutation,
      variables,
      uploadables: { file: world.PICTURE },
      onCompleted,
      onError,
    }),
  );
  world.checkUpload(response.uploadMedia);
});

test("without any client files are uploaded, too", async () => {
  const variables = { accountId: await world.findAccount(), file: world.PICTURE };
  const shares = [];
  const onProgress = (share) => shares.push(share);
  const operation = { query: world.UPLOAD, variables };
  const { data } = await upload(network.url, world.giveKey(world.ADMIN_KEY), operation, { onProgress });

  world.checkUpload(data.uploadMedia);
  assert.equal(shares.at(-1), 1);
});
