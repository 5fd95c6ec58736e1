"""Documents of accounts: the account, its events, its templates."""
