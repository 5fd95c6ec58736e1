"""Two business numbers, a receiver of their webhooks, and the commonest requests."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.world.numbers import FakeNumber

Json = dict[str, Any]
SHOP = FakeNumber(
    phone_number_id="106540352242922",
    business_account_id="419561257915477",
    display_phone_number="+1 555-078-3881",
    verified_name="Demo shop",
    access_token="shop-access-token",
    app_secret="shop-app-secret",
)
BAKERY = FakeNumber(
    phone_number_id="106540352242999",
    business_account_id="419561257915400",
    display_phone_number="15550783999",
    verified_name="Bakery",
    access_token="bakery-access-token",
    app_secret="bakery-app-secret",
)


@dataclass
class Receiver:
    """Plays the server: keeps every webhook with a right signature; answers from `answers`."""

    bodies: list[Json] = field(default_factory=list)
    raw_bodies: list[bytes] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # HTTP statuses before the usual 200
    refused: bytes | None = None  # what has these bytes is refused as long as they stand here

    async def receive(self, request: Request) -> Response:
        body = await request.body()
        expected = {
            f"sha256={hmac.new(number.app_secret.encode(), body, hashlib.sha256).hexdigest()}"
            for number in (SHOP, BAKERY)
        }
        if request.headers["x-hub-signature-256"] not in expected:
            return PlainTextResponse("wrong signature", 403)
        if self.answers and (status := self.answers.pop(0)) != 200:
            return PlainTextResponse("not now", status)
        if self.refused is not None and self.refused in body:
            return PlainTextResponse("not now", 503)
        self.raw_bodies.append(body)
        self.bodies.append(json.loads(body))
        return PlainTextResponse("")

    def list_items(self, kind: str) -> list[Json]:
        """All messages or statuses in the order in which they came."""
        return [
            item
            for body in self.bodies
            for entry in body["entry"]
            for change in entry["changes"]
            for item in change["value"].get(kind, [])
        ]

    @property
    def statuses(self) -> list[Json]:
        return self.list_items("statuses")

    @property
    def status_names(self) -> list[str]:
        return [status["status"] for status in self.statuses]

    @property
    def messages(self) -> list[Json]:
        return self.list_items("messages")


def text_to(to: str, body: str = "Hello", **more: Any) -> Json:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": {"body": body},
        **more,
    }


async def send(client: httpx.AsyncClient, body: Json) -> httpx.Response:
    return await client.post(f"/v25.0/{SHOP.phone_number_id}/messages", json=body)
