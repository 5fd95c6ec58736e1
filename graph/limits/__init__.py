"""What one operation may ask for: how large its document is, and what its answer may cost."""
