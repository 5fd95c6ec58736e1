"""Conversations: their summaries, the inbox, read marks and typing."""
