"""Documents of access: API keys and the audit log."""
