"""The control API under /sandbox for scripts and tests: customers, faults, recorded requests."""

import dataclasses
import json
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.settings import SandboxSettings
from sandbox.webhooks.content import InboundMistakeError
from sandbox.webhooks.inbound import CustomerMessage
from sandbox.webhooks.webhook_bodies import encode_like_meta
from sandbox.webhooks.webhook_sender import Delivery
from sandbox.world.customers import describe_conversation
from sandbox.world.faults import FaultRule
from sandbox.world.numbers import FakeNumber, make_up_display_number
from sandbox.world.request_log import describe_request

Json = dict[str, Any]
Handler = Callable[[Request], Awaitable[Response]]
_RULES = TypeAdapter(list[FaultRule])
_SETTINGS = TypeAdapter(SandboxSettings)
_NUMBER = TypeAdapter(FakeNumber)


class ControlApi:
    """Takes and returns JSON; an invalid request gets a 400 with {"error": reason}."""

    def __init__(self, meta: FakeMeta) -> None:
        self.meta = meta

    def make_routes(self) -> list[Route]:
        table: list[tuple[str, str, Handler]] = [
            ("POST", "/sandbox/inbound", self.post_inbound),
            ("POST", "/sandbox/reaction", self.post_reaction),
            ("POST", "/sandbox/echo", self.post_echo),
            ("POST", "/sandbox/webhook", self.post_webhook),
            ("GET", "/sandbox/webhooks", self.list_webhooks),
            ("DELETE", "/sandbox/webhooks", self.clear_webhooks),
            ("GET", "/sandbox/faults", self.list_faults),
            ("POST", "/sandbox/faults", self.add_faults),
            ("DELETE", "/sandbox/faults", self.clear_faults),
            ("GET", "/sandbox/requests", self.list_requests),
            ("DELETE", "/sandbox/requests", self.clear_requests),
            ("GET", "/sandbox/redirected", self.answer_redirected),
            ("POST", "/sandbox/redirected", self.answer_redirected),
            ("POST", "/sandbox/numbers", self.add_number),
            ("POST", "/sandbox/customers", self.add_customer),
            ("POST", "/sandbox/expire-media", self.expire_media),
            ("GET", "/sandbox/settings", self.show_settings),
            ("PATCH", "/sandbox/settings", self.change_settings),
            ("POST", "/sandbox/reset", self.reset),
        ]
        return [
            Route(path, _explain_mistakes(handle), methods=[method])
            for method, path, handle in table
        ]

    async def post_inbound(self, request: Request) -> Response:
        """A customer's message, or {"messages": […], "entries", "changes"} for a common webhook."""
        described = await _read_json(request)
        if "messages" in described:
            return await self._post_batch(described, base_url=str(request.base_url))
        message = await self.meta.inbound.build(described, base_url=str(request.base_url))
        delivery = self.meta.inbound.deliver(message, retry=_read_flag(described, "retry", True))
        return await self._answer_inbound(delivery, message)

    async def post_reaction(self, request: Request) -> Response:
        """{"from", "message_id", "emoji"}; an empty emoji takes the reaction back."""
        described = await _read_json(request)
        reaction: Json = {"message_id": described.pop("message_id", None)}
        if not isinstance(reaction["message_id"], str):
            raise InboundMistakeError('"message_id" is missing: the id of the message reacted to.')
        emoji = described.pop("emoji", "")
        if emoji:
            reaction["emoji"] = emoji
        described |= {"type": "reaction", "reaction": reaction}
        message = await self.meta.inbound.build(described, base_url=str(request.base_url))
        return await self._answer_inbound(self.meta.inbound.deliver(message), message)

    async def post_echo(self, request: Request) -> Response:
        """A message that the business wrote in its app: {"to", "type", <type>, "timestamp"}."""
        described = await _read_json(request)
        wamid, delivery = await self.meta.echoes.send(described, base_url=str(request.base_url))
        answer = await self.meta.inbound.wait_for_answer(delivery)
        return JSONResponse({"wamid": wamid, **answer})

    async def post_webhook(self, request: Request) -> Response:
        """Signs and delivers any body: {"phone_number_id", "body"}. `raw_body` (text) is
        sent byte by byte, `app_secret` signs in place of the number's own."""
        webhook = await _read_json(request)
        number = await self.meta.inbound.find_number(webhook.get("phone_number_id"))
        if isinstance(webhook.get("app_secret"), str):
            number = dataclasses.replace(number, app_secret=webhook["app_secret"])
        if isinstance(webhook.get("raw_body"), str):
            body = webhook["raw_body"].encode()
        elif "body" in webhook:
            body = encode_like_meta(webhook["body"])
        else:
            raise InboundMistakeError('"body" is missing; give the JSON to sign and send.')
        retry = _read_flag(webhook, "retry", False)
        delivery = self.meta.webhooks.submit_body(body, number=number, retry=retry)
        return JSONResponse(await self.meta.inbound.wait_for_answer(delivery))

    async def list_webhooks(self, request: Request) -> Response:
        phone_number_id = request.query_params.get("phone_number_id")
        webhooks = [
            _describe_delivery(delivery)
            for delivery in self.meta.webhooks.log
            if phone_number_id in (None, delivery.phone_number_id)
        ]
        return JSONResponse({"webhooks": webhooks, "count": len(webhooks)})

    async def clear_webhooks(self, _: Request) -> Response:
        self.meta.webhooks.log.clear()
        return JSONResponse({"success": True})

    async def list_faults(self, _: Request) -> Response:
        return JSONResponse({"rules": [_describe_rule(rule) for rule in self.meta.faults.rules]})

    async def add_faults(self, request: Request) -> Response:
        """A rule, a list of rules, or {"rules": […]}; see FaultRule for the fields."""
        body = await _read_json(request, kinds=(dict, list))
        rules = body.get("rules", [body]) if isinstance(body, dict) else body
        added = [self.meta.faults.add(rule) for rule in _RULES.validate_python(rules)]
        return JSONResponse({"rules": [_describe_rule(rule) for rule in added]}, 201)

    async def clear_faults(self, _: Request) -> Response:
        self.meta.faults.clear()
        return JSONResponse({"success": True})

    async def list_requests(self, request: Request) -> Response:
        """Filters: phone_number_id, endpoint, method, path, to, accepted, biz_opaque_callback_data.
        `accepted` in the answer counts accepted messages by biz_opaque_callback_data."""
        requests = self.meta.requests.find(dict(request.query_params))
        return JSONResponse(
            {
                "requests": [describe_request(recorded) for recorded in requests],
                "count": len(requests),
                "accepted": self.meta.requests.accepted_counts,
            }
        )

    async def clear_requests(self, _: Request) -> Response:
        self.meta.requests.clear()
        return JSONResponse({"success": True})

    async def answer_redirected(self, request: Request) -> Response:
        """Target of the `redirect` fault; requests here are recorded."""
        self.meta.log_stray(request)
        return JSONResponse({"redirected": True})

    async def add_customer(self, request: Request) -> Response:
        """{"from", "name", "user_id", "username", "read_receipts", "phone_number_id"}."""
        described = await _read_json(request)
        receipts = described.pop("read_receipts", True)
        conversation = await self.meta.inbound.add_customer(described)
        conversation.customer.read_receipts = bool(receipts)
        self.meta.customers.announce(conversation)
        return JSONResponse(describe_conversation(conversation), 201)

    async def add_number(self, request: Request) -> Response:
        """A number to connect: {"phone_number_id", "business_account_id", "access_token"}; with
        the id of an existing number, its new credentials. Other fields: see FakeNumber."""
        described = await _read_json(request)
        phone_number_id = str(described.get("phone_number_id"))
        if not phone_number_id.isdecimal():
            raise InboundMistakeError('"phone_number_id" must have digits only.')
        known = await self.meta.numbers.get_number(phone_number_id)
        defaults = dataclasses.asdict(known) if known else {
            "display_phone_number": make_up_display_number(phone_number_id),
            "verified_name": "Sandbox number",
            "app_secret": self.meta.numbers.default_app_secret,
        }  # fmt: skip
        number = _NUMBER.validate_python({**defaults, **described})
        self.meta.numbers.add(number)
        return JSONResponse({"phone_number_id": number.phone_number_id}, 201)

    async def expire_media(self, request: Request) -> Response:
        """Takes {"media_id"}: expires this file as after 30 days; without an id, every file."""
        media_id = (await _read_json(request)).get("media_id")
        if media_id is None:
            self.meta.media.clear()
        elif isinstance(media_id, str) and self.meta.media.get(media_id) is not None:
            self.meta.media.delete(media_id)
        else:
            raise InboundMistakeError('"media_id" names no file.')
        return JSONResponse({"success": True})

    async def show_settings(self, _: Request) -> Response:
        return JSONResponse(dataclasses.asdict(self.meta.settings))

    async def change_settings(self, request: Request) -> Response:
        """Changes the given settings while the sandbox runs."""
        changes = await _read_json(request)
        current = dataclasses.asdict(self.meta.settings)
        unknown = sorted(changes.keys() - current.keys())
        if unknown:
            raise InboundMistakeError(f"There is no setting {', '.join(unknown)}.")
        checked = _SETTINGS.validate_python({**current, **changes})
        for name in changes:
            setattr(self.meta.settings, name, getattr(checked, name))
        return await self.show_settings(request)

    async def reset(self, _: Request) -> Response:
        self.meta.reset()
        return JSONResponse({"success": True})

    async def _post_batch(self, described: Json, *, base_url: str) -> Response:
        parts = described["messages"]
        if not isinstance(parts, list) or not parts:
            raise InboundMistakeError('"messages" must be a list of messages.')
        messages = [await self.meta.inbound.build(part, base_url=base_url) for part in parts]
        for message in messages:
            self.meta.inbound.show(message)
        delivery = self.meta.inbound.deliver_together(
            messages, entries=_read_count(described, "entries"),
            changes=_read_count(described, "changes"),
        )  # fmt: skip
        answer = await self.meta.inbound.wait_for_answer(delivery)
        wamids = [message.wamid for message in messages]
        return JSONResponse({"wamids": wamids, **answer, "body": json.loads(delivery.body)})

    async def _answer_inbound(self, delivery: Delivery, message: CustomerMessage) -> Response:
        answer = await self.meta.inbound.wait_for_answer(delivery)
        body = json.loads(delivery.body) if delivery.body else None
        return JSONResponse({"wamid": message.wamid, **answer, "body": body})


