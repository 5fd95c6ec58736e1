"""Documents that clients name by id: trusted documents and persisted queries."""
