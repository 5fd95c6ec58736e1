"""The circuit breakers of the accounts whose media this process downloads."""

from collections import Counter
from functools import partial

from beanie import PydanticObjectId

from whatsapp.common.circuit_breaker import CircuitBreaker


class AccountBreakers:
    """`probe_seconds` is the pause between probes while a breaker is open."""

    def __init__(self, *, probe_seconds: float) -> None:
        self._make = partial(CircuitBreaker, probe_seconds=probe_seconds)
        self._breakers: dict[PydanticObjectId, CircuitBreaker] = {}
        self._downloads: Counter[PydanticObjectId] = Counter()

    def enter(self, account_id: PydanticObjectId) -> None:
        """Begins a download."""
        self._downloads[account_id] += 1

    def leave(self, account_id: PydanticObjectId) -> None:
        self._downloads[account_id] -= 1
        if not self._downloads[account_id]:
            del self._downloads[account_id]

    def list_closed(self) -> list[PydanticObjectId]:
        """Returns the accounts for which no further download may begin now."""
        return sorted(
            account_id
            for account_id, breaker in self._breakers.items()
            if breaker.is_paused or (breaker.is_open and self._downloads[account_id])
        )

    def pause(self, account_id: PydanticObjectId, seconds: float) -> None:
        self._get(account_id).pause(seconds)

    def record_answer(self, account_id: PydanticObjectId) -> None:
        """Records an answer of any kind from Meta."""
        breaker = self._breakers.get(account_id)
        if breaker is not None:
            breaker.record_answer()
            if not breaker.is_paused:
                del self._breakers[account_id]

    def record_failure(self, account_id: PydanticObjectId) -> None:
        self._get(account_id).record_failure()

    def _get(self, account_id: PydanticObjectId) -> CircuitBreaker:
        return self._breakers.setdefault(account_id, self._make())
