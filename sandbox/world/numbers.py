"""Business numbers of the sandbox with their access tokens and app secrets."""

from dataclasses import dataclass, field
from typing import Protocol

PERMISSIONS = ("public_profile", "whatsapp_business_management", "whatsapp_business_messaging")


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
    permissions: tuple[str, ...] = PERMISSIONS
    """Those of PERMISSIONS that the access token was granted; the others were declined."""


def make_up_display_number(phone_number_id: str) -> str:
    """Returns a phone number that depends on the id only."""
    return f"1555{int(phone_number_id) % 10_000_000:07}"


class Numbers(Protocol):
    """Look-up of numbers, used on every request, so that changes apply at once."""

    @property
    def default_app_secret(self) -> str:
        """The app secret of numbers that are added without one."""

    def add(self, number: FakeNumber) -> None:
        """Adds a number, or replaces the one with its id."""

    async def get_number(self, phone_number_id: str) -> FakeNumber | None: ...

    async def list_numbers(self) -> list[FakeNumber]: ...

    async def list_tokens(self) -> set[str]:
        """Returns the valid access tokens."""


class NumberDirectory:
    """Numbers in memory, for tests."""

    default_app_secret = "sandbox-app-secret"

    def __init__(self, *numbers: FakeNumber) -> None:
        self._numbers: dict[str, FakeNumber] = {}
        self._tokens: dict[str, str] = {}
        """By number. The token of a removed number stays valid."""
        for number in numbers:
            self.add(number)

    def add(self, number: FakeNumber) -> None:
        self._numbers[number.phone_number_id] = number
        self._tokens[number.phone_number_id] = number.access_token

    def remove(self, phone_number_id: str) -> None:
        self._numbers.pop(phone_number_id, None)

    async def get_number(self, phone_number_id: str) -> FakeNumber | None:
        return self._numbers.get(phone_number_id)

    async def list_numbers(self) -> list[FakeNumber]:
        return list(self._numbers.values())

    async def list_tokens(self) -> set[str]:
        return set(self._tokens.values())
