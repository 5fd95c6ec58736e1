"""What changed in the database, as events: change stream, cursors, ring, history, differences."""
