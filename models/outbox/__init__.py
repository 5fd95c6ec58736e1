"""Documents of sending: the processes that send, and the accounts that they own."""
