"""Access to MongoDB that all documents share: reading, writing, clock, leases, outages."""
