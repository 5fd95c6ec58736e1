"""Cases of sending: requests, the outbox and its owners."""
