"""Membership: the lease of this process as a sender, and the end of the leases of dead processes.

A member that stops, crashes or freezes loses its document, and its accounts are taken over. A
process that finds its document gone becomes a new member: ids are never used again.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import pymongo
from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Member
from models.database.base import collection, has_passed, new_id, seconds_from_now
from models.database.outage_log import log_failure

logger = logging.getLogger(__name__)

# Pause after MongoDB failed.
RETRY_SECONDS = 1.0
# Counts the time for which the machine is suspended, unlike the monotonic clock.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass
class Lease:
    """The lease of one member. It ends at the latest when the database says so."""

    member_id: PydanticObjectId
    ends_at: float
    """By the clock that counts suspended time."""

    def remaining_seconds(self) -> float:
        return self.ends_at - time.clock_gettime(_CLOCK)


class Membership:
    """Keeps a lease while `keep` is running."""

    def __init__(self, *, lease_seconds: float, renew_seconds: float) -> None:
        self._lease_seconds = lease_seconds
        self._renew_seconds = renew_seconds
        self.lease: Lease | None = None
        """None before the first lease, and while a lost one is not replaced."""

    async def join(self) -> Lease:
        """Becomes a new member.

        Raises:
            PyMongoError
        """
        started = time.clock_gettime(_CLOCK)
        lease = Lease(new_id(), started + self._lease_seconds)
        name = f"{socket.gethostname()}:{os.getpid()}"
        await collection(Member).update_one(
            {"_id": lease.member_id},
            [{"$set": {"name": name, "leased_until": seconds_from_now(self._lease_seconds)}}],
            upsert=True,
        )
        self.lease = lease
        return lease

    async def keep(self, on_loss: Callable[[], None]) -> None:
        """Renews the lease until cancelled. Calls `on_loss` when it was lost."""
        pause = self._renew_seconds
        while True:
            await asyncio.sleep(pause)
            pause = RETRY_SECONDS
            try:
                if self.lease is None:
                    await self.join()
                elif not await self._renew(self.lease):
                    logger.warning(
                        "The lease of this process had expired; it continues as a new member"
                    )
                    self.lease = None
                    on_loss()
                    await self.join()
                pause = self._renew_seconds
            except PyMongoError as error:
                log_failure(logger, error, "The lease for sending can't be renewed")

    async def leave(self, *, seconds: float) -> None:
        """Ends the lease, so that others take over what this process owns."""
        lease, self.lease = self.lease, None
        if lease is None:
            return
        try:
            with pymongo.timeout(seconds):
                await collection(Member).delete_one({"_id": lease.member_id})
        except PyMongoError as error:
            log_failure(logger, error, "The lease for sending stays until it expires")

    async def _renew(self, lease: Lease) -> bool:
        # Measured before the request, so that it ends here before it ends in the database.
        started = time.clock_gettime(_CLOCK)
        with pymongo.timeout(self._renew_seconds):
            renewed = await collection(Member).update_one(
                {"_id": lease.member_id},
                [{"$set": {"leased_until": seconds_from_now(self._lease_seconds)}}],
            )
        if renewed.matched_count:
            lease.ends_at = started + self._lease_seconds
        return bool(renewed.matched_count)


async def end_expired_leases() -> int:
    """Ends the leases of members that did not renew them. Returns their number."""
    # Conditional in the same command: a member that renews at this moment stays.
    ended = await collection(Member).delete_many({"$expr": has_passed("leased_until")})
    return ended.deleted_count
