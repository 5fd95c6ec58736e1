"""Contacts (customers) and the users behind them: identities, search, blocking."""
