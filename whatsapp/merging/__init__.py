"""Merging of two contacts: documents first, then history."""
