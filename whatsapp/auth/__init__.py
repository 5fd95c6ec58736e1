"""Authentication and authorisation: API keys, tokens, roles, the audit trail."""
