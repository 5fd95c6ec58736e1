// Writes the types of the examples' operations and of the schema; with --check, fails if they are stale.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { codegen } from "@graphql-codegen/core";
import * as documentNode from "@graphql-codegen/typed-document-node";
import * as operations from "@graphql-codegen/typescript-operations";
import { buildSchema, isAbstractType, parse } from "graphql";

const SCHEMA = fileURLToPath(new URL("../../schema.graphql", import.meta.url));
const OPERATIONS = fileURLToPath(new URL("../../graph/transport/graphiql/examples/", import.meta.url));
const TARGET = fileURLToPath(new URL("generated/graphql.ts", import.meta.url));

const sdl = readFileSync(SCHEMA, "utf8");
const files = readdirSync(OPERATIONS).filter((name) => name.endsWith(".graphql"));
const types = await codegen({
  filename: TARGET,
  schema: parse(sdl),
  documents: files.sort().map((name) => ({
    location: basename(name),
    document: parse(readFileSync(OPERATIONS + name, "utf8"), { noLocation: true }),
  })),
  plugins: [{ operations: {} }, { documentNode: {} }],
  pluginMap: { operations, documentNode },
  config: {
    useTypeImports: true,
    enumsAsTypes: true,
    scalars: { ID: "string", DateTime: "string", Decimal: "string", JSON: "unknown", Upload: "Blob" },
  },
});

// Caches that match fragments on interfaces and unions have to know their types.
const schema = buildSchema(sdl);
const abstract = Object.values(schema.getTypeMap()).filter(isAbstractType);
const possible = abstract.map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]);
const made =
  "// Written by `npm run generate`.\n" +
  `${types}\n` +
  `export const possibleTypes = ${JSON.stringify(Object.fromEntries(possible), null, 2)};\n`;

if (!process.argv.includes("--check")) {
  writeFileSync(TARGET, made);
} else if (readFileSync(TARGET, "utf8") !== made) {
  console.error("tests/clients/generated is stale: run `npm run generate` in tests/clients");
  process.exit(1);
}
