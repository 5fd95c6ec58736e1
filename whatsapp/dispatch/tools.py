"""The services that the sends of a process share."""

from collections.abc import Callable
from dataclasses import dataclass

from models.database.coalescing import SharedRead
from whatsapp.cloud_api.client import CloudAPI
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.dispatch.claims import Claims
from whatsapp.dispatch.documents import SendDocuments, SendKey
from whatsapp.dispatch.recording import Acceptances
from whatsapp.dispatch.summaries import SummaryUpdates
from whatsapp.media.uploads import Uploads
from whatsapp.settings import Settings


@dataclass(frozen=True)
class Tools:
    """The services that all sends of a process share."""

    settings: Settings
    timeouts: Timeouts
    keyring: KeyRing
    cloud_api: CloudAPI
    uploads: Uploads
    claims: Claims
    documents: SharedRead[SendKey, SendDocuments]
    acceptances: Acceptances
    summaries: SummaryUpdates
    is_stopping: Callable[[], bool]
