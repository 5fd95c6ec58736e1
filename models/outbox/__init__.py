"""Documents of the outbox: lanes and the send rate of accounts."""
