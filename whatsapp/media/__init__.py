"""Media files: downloads from Meta, uploads by staff, type checks, storage and signed URLs."""
