"""Reference of the schema: changes, history and table of permissions."""
