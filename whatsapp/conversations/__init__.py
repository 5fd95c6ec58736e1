"""Conversations: summaries, inbox, read marks and typing indicator."""
