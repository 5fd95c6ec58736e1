"""What we decide and what we say to Meta: accounts, contacts, the outbox, the Cloud API client."""
