"""The checks that Meta makes of requests, with the errors it answers."""
