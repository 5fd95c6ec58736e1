// The contender: graphql-yoga with graphql-ws on the Node driver, in one process, on wagraph's own
// database. Settings are wagraph's environment variables. It has no dispatcher, downloads no media
// and serves nothing beyond what the compared operations need.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";
import { authenticate } from "./access.mjs";
import { openDatabase } from "./database.mjs";
import { createLoaders } from "./loaders.mjs";
import { queryResolvers } from "./resolvers.mjs";

process.env.NODE_ENV ??= "production";
const { MONGODB_URI, MONGODB_DATABASE, HOST, PORT } = process.env;

const database = await openDatabase(MONGODB_URI, MONGODB_DATABASE);

const schema = createSchema({
  typeDefs: readFileSync(new URL("../../schema.graphql", import.meta.url), "utf8"),
  resolvers: { ...queryResolvers },
  resolverValidationOptions: { requireResolversForResolveType: "ignore" },
});

const yoga = createYoga({
  schema,
  // Parsed and validated documents are cached by default; all that costs and serves no client is off.
  logging: false,
  maskedErrors: false,
  graphiql: false,
  landingPage: false,
  cors: false,
  multipart: false,
  batching: false,
  healthCheckEndpoint: "/readyz",
  context: createContext,
});

async function createContext({ request }) {
  const viewer = await authenticate(database, request.headers.get("authorization"));
  return { database, viewer, loaders: createLoaders(database) };
}

const server = createServer(yoga);
server.listen(Number(PORT ?? 8000), HOST ?? "127.0.0.1");
