"""The fake Cloud API's numbers, read from the accounts in the database."""

from models import Account
from sandbox.seed import DEMO_DISPLAY_NUMBER, DEMO_PHONE_NUMBER_ID
from sandbox.world.numbers import FakeNumber
from whatsapp.common.crypto import KeyRing


class AccountNumbers:
    """Exposes every connected account as a number with its access token and app secret."""

    def __init__(self, keyring: KeyRing, *, default_app_secret: str) -> None:
        self._keyring = keyring
        self._default_app_secret = default_app_secret

    async def get_number(self, phone_number_id: str) -> FakeNumber | None:
        account = await Account.find_one({"phone_number_id": phone_number_id, "deleted_at": None})
        return account and self._to_number(account)

    async def list_numbers(self) -> list[FakeNumber]:
        accounts = Account.find({"deleted_at": None}).sort("+_id")
        return [self._to_number(account) async for account in accounts]

    def _to_number(self, account: Account) -> FakeNumber:
        return FakeNumber(
            phone_number_id=account.phone_number_id,
            business_account_id=account.business_account_id,
            display_phone_number=account.display_phone_number or _make_up_number(account),
            verified_name=account.verified_name or account.name,
            access_token=self._decrypt(account, "access_token", account.access_token),
            app_secret=self._default_app_secret
            if account.app_secret is None
            else self._decrypt(account, "app_secret", account.app_secret),
        )

    def _decrypt(self, account: Account, field: str, ciphertext: str) -> str:
        return self._keyring.decrypt(ciphertext, collection="accounts", id=account.id, field=field)


def _make_up_number(account: Account) -> str:
    if account.phone_number_id == DEMO_PHONE_NUMBER_ID:
        return DEMO_DISPLAY_NUMBER
    return f"1555{int(account.phone_number_id) % 10_000_000:07}"
