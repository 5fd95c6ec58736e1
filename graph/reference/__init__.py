"""What the schema looks like from outside: its changes, its history, its table of permissions."""
