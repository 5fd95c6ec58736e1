"""Finds the viewer of a credential, the same on every route: wrong ones are limited by address."""

import pymongo

from graph.core.context import Services
from whatsapp.auth.access import Viewer


async def find_viewer(services: Services, credential: str, *, address: str) -> Viewer | None:
    """Returns the viewer, or None if the credential isn't valid.

    Raises:
        RateLimited: too many credentials from this address were wrong.
        ProviderUnavailable: the identity provider can't be reached.
        PyMongoError: MongoDB is away.
    """
    limits = services.rate_limits
    limits.check_sign_in(credential, address)
    with pymongo.timeout(services.timeouts.database_deadline_seconds):
        viewer = await services.authenticator.authenticate(credential)
    limits.record_sign_in(credential, address, succeeded=viewer is not None)
    return viewer
