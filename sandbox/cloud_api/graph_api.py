"""The endpoints of the fake Graph API, under any version prefix."""

import asyncio
import json
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.cloud_api.fault_answers import ResetAnswer, break_answer, error_answer
from sandbox.cloud_api.number_fields import check_proof, describe_number
from sandbox.cloud_api.paging import list_page
from sandbox.cloud_api.sending import read_subject
from sandbox.cloud_api.tokens import check_token, list_permissions, read_token
from sandbox.validation.media_limits import check_upload
from sandbox.validation.meta_errors import MetaError, no_such_object
from sandbox.validation.send_validation import refuse_parameter
from sandbox.world.faults import FaultSubject
from sandbox.world.media import describe_for_api
from sandbox.world.numbers import FakeNumber
from sandbox.world.request_log import LoggedRequest, read_logged_body, redact_headers

Json = dict[str, Any]
VERSION = re.compile(r"\d{1,2}\.\d")


@dataclass(slots=True)
class Call:
    """A request: its number and its log entry."""

    request: Request
    logged: LoggedRequest
    node_id: str
    version: float
    body: Any = None


Handler = Callable[[Call], Awaitable[Json | Response]]


class GraphApi:
    """Answers as Meta does, records every request and applies fault rules."""

    def __init__(self, meta: FakeMeta) -> None:
        self.meta = meta

    def make_routes(self) -> list[Route]:
        block_users = "/v{version}/{node_id}/block_users"
        subscribed_apps = "/v{version}/{node_id}/subscribed_apps"
        table: list[tuple[str, str, str, Handler]] = [
            ("POST", "/v{version}/{node_id}/messages", "messages", self._send_message),
            ("POST", "/v{version}/{node_id}/media", "media", self._upload_media),
            ("GET", "/v{version}/{node_id}/message_templates", "templates", self._list_templates),
            ("GET", "/v{version}/{node_id}/phone_numbers", "node", self._list_phone_numbers),
            ("GET", subscribed_apps, "subscribed_apps", self._list_apps),
            ("POST", subscribed_apps, "subscribed_apps", self._subscribe_app),
            ("DELETE", subscribed_apps, "subscribed_apps", self._unsubscribe_app),
            ("GET", block_users, "block_users", self._list_blocked),
            ("POST", block_users, "block_users", self._block),
            ("DELETE", block_users, "block_users", self._unblock),
            ("GET", "/v{version}/me/permissions", "permissions", self._list_permissions),
            ("POST", "/v{version}/{node_id}", "node", self._configure_number),
            ("GET", "/v{version}/{node_id}", "node", self._get_node),
            ("DELETE", "/v{version}/{node_id}", "media", self._delete_media),
            ("GET", "/media-content/{node_id}", "media_content", self._download_media),
        ]
        routes = [
            Route(path, self._make_endpoint(name, handle), methods=[method])
            for method, path, name, handle in table
        ]
        methods = ["GET", "POST", "DELETE", "PUT", "PATCH"]
        unknown = self._make_endpoint("unknown", self._refuse_path)
        return [*routes, Route("/v{version}/{node_id:path}", unknown, methods=methods)]

    def _make_endpoint(
        self, name: str, handle: Handler
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            return await self._serve(request, name, handle)

        return endpoint

    async def _serve(self, request: Request, name: str, handle: Handler) -> Response:
        call = await self._open_call(request, name)
        logged, faults = call.logged, self.meta.faults
        head = FaultSubject(name, logged.phone_number_id)
        if faults.take_early_reset(head) is not None:
            logged.fault = "reset_before"
            return ResetAnswer()
        try:
            raw_body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        content_type = request.headers.get("content-type", "")
        logged.body = call.body = read_logged_body(raw_body, content_type)
        settings = self.meta.settings
        await asyncio.sleep(settings.answer_delay + random.uniform(0, settings.answer_jitter))
        owner = logged.phone_number_id or ""
        subject = read_subject(call.body, owner) if name == "messages" else head
        rule = faults.take_answer_fault(subject)
        if rule is None:
            answer = await self._answer(call, handle)
            logged.status, logged.answer = answer.status_code, _read_answer(answer)
            return answer
        logged.fault = rule.kind.value
        right_answer = await self._answer(call, handle) if rule.accepts else None
        broken = break_answer(
            rule, right_answer, settings=self.meta.settings, closing=self.meta.closing
        )
        if type(broken) is Response:
            logged.status, logged.answer = broken.status_code, _read_answer(broken)
        return broken

    async def _open_call(self, request: Request, name: str) -> Call:
        node_id = str(request.path_params.get("node_id", "me"))
        logged = LoggedRequest(
            method=request.method,
            path=request.url.path,
            query={**request.query_params},
            headers=redact_headers(request.headers),
            endpoint=name,
            phone_number_id=await self._find_owner(name, node_id),
        )
        self.meta.requests.add(logged)
        version = str(request.path_params.get("version", "25.0"))
        known = float(version) if VERSION.fullmatch(version) else 25.0
        return Call(request, logged, node_id, known)

    async def _answer(self, call: Call, handle: Handler) -> Response:
        try:
            answer = await handle(call)
        except MetaError as error:
            return error_answer(error)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    async def _find_owner(self, name: str, node_id: str) -> str | None:
        if name == "media_content":
            linked = self.meta.media.follow_link(node_id)
            return linked.phone_number_id if linked else None
        stored = self.meta.media.get(node_id)
        if stored is not None:
            return stored.phone_number_id
        number = await self.meta.numbers.get_number(node_id)
        return number.phone_number_id if number else None

    async def _send_message(self, call: Call) -> Json:
        number = await self._get_number(call, call.node_id)
        body = call.body if isinstance(call.body, dict) else {}
        return await self.meta.desk.take(number, body, version=call.version, request=call.logged)

    async def _upload_media(self, call: Call) -> Json:
        number = await self._get_number(call, call.node_id)
        async with call.request.form() as form:
            upload = form.get("file")
            if form.get("messaging_product") != "whatsapp":
                refuse_parameter("The parameter messaging_product is required.")
            if not isinstance(upload, UploadFile):
                refuse_parameter("The parameter file is required.")
            mime_type = str(form.get("type") or upload.content_type or "")
            content = await upload.read()
            check_upload(mime_type, len(content))
            stored = self.meta.media.add(
                content,
                phone_number_id=number.phone_number_id,
                mime_type=mime_type,
                filename=upload.filename,
            )
        return {"id": stored.id}

    async def _get_node(self, call: Call) -> Json:
        stored = self.meta.media.get(call.node_id)
        if stored is not None:
            await self._get_number(call, stored.phone_number_id)
            number_id = call.request.query_params.get("phone_number_id", stored.phone_number_id)
            if number_id != stored.phone_number_id:
                raise no_such_object(call.node_id, method="get")
            url = self.meta.make_media_url(
                self.meta.media.make_link(stored), base_url=str(call.request.base_url)
            )
            return describe_for_api(stored, url=url)
        if await self._list_account_numbers(call.node_id):
            await self._check_account(call)
            return {"id": call.node_id, "name": "Sandbox account", "timezone_id": "1"}
        number = await self._get_number(call, call.node_id)
        check_proof(number, call.request.query_params.get("appsecret_proof"))
        return self._describe_number(number, call.request.query_params.get("fields"))

    async def _delete_media(self, call: Call) -> Json:
        stored = self.meta.media.get(call.node_id)
        if stored is None:
            raise no_such_object(call.node_id, method="delete")
        await self._get_number(call, stored.phone_number_id)
        self.meta.media.delete(stored.id)
        return {"success": True}

    async def _download_media(self, call: Call) -> Response:
        stored = self.meta.media.follow_link(call.node_id)
        if stored is None:
            return JSONResponse({"error": "This link has expired."}, 404)
        await self._get_number(call, stored.phone_number_id)
        return Response(stored.content, media_type=stored.mime_type)

    async def _list_templates(self, call: Call) -> Json:
        await self._check_account(call)
        return self.meta.templates.list_page(
            {**call.request.query_params}, make_next_url=_make_next_url(call)
        )

    async def _list_phone_numbers(self, call: Call) -> Json:
        await self._check_account(call)
        numbers = await self._list_account_numbers(call.node_id)
        fields = call.request.query_params.get("fields")
        return list_page(
            [self._describe_number(number, fields) for number in numbers],
            {**call.request.query_params},
            make_next_url=_make_next_url(call),
        )

    def _describe_number(self, number: FakeNumber, fields: str | None) -> Json:
        return describe_number(
            number, fields, webhook_configuration=self.meta.callbacks.describe(number)
        )

    async def _configure_number(self, call: Call) -> Json:
        number = await self._get_number(call, call.node_id)
        body = call.body if isinstance(call.body, dict) else {}
        if "webhook_configuration" not in body:
            refuse_parameter("The parameter webhook_configuration is required.")
        return await self.meta.callbacks.configure_number(number, body["webhook_configuration"])

    async def _list_apps(self, call: Call) -> Json:
        await self._check_account(call)
        return self.meta.callbacks.list_apps(call.node_id)

    async def _subscribe_app(self, call: Call) -> Json:
        await self._check_account(call)
        return await self.meta.callbacks.subscribe(call.node_id, call.body)

    async def _unsubscribe_app(self, call: Call) -> Json:
        await self._check_account(call)
        return self.meta.callbacks.unsubscribe(call.node_id)

    async def _list_permissions(self, call: Call) -> Json:
        return list_permissions(call.request, await self.meta.numbers.list_numbers())

    async def _list_blocked(self, call: Call) -> Json:
        return self.meta.blocks.list_blocked(await self._get_number(call, call.node_id))

    async def _block(self, call: Call) -> Json:
        return self.meta.blocks.block(await self._get_number(call, call.node_id), call.body)

    async def _unblock(self, call: Call) -> Json:
        return self.meta.blocks.unblock(await self._get_number(call, call.node_id), call.body)

    async def _refuse_path(self, call: Call) -> Json:
        message = f"Unknown path components: /{call.node_id}"
        raise MetaError(2500, message=message, details="", http_status=400)

    async def _get_number(self, call: Call, phone_number_id: str) -> FakeNumber:
        number = await self.meta.numbers.get_number(phone_number_id)
        if number is not None and read_token(call.request) == number.access_token:
            return number
        await self._check_readable(call, number.business_account_id if number else None)
        assert number is not None  # no token reads a number that does not exist
        return number

    async def _list_account_numbers(self, business_account_id: str | None) -> list[FakeNumber]:
        numbers = await self.meta.numbers.list_numbers()
        return [number for number in numbers if number.business_account_id == business_account_id]

    async def _check_account(self, call: Call) -> None:
        await self._check_readable(call, call.node_id)

    async def _check_readable(self, call: Call, business_account_id: str | None) -> None:
        """Checks that the token reads the business account, and with it all its numbers."""
        numbers = await self._list_account_numbers(business_account_id)
        readers = {number.access_token for number in numbers}
        valid = await self.meta.numbers.list_tokens()
        check_token(call.request, call.node_id, readers=readers, valid=valid)


def _make_next_url(call: Call) -> Callable[[str], str]:
    url = call.request.url.remove_query_params("access_token")
    return lambda cursor: str(url.include_query_params(after=cursor))


def _read_answer(answer: Response) -> Any:
    if answer.media_type != "application/json":
        return f"<{len(answer.body)} bytes>"
    try:
        return json.loads(bytes(answer.body))
    except ValueError:
        return bytes(answer.body).decode("utf-8", "replace")
