"""Erasure of contacts and deletion of accounts, with all that was stored for them."""
