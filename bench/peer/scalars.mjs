// The scalars as wagraph writes them.

import { GraphQLScalarType } from "graphql";
import { badInput } from "./access.mjs";

/** RFC 3339 as Python's isoformat has it: the fraction has six digits, or is left out. */
export function writeTime(date) {
  const text = date.toISOString();
  return text.endsWith(".000Z")
    ? `${text.slice(0, 19)}+00:00`
    : `${text.slice(0, 23)}000+00:00`;
}

function readTime(value) {
  const date = new Date(value);
  if (typeof value !== "string" || Number.isNaN(date.getTime())) {
    throw badInput(
      "Invalid DateTime; use RFC 3339 with seconds and a time zone, such as 2026-03-01T09:30:00Z.",
    );
  }
  return date;
}

export const DateTime = new GraphQLScalarType({
  name: "DateTime",
  serialize: writeTime,
  parseValue: readTime,
  parseLiteral: (node) => readTime(node.value),
});
