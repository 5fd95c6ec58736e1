"""Meta's Graph API as the sandbox plays it: its endpoints, and what is behind them."""
