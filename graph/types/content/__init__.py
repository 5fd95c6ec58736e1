"""The content of a message: one file for each kind."""
