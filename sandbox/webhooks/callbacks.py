"""Webhook URLs: the app's URL and its overrides, each verified by a handshake."""

import secrets
from http import HTTPStatus
from typing import Any

import httpx

from sandbox.settings import SandboxSettings
from sandbox.validation.meta_errors import MetaError
from sandbox.validation.send_validation import refuse_parameter
from sandbox.world.numbers import FakeNumber
from whatsapp.accounts.webhook_subscription import name_secret
from whatsapp.common.crypto import digest_secret

Json = dict[str, Any]
MAX_URL = 200
HANDSHAKE_REFUSED = 2200
CHALLENGE_MISSED = 2201
APP = {
    "id": "670843887433847",
    "name": "Sandbox app",
    "link": "https://www.facebook.com/games/?app_id=670843887433847",
}


class CallbackBook:
    """Webhook subscriptions. Every business account is subscribed at first."""

    def __init__(self, settings: SandboxSettings, client: httpx.AsyncClient) -> None:
        self.settings = settings
        self._client = client
        self.unsubscribed: set[str] = set()
        self.of_accounts: dict[str, str] = {}
        self.of_numbers: dict[str, str] = {}

    def clear(self) -> None:
        self.unsubscribed.clear()
        self.of_accounts.clear()
        self.of_numbers.clear()

    def find_url(self, number: FakeNumber) -> str | None:
        """Returns the URL for webhooks about messages; None if the app is not subscribed."""
        if number.business_account_id in self.unsubscribed:
            return None
        of_account = self.of_accounts.get(number.business_account_id)
        of_number = self.of_numbers.get(number.phone_number_id)
        return of_number or of_account or self._find_app_url(number)

    def describe(self, number: FakeNumber) -> Json:
        """Returns `webhook_configuration` of a number: only the URLs that are set."""
        urls = {
            "phone_number": self.of_numbers.get(number.phone_number_id),
            "whatsapp_business_account": self.of_accounts.get(number.business_account_id),
            "application": self._find_app_url(number),
        }
        return {name: url for name, url in urls.items() if url}

    def _find_app_url(self, number: FakeNumber) -> str:
        url = self.settings.webhook_url
        if not url or not self.settings.webhook_url_names_secret:
            return url
        return f"{url}/{name_secret(digest_secret(number.app_secret))}"

    def list_apps(self, business_account_id: str) -> Json:
        if business_account_id in self.unsubscribed:
            return {"data": []}
        app: Json = {"whatsapp_business_api_data": dict(APP)}
        if business_account_id in self.of_accounts:
            app["override_callback_uri"] = self.of_accounts[business_account_id]
        return {"data": [app]}

    async def subscribe(self, business_account_id: str, body: Any) -> Json:
        """Subscribes the app. Without a URL in the body, a former override is removed."""
        parameters = body if isinstance(body, dict) else {}
        url = parameters.get("override_callback_uri")
        if not url:
            self.unsubscribed.discard(business_account_id)
            self.of_accounts.pop(business_account_id, None)
            return {"success": True}
        if business_account_id in self.unsubscribed:
            refuse_parameter(
                "Before override the current callback uri, your app must be subscribed to receive "
                "messages for WhatsApp Business Account."
            )
        await self._shake_hands(url, parameters.get("verify_token"))
        self.of_accounts[business_account_id] = url
        return {"success": True}

    def unsubscribe(self, business_account_id: str) -> Json:
        self.unsubscribed.add(business_account_id)
        self.of_accounts.pop(business_account_id, None)
        return {"success": True}

    async def configure_number(self, number: FakeNumber, configuration: Any) -> Json:
        """Applies `webhook_configuration` of a POST; an empty URL removes the number's override."""
        if not isinstance(configuration, dict) or "override_callback_uri" not in configuration:
            refuse_parameter("Param webhook_configuration must have override_callback_uri.")
        url = configuration["override_callback_uri"]
        if url:
            await self._shake_hands(url, configuration.get("verify_token"))
            self.of_numbers[number.phone_number_id] = url
        else:
            self.of_numbers.pop(number.phone_number_id, None)
        return {"success": True}

    async def _shake_hands(self, url: Any, token: Any) -> None:
        if not isinstance(url, str) or len(url) > MAX_URL:
            refuse_parameter(f"Param override_callback_uri must be at most {MAX_URL} characters.")
        if not isinstance(token, str) or not token:
            refuse_parameter("The parameter verify_token is required.")
        challenge = str(secrets.randbelow(10**10))
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
        try:
            answer = await self._client.get(
                url, params=query, timeout=self.settings.webhook_timeout
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _refuse(f"{type(error).__name__}") from None
        if answer.status_code != HTTPStatus.OK:
            raise _refuse(
                f"HTTP Status Code = {answer.status_code}; HTTP Message = {answer.reason_phrase}"
            )
        if answer.text != challenge:
            raise MetaError(
                CHALLENGE_MISSED,
                message=f"(#{CHALLENGE_MISSED}) response does not match challenge, expected value="
                f'"{challenge}", received="{answer.text[:20]}..."',
                details="",
            )


def _refuse(why: str) -> MetaError:
    return MetaError(
        HANDSHAKE_REFUSED,
        message=f"(#{HANDSHAKE_REFUSED}) Callback verification failed with the following errors: "
        f"{why}",
        details="",
    )
