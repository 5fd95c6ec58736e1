"""Documents of customers: contacts, users, merges and erasures."""
