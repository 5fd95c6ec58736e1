"""Erasure of contacts and deletion of accounts, with all of their data."""
