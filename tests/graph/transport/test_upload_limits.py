"""Limits of size, time and number of uploads, and their cleaning up."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from models import Account, Role
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.files import PNG
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.multipart import MAP, Part, make_form, make_operations, post
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.uploads import NOTHING, count_stored, list_uploads, upload
from tests.fixtures.waiting import eventually
from whatsapp.settings import Settings


class TestLimits:
    pytestmark = with_timeouts(upload_deadline_seconds=1.0)

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"upload_max_bytes": 20_000, "upload_concurrency": 1})

    async def test_oversized_file_is_not_read_completely(
        self, agent: GraphQLClient, account: Account, meta: FakeMeta
    ) -> None:
        start = make_form(("operations", make_operations(account)), ("map", MAP), end="\r\n")
        head = b'Content-Disposition: form-data; name="0"; filename="x"\r\n\r\n'
        sent: list[int] = []

        async def drip() -> AsyncIterator[bytes]:
            yield start + head
            for number in range(1000):
                sent.append(number)
                yield bytes(1000)

        answer = await post(agent, drip())
        announced = await post(agent, bytes(3 * 1024 * 1024))

        assert (answer.status_code, announced.status_code) == (413, 413)
        assert "at most 20000 bytes" in answer.json()["errors"][0]["message"]
        assert len(sent) < 50
        assert await count_stored() == NOTHING
        assert list_uploads(meta) == []

    async def test_too_slow_upload_ends_and_another_waits_meanwhile(
        self, agent: GraphQLClient, account: Account
    ) -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def stall() -> AsyncIterator[bytes]:
            yield make_form(("operations", make_operations(account)), end="\r\n")
            begun.set()
            await go_on.wait()
            yield b""

        slow = asyncio.create_task(post(agent, stall()))
        await begun.wait()
        refused = await post(agent, make_form())
        answer = await slow
        after = await upload(agent, account)

        assert refused.status_code == 429
        assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert refused.headers["retry-after"] == "2"
        assert answer.status_code == 408
        assert after["userErrors"] == []


async def test_temporary_files_are_always_removed(
    agent: GraphQLClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    original = tempfile.SpooledTemporaryFile

    def watch_file(*args: Any, **options: Any) -> Any:
        made.append(original(*args, **options))
        return made[-1]

    monkeypatch.setattr("whatsapp.media.received_file.SpooledTemporaryFile", watch_file)
    operations: Part = ("operations", make_operations(account))
    large = PNG + bytes(2 * 1024 * 1024)
    await post(agent, make_form(operations, ("map", MAP), ("0", large)))
    await post(agent, make_form(operations, ("map", MAP), ("0", large), ("0", PNG)))
    await post(agent, make_form(operations, ("map", MAP), ("0", large), end=""))
    await post(agent, make_form(("operations", '{"query": "{"}'), ("map", "{}")))

    assert [file.closed for file in made] == [True, True, True]


class TestShares:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"upload_concurrency": 4})

    async def test_credential_leaves_places_for_other_credentials(
        self,
        agent: GraphQLClient,
        account: Account,
        other_account: Account,
        make_client: Callable[..., Awaitable[GraphQLClient]],
    ) -> None:
        go_on = asyncio.Event()
        begun: list[int] = []

        async def stall(number: int) -> AsyncIterator[bytes]:
            yield make_form(("operations", make_operations(account)), end="\r\n")
            begun.append(number)
            await go_on.wait()
            yield b""

        async def count_begun(number: int) -> bool:
            return len(begun) == number

        slow = [asyncio.create_task(post(agent, stall(number))) for number in range(2)]
        await eventually(partial(count_begun, 2))
        refused = await post(agent, make_form())
        other = await upload(await make_client(Role.AGENT), account)
        # Two keys of an account share its limit.
        first, second = [await make_client(Role.AGENT, [other_account]) for _ in range(2)]
        slow.append(asyncio.create_task(post(first, stall(3))))
        await eventually(partial(count_begun, 3))
        same_account = await post(second, make_form())
        stored = await count_stored()
        go_on.set()
        await asyncio.gather(*slow)

        assert refused.status_code == same_account.status_code == 429
        assert other["userErrors"] == []
        assert stored["uploads"] == 1
        assert (await upload(agent, account))["userErrors"] == []
