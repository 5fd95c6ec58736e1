"""Updates of stored messages: statuses, reactions, edits, calls, removal."""
