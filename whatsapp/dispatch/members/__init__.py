"""The processes that send, and the accounts that each of them owns."""
