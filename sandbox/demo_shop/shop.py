"""Plays the customers and the team of the demo shop, over HTTP as they do."""

import asyncio
import base64
import json
import math
import mimetypes
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import httpx

from sandbox.demo_shop import requests
from sandbox.demo_shop.invoice import make_invoice
from sandbox.demo_shop.story import ME, Json, Step, Story

FILES = Path(__file__).parent / "files"
_MIME_TYPES = {".ogg": "audio/ogg; codecs=opus", ".webp": "image/webp"}
ATTEMPTS = 50


class SeedError(Exception):
    """Creating the demo data failed; the message has the server's answer."""


class DemoShop:
    """The clients of the agents, by name. Use it as a context manager."""

    def __init__(self, *, server_url: str, sandbox_url: str, api_key: str) -> None:
        self._server_url = server_url
        self._stack = AsyncExitStack()
        self._sandbox = httpx.AsyncClient(base_url=sandbox_url, timeout=30, trust_env=False)
        self._agents: dict[str, httpx.AsyncClient] = {ME: self._create_client(api_key)}
        self._agent_ids: dict[str, str] = {}
        self.account_id = ""

    async def __aenter__(self) -> Self:
        for client in (self._sandbox, *self._agents.values()):
            await self._stack.enter_async_context(client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def open(self, account: Json) -> None:
        """Connects the account and makes the shop's quick replies."""
        created = await self.call("createAccount", requests.CREATE_ACCOUNT, {"input": account})
        self.account_id = str(created["account"]["id"])
        # Meta names the number.
        await self.call(
            "checkAccount", requests.CHECK_ACCOUNT, {"input": {"accountId": self.account_id}}
        )
        for shortcut, text in requests.QUICK_REPLIES.items():
            reply = {"accountId": self.account_id, "shortcut": shortcut, "text": text}
            await self.call("createQuickReply", requests.CREATE_QUICK_REPLY, {"input": reply})

    async def hire(self, *names: str) -> None:
        """Creates agents, each with a key."""
        viewer = await self._query(requests.FIND_VIEWER, {})
        self._agent_ids[ME] = viewer["viewer"]["agent"]["id"]
        for name in names:
            created = await self.call("createApiKey", requests.CREATE_AGENT, {"name": name})
            self._agent_ids[name] = created["apiKey"]["agent"]["id"]
            client = self._create_client(created["token"])
            self._agents[name] = await self._stack.enter_async_context(client)

    async def play(self, story: Story) -> None:
        """Sends the messages one after another, then does the team's work."""
        wamids: list[str] = []
        for step in story.steps:
            wamids.append(await self._play_step(story, step, wamids))
        messages = zip(story.steps, wamids, strict=True)
        shown = [wamid for step, wamid in messages if step.message.get("type") != "reaction"]
        await self._work(story, await self._find_conversation(story, last=shown[-1]))

    async def wait_for_next_second(self) -> None:
        """Waits until sent messages come after the customers' messages, which have whole
        seconds, rounded up."""
        now = time.time()
        await asyncio.sleep(math.ceil(now) - now)

    async def send(self, story: Story, content: Json, *, by: str = ME) -> str:
        """Sends a message of an agent. Returns its wamid."""
        if "document" in content:
            content = {"document": await self._upload_document(content["document"], by=by)}
        variables = {"to": await self._find_conversation(story), "content": content}
        sent = await self.call("sendMessage", requests.SEND, variables, by=by)
        return str(await self._poll(_read_wamid, requests.FIND_MESSAGE, sent["message"]))

    async def call(self, field: str, query: str, variables: Json, *, by: str = ME) -> Any:
        """Returns the payload of a mutation. Tries again while the server has yet to learn of
        what it names: a customer's message, or a template."""
        for attempt in range(ATTEMPTS):
            body = {"query": query, "variables": variables}
            answer = (await self._agents[by].post("/graphql", json=body)).json()
            payload = (answer.get("data") or {}).get(field)
            if payload and not payload["userErrors"]:
                return payload
            await asyncio.sleep(min(0.05 * (attempt + 1), 0.5))
        raise SeedError(f"{field} was refused: {str(answer)[:300]}")

    async def _play_step(self, story: Story, step: Step, wamids: list[str]) -> str:
        if step.author not in ("customer", "app"):
            return await self.send(story, step.message, by=step.author)
        message = self._complete(step, wamids)
        # Rounded up, so that answers to an agent's message of this second come after it.
        message["timestamp"] = str(math.ceil(time.time()) - 60 * step.minutes)
        if step.author == "app":
            return await self._post("echo", {"to": story.phone, **message})
        return await self._post("inbound", {"from": story.phone, "name": story.name, **message})

    def _complete(self, step: Step, wamids: list[str]) -> Json:
        """Adds the file, and the message that is answered or reacted to."""
        message = dict(step.message)
        kind = str(message["type"])
        if "file" in message:
            path = FILES / message.pop("file")
            message[kind] = message.pop("content") | _read_file(path)
        if step.quotes is None:
            return message
        if kind == "reaction":
            return message | {kind: message[kind] | {"message_id": wamids[step.quotes]}}
        return message | {"context": {"id": wamids[step.quotes]}}

    async def _work(self, story: Story, conversation_id: str) -> None:
        target: Json = {"id": conversation_id}
        if story.assignee is not None:
            agent_id = self._agent_ids[story.assignee]
            await self.call("assignConversation", requests.ASSIGN, target | {"agentId": agent_id})
        if story.tags:
            await self.call("addTags", requests.ADD_TAGS, target | {"tags": list(story.tags)})
        for author, text in story.notes:
            await self.call("addNote", requests.ADD_NOTE, target | {"body": text}, by=author)
        if story.state != "unread":
            await self.call("markConversationRead", requests.MARK_READ, target)
        if story.state == "closed":
            await self.call("closeConversation", requests.CLOSE, target, by=story.assignee or ME)

    async def _find_conversation(self, story: Story, *, last: str | None = None) -> str:
        """Waits for the customer's conversation, and for its last message if that is named."""

        def read(data: Any) -> object:
            for contact in data["contacts"]["nodes"]:
                conversation = contact["conversation"] or {}
                messages = conversation.get("messages", {}).get("nodes", ())
                if last is None or last in [message["whatsappId"] for message in messages]:
                    return conversation.get("id")
            return None

        return str(await self._poll(read, requests.FIND_CONVERSATION, {"phone": story.phone}))

    async def _poll(self, read: Callable[[Any], object], query: str, variables: Json) -> object:
        """Repeats the query until `read` finds a value in its data."""
        for attempt in range(ATTEMPTS):
            value = read(await self._query(query, variables))
            if value is not None:
                return value
            await asyncio.sleep(min(0.05 * (attempt + 1), 0.5))
        raise SeedError(f"The server did not process the demo's messages: {variables}")

    async def _upload_document(self, document: Json, *, by: str) -> Json:
        operation = {
            "query": requests.UPLOAD,
            "variables": {"accountId": self.account_id, "file": None},
        }
        parts = {"operations": json.dumps(operation), "map": '{"0": ["variables.file"]}'}
        name = document["file"]
        files = {"0": (name, make_invoice(), "application/pdf")}
        headers = {"Apollo-Require-Preflight": "true"}
        answer = await self._agents[by].post("/graphql", data=parts, files=files, headers=headers)
        upload = (answer.json().get("data") or {}).get("uploadMedia", {}).get("upload")
        if upload is None:
            raise SeedError(f"The file was refused: {answer.text[:300]}")
        source = {"source": {"uploadId": upload["id"]}}
        return source | {"filename": name, "caption": document["caption"]}

    async def _post(self, path: str, body: Json) -> str:
        answer = await self._sandbox.post(f"/sandbox/{path}", json=body)
        if answer.status_code != 200:
            raise SeedError(f"A demo message was refused: {answer.text[:300]}")
        return str(answer.json()["wamid"])

    async def _query(self, query: str, variables: Json) -> Any:
        body = {"query": query, "variables": variables}
        return (await self._agents[ME].post("/graphql", json=body)).json()["data"]

    def _create_client(self, api_key: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {api_key}"}
        return httpx.AsyncClient(
            base_url=self._server_url, headers=headers, timeout=30, trust_env=False
        )


def _read_wamid(data: Any) -> object:
    return data["node"]["whatsappId"]


def _read_file(path: Path) -> Json:
    guessed = mimetypes.guess_type(path.name)[0]
    mime_type = _MIME_TYPES.get(path.suffix) or guessed or "application/octet-stream"
    return {"base64": base64.b64encode(path.read_bytes()).decode(), "mime_type": mime_type}
