"""The outbox: checks outgoing messages and stores them as QUEUED."""
