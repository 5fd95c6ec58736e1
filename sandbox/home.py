"""The `.sandbox` folder: data kept between starts."""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path


class SandboxHome:
    """Secrets created at the first start (readable by their owner only) and MongoDB's data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mongodb = folder / "mongodb"
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def encryption_keys(self) -> str:
        return self._keep(
            "encryption-keys",
            lambda: f"sandbox:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        )

    @property
    def app_secret(self) -> str:
        """Signs the webhooks of accounts that have no app secret of their own."""
        return self._keep("app-secret", lambda: secrets.token_hex(16))

    @property
    def api_key(self) -> str | None:
        path = self.folder / "api-key"
        return path.read_text().strip() if path.exists() else None

    def keep_api_key(self, token: str) -> None:
        self._write("api-key", token)

    def _keep(self, name: str, make: Callable[[], str]) -> str:
        path = self.folder / name
        if not path.exists():
            self._write(name, make())
        return path.read_text().strip()

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(text + "\n")
