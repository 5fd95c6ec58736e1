import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: "app/operations.graphql",
  generates: {
    "app/generated/graphql.ts": {
      plugins: ["typescript-operations", "typed-document-node"],
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
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
    },
  },
};

export default config;
