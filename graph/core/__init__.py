"""Context, ids, loaders, pagination and errors: the base of all resolvers."""
