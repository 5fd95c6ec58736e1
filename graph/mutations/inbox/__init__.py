"""Mutations of notes and quick replies."""
