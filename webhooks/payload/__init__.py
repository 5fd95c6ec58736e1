"""Parses the JSON of Meta's webhooks into typed values. Writes nothing."""
