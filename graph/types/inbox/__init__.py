"""The inbox: tags, the search for messages, and lists by activity."""
