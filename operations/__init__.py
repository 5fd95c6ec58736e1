"""`manage.py check`: the state of a deployment, for operators."""
