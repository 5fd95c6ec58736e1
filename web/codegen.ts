import type { CodegenConfig } from "@graphql-codegen/cli";

const output = (documents: string[]) => ({
  documents,
  plugins: ["typescript-operations", "typed-document-node"],
  config: {
    useTypeImports: true,
    enumsAsTypes: true,
    // Without it each operation contains a copy of its fragments.
    documentMode: "documentNodeImportFragments",
    // The cache needs `__typename` in the fragments' data, too.
    nonOptionalTypename: true,
    skipTypeNameForRoot: true,
    scalars: {
      ID: "string",
      DateTime: "string",
      Decimal: "string",
      JSON: "unknown",
      PhoneNumber: "string",
      Upload: "Blob",
      URL: "string",
    },
  },
});

/** Fragments for both outputs. */
const SHARED = "src/parts/fragments.graphql";
const ADMIN = "src/manage/{agents,keys,quick_replies,failed_webhooks,audit}/*.graphql";

const NUMBERS = "src/manage/{numbers,templates}/*.graphql";

const EXPORTS = "src/contact/dialogs/export/*.graphql";

const config: CodegenConfig = {
  schema: "../schema.graphql",
  generates: {
    "src/generated/graphql.ts": output(["src/**/*.graphql", `!${ADMIN}`, `!${NUMBERS}`, `!${EXPORTS}`]),
    // Files of their own, so that the first view does not load them.
    "src/generated/admin.ts": output([ADMIN, SHARED]),
    "src/generated/numbers.ts": output([NUMBERS, SHARED]),
    "src/generated/exports.ts": output([EXPORTS, SHARED]),
  },
};

export default config;
