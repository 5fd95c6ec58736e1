"""Limits of operations: size of the document, cost and rate."""
