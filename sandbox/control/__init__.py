"""The control API for scripts and tests, and the page that plays the customers' phones."""
