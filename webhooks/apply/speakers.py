"""Decides whether the secret that signed a webhook may speak for an account."""

from datetime import timedelta

from models import Account
from webhooks.apply.tasks import Task

# Processes learn of a new secret some seconds late.
GRACE = timedelta(seconds=10)


class Speakers:
    """Knows the digest of the server's default secret, or None if there is none."""

    def __init__(self, default_digest: str | None) -> None:
        self.default_digest = default_digest

    def may_speak(self, task: Task, account: Account) -> bool:
        """Only an account's own secret speaks for it, the default if it has none; a former one for
        what came before it was replaced.
        """
        return self._is_signed_by(task, account.app_secret_digest) or any(
            task.received_at <= former.replaced_at + GRACE
            and self._is_signed_by(task, former.digest)
            for former in account.former_app_secrets
        )

    def _is_signed_by(self, task: Task, digest: str | None) -> bool:
        """None stands for the default secret, also if it was another one when the body came."""
        if digest is None:
            return task.by_default_secret or task.secret_digest == self.default_digest
        return task.secret_digest == digest
