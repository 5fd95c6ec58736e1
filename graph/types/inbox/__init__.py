"""The inbox: timeline, notes, tags, quick replies, the search for messages, and lists."""
