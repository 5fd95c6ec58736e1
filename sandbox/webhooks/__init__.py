"""Webhooks of the sandbox: inbound messages and statuses."""
