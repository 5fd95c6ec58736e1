"""The dispatcher: sends queued messages in order, at the rate of their account."""
