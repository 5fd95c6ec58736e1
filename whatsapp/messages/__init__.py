"""What is known of a message after it was stored: statuses, reactions, edits, calls, removal."""
