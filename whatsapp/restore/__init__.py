"""Restores: sending is held until the operator has finished the restore of the database."""
