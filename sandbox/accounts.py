"""The fake Cloud API's numbers: those added by scripts, and the accounts in the database."""

from models import Account
from sandbox.seed import (
    DEMO_ACCESS_TOKEN,
    DEMO_BUSINESS_ACCOUNT_ID,
    DEMO_DISPLAY_NUMBER,
    DEMO_NAME,
    DEMO_PHONE_NUMBER_ID,
)
from sandbox.world.numbers import FakeNumber, make_up_display_number
from whatsapp.common.crypto import KeyRing


class AccountNumbers:
    """The demo number, the added numbers, and every connected account with its token and secret.

    Added numbers are kept in memory. An account that is connected, but was not added since the
    sandbox started, is a number with the account's credentials.
    """

    def __init__(self, keyring: KeyRing, *, default_app_secret: str) -> None:
        self._keyring = keyring
        self.default_app_secret = default_app_secret
        self._added: dict[str, FakeNumber] = {}
        self._demo = FakeNumber(
            phone_number_id=DEMO_PHONE_NUMBER_ID,
            business_account_id=DEMO_BUSINESS_ACCOUNT_ID,
            display_phone_number=DEMO_DISPLAY_NUMBER,
            verified_name=DEMO_NAME,
            access_token=DEMO_ACCESS_TOKEN,
            app_secret=default_app_secret,
        )

    def add(self, number: FakeNumber) -> None:
        self._added[number.phone_number_id] = number

    async def get_number(self, phone_number_id: str) -> FakeNumber | None:
        if phone_number_id in self._added:
            return self._added[phone_number_id]
        account = await Account.find_one({"phone_number_id": phone_number_id, "deleted_at": None})
        if account is not None:
            return self._to_number(account)
        return self._demo if phone_number_id == DEMO_PHONE_NUMBER_ID else None

    async def list_numbers(self) -> list[FakeNumber]:
        """Returns the connected numbers first: customers write to the first one by default."""
        accounts = Account.find({"deleted_at": None}).sort("+_id")
        connected = {
            account.phone_number_id: self._to_number(account) async for account in accounts
        }
        # An updated value keeps its place in the dictionary.
        numbers = connected | self._added
        numbers.setdefault(DEMO_PHONE_NUMBER_ID, self._demo)
        return list(numbers.values())

    async def list_tokens(self) -> set[str]:
        return {number.access_token for number in await self.list_numbers()}

    def _to_number(self, account: Account) -> FakeNumber:
        return FakeNumber(
            phone_number_id=account.phone_number_id,
            business_account_id=account.business_account_id,
            display_phone_number=account.display_phone_number
            or make_up_display_number(account.phone_number_id),
            verified_name=account.verified_name or account.name,
            access_token=self._decrypt(account, "access_token", account.access_token),
            app_secret=self.default_app_secret
            if account.app_secret is None
            else self._decrypt(account, "app_secret", account.app_secret),
        )

    def _decrypt(self, account: Account, field: str, ciphertext: str) -> str:
        return self._keyring.decrypt(ciphertext, collection="accounts", id=account.id, field=field)
