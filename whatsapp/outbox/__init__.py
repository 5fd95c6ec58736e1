"""The outbox: checks what is to be sent and stores it as a QUEUED message."""
