"""Merging two contacts: their documents first, then their history."""
