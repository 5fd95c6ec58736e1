"""Documents of conversations, messages, their media and pending updates."""
