"""Documents of the outbox: lanes and the pace of accounts."""
