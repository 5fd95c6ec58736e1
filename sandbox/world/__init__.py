"""The state of the sandbox: numbers, customers, files, faults and requests, in memory."""
