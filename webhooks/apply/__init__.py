"""Applies the items of webhooks to documents, or parks them as dead letters."""
