"""GraphQL types by noun, with the queries that return them."""
