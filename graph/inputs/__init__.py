"""Inputs shared by several mutations, or large enough for a file of their own."""
