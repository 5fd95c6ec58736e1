"""Mutations of what agents work with in the inbox: notes and quick replies."""
