"""What changed in the database → subscribers: one change stream a process, fanned out in memory."""
