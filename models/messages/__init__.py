"""Documents of what was said: conversations, messages, their files and pending updates."""
