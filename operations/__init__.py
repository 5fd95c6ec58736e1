"""Commands of operators: checks of a deployment, restores and API keys."""
