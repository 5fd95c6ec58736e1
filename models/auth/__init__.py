"""Documents of access: API keys, agents and their presence, and the audit log."""
