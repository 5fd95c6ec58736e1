"""The inbox: tags, filters and counts of conversations."""
