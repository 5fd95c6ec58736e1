// Writes src/generated/schema.ts: what caches need to know of ../../schema.graphql.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { buildSchema, getNamedType, isAbstractType, isObjectType } from "graphql";

const schema = buildSchema(readFileSync(new URL("../../schema.graphql", import.meta.url), "utf8"));
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith("__"));

const possibleTypes = Object.fromEntries(
  types.filter(isAbstractType).map((type) => [type.name, schema.getPossibleTypes(type).map(({ name }) => name)]),
);
const listFields = types.filter(isObjectType).flatMap((type) => {
  const fields = Object.values(type.getFields()).filter(
    (field) => getNamedType(field.type).name.endsWith("Connection") && field.args.some(({ name }) => name === "first"),
  );
  return fields.length ? [[type.name, Object.fromEntries(fields.map((field) => [field.name, nameItem(field)]))]] : [];
});

function nameItem(field) {
  const edge = getNamedType(getNamedType(field.type).getFields().edges.type);
  return getNamedType(edge.getFields().node.type).name;
}

const filterFields = ["ConversationFilter", "MessageFilter", "TimelineFilter"].map((name) => {
  const names = Object.keys(schema.getType(name).getFields());
  return `/** The fields of \`${name}\`. */\nexport type ${name}Field = ${names.map((field) => JSON.stringify(field)).join(" | ")};\n`;
});

const constant = (comment, name, type, value) =>
  `/** ${comment} */\nexport const ${name}: ${type} = ${JSON.stringify(value, null, 2)};\n`;
mkdirSync(new URL("src/generated", import.meta.url), { recursive: true });
writeFileSync(
  new URL("src/generated/schema.ts", import.meta.url),
  [
    "// Written by generate.mjs from schema.graphql.\n",
    constant("The types of each interface and union.", "possibleTypes", "Record<string, string[]>", possibleTypes),
    constant(
      "The fields that are lists with pages, by type, with the type of their items.",
      "listFields",
      "Record<string, Record<string, string>>",
      Object.fromEntries(listFields),
    ),
    ...filterFields,
  ].join("\n"),
);
