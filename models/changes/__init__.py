"""Committed changes of the database, in order and resumable: MongoDB's change streams."""
