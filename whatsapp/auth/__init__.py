"""Who is asking, and what they may do: API keys, tokens, roles, the audit trail."""
