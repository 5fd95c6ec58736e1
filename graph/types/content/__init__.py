"""Content of messages, by kind."""
