"""Business numbers of the sandbox with their access tokens and app secrets."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FakeNumber:
    """A business number at the fake Meta. Secrets stay out of its repr."""

    phone_number_id: str
    business_account_id: str
    display_phone_number: str
    verified_name: str
    access_token: str = field(repr=False)
    app_secret: str = field(repr=False)
    quality_rating: str = "GREEN"
    platform_type: str = "CLOUD_API"
    throughput: str = "STANDARD"
    messaging_limit: str = "TIER_2K"


class Numbers(Protocol):
    """Look-up of numbers, used on every request, so that changes apply at once."""

    async def get_number(self, phone_number_id: str) -> FakeNumber | None: ...

    async def list_numbers(self) -> list[FakeNumber]: ...


class NumberDirectory:
    """Numbers in memory, for tests."""

    def __init__(self, *numbers: FakeNumber) -> None:
        self._numbers = {number.phone_number_id: number for number in numbers}

    def add(self, number: FakeNumber) -> None:
        self._numbers[number.phone_number_id] = number

    def remove(self, phone_number_id: str) -> None:
        self._numbers.pop(phone_number_id, None)

    async def get_number(self, phone_number_id: str) -> FakeNumber | None:
        return self._numbers.get(phone_number_id)

    async def list_numbers(self) -> list[FakeNumber]:
        return list(self._numbers.values())
