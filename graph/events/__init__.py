"""Events derived from changes in the database: change stream, cursors, ring and history."""
