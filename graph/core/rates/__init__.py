"""Rate limits of the process: budgets, sign-ins and sockets."""
