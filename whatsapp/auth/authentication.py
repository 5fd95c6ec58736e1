"""Who holds a credential: an API key of ours, or a token of the company's identity provider."""

from whatsapp.auth import api_keys
from whatsapp.auth.access import Viewer
from whatsapp.auth.identity_provider import IdentityProvider


class Authenticator:
    """One per process: the only way from a credential to a viewer."""

    def __init__(self, provider: IdentityProvider | None = None) -> None:
        self._provider = provider

    async def authenticate(self, credential: str) -> Viewer | None:
        """The viewer, or None where the credential is good for nothing (any more).

        Raises:
            PyMongoError: MongoDB is away.
            ProviderUnavailable: the identity provider's keys could not be read yet.
        """
        if credential.startswith(api_keys.PREFIX):
            return await api_keys.authenticate(credential)
        return await self._provider.authenticate(credential) if self._provider else None
