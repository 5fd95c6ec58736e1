// graphql-eslint for the schema and for the operations of apps. Paths are relative to the repository.

import plugin from "@graphql-eslint/eslint-plugin";

const { configs, parser, processor } = plugin;

/** Each app's operations, whose names are unique within it. */
const APPS = {
  app: "tests/clients/app/operations.graphql",
  clients: "tests/clients/world.mjs",
  relay: "tests/clients/relay/operations.js",
  package: "clients/typescript/dist/**/*.js",
  inbox: "web/src/**/*.graphql",
  examples: "graph/transport/graphiql/examples/*.graphql",
};
const apps = Object.entries(APPS).map(([name, documents]) => [
  name,
  { schema: "schema.graphql", documents, include: [documents, `${documents}/*.graphql`] },
]);
const projects = Object.fromEntries([...apps, ["schema", { schema: "schema.graphql", include: "schema.graphql" }]]);
const languageOptions = { parser, parserOptions: { graphQLConfig: { projects } } };
const plugins = { "@graphql-eslint": plugin };
const isCode = (documents) => !documents.endsWith(".graphql");

export default [
  {
    files: ["schema.graphql"],
    languageOptions,
    plugins,
    rules: {
      ...configs["flat/schema-recommended"].rules,
      ...configs["flat/schema-relay"].rules,
      // Parts of a message, payloads and events have no identity. But caches store objects with the
      // same `id` as one object, so `id` is the id of a Node, of the caller, or of an audited target.
      "@graphql-eslint/strict-id-in-types": "off",
      "no-restricted-syntax": [
        "error",
        {
          selector:
            "ObjectTypeDefinition:not(:has(> .interfaces[name.value=Node]), [name.value=/^(AuditTarget|Viewer)$/])" +
            " > FieldDefinition[name.value=id]",
          message: "Name it otherwise, or implement Node.",
        },
      ],
      // `nodes` of connections, and short lists such as `userErrors`, have no pages.
      "@graphql-eslint/relay-edge-types": [
        "error",
        { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
      ],
      // The only directive is GraphQL's `@oneOf`.
      "@graphql-eslint/require-description": ["error", { types: true, rootField: true }],
    },
  },
  { files: Object.values(APPS).filter(isCode), plugins, processor },
  {
    files: Object.values(APPS).map((documents) => (isCode(documents) ? `${documents}/*.graphql` : documents)),
    languageOptions,
    plugins,
    rules: configs["flat/operations-recommended"].rules,
  },
  {
    files: [`${APPS.relay}/*.graphql`],
    rules: {
      // Relay prescribes names that begin with the module's and end with the operation's kind.
      "@graphql-eslint/naming-convention": "off",
      // Relay's compiler selects ids by itself.
      "@graphql-eslint/require-selections": "off",
      // The compiler checks its own directives.
      "@graphql-eslint/known-directives": "off",
    },
  },
];
