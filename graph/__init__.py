"""Our users → us: the GraphQL schema, its limits, and the endpoint that serves it."""
