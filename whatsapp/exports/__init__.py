"""Exports of contacts: a ZIP file with all data about a contact, written by a leased job."""