def _explain_mistakes(handle: Handler) -> Handler:
    async def endpoint(request: Request) -> Response:
        try:
            return await handle(request)
        except InboundMistakeError as mistake:
            return JSONResponse({"error": str(mistake)}, 400)
        except ValidationError as invalid:
            return JSONResponse({"error": _describe_invalid(invalid)}, 400)

    return endpoint


def _describe_invalid(invalid: ValidationError) -> str:
    parts = [
        f"{'.'.join(str(step) for step in error['loc'])}: {error['msg']}"
        for error in invalid.errors(include_url=False, include_context=False)
    ]
    return "; ".join(parts)


async def _read_json(request: Request, *, kinds: tuple[type, ...] = (dict,)) -> Any:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise InboundMistakeError(f"The request body is not valid JSON: {error}.") from None
    if not isinstance(body, kinds):
        raise InboundMistakeError("The request body must be a JSON object.")
    return body


def _read_count(described: Json, name: str) -> int:
    value = described.get(name, 1)
    if not isinstance(value, int) or value < 1:
        raise InboundMistakeError(f'"{name}" must be a positive number.')
    return value


def _read_flag(described: Json, name: str, default: bool) -> bool:
    value = described.get(name, default)
    if not isinstance(value, bool):
        raise InboundMistakeError(f'"{name}" must be true or false.')
    return value


def _describe_rule(rule: FaultRule) -> Json:
    given = rule.model_dump(mode="json", exclude_unset=True)
    return {"id": rule.id, "hits": rule.hits, "times": rule.times, **given}


def _describe_delivery(delivery: Delivery) -> Json:
    try:
        body = json.loads(delivery.body) if delivery.body else None
    except ValueError:
        body = delivery.body.decode("utf-8", "replace")
    return {
        "phone_number_id": delivery.phone_number_id,
        "created_at": delivery.created_at,
        "attempts": delivery.attempts,
        "accepted": delivery.is_accepted,
        "finished": delivery.is_finished,
        "error": delivery.error,
        "body": body,
    }
