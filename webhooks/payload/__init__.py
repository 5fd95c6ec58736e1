"""What Meta posts, read into values of our own. Nothing is written here."""
