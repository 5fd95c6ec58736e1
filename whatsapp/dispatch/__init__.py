"""The dispatcher: sends queued messages in order and at the rate of their account."""
