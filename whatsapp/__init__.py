"""Domain logic and the client of the Cloud API: accounts, contacts, messages, the outbox."""
