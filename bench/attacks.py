"""Cost of hostile operations until they are refused: `python -m bench.attacks`.

Prints the CPU time of the process and the longest block of the event loop, as median and maximum
over several rounds, with and without an API key. The target is 10 ms of CPU per operation.
"""

import asyncio
import base64
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import httpx
import orjson
from asgi_lifespan import LifespanManager

from app import create_app
from models import Role
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.mongod import EmbeddedMongod
from tests.fixtures.attacks import Attack, list_attacks
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

ROUNDS = 5
TARGET_MS = 10
LAG_PROBE_SECONDS = 0.001


async def measure_lag(worst: list[float]) -> None:
    """Records the longest block of the event loop until cancelled."""
    with suppress(asyncio.CancelledError):
        while True:
            before = time.perf_counter()
            await asyncio.sleep(LAG_PROBE_SECONDS)
            late = time.perf_counter() - before - LAG_PROBE_SECONDS
            worst[0] = max(worst[0], late)


async def refuse(client: httpx.AsyncClient, body: bytes) -> tuple[float, float, httpx.Response]:
    """Returns CPU time and loop lag in ms, and the response."""
    worst = [0.0]
    probe = asyncio.create_task(measure_lag(worst))
    await asyncio.sleep(0.01)
    started = time.process_time()
    answer = await client.post("/graphql", content=body)
    cpu = time.process_time() - started
    await asyncio.sleep(2 * LAG_PROBE_SECONDS)
    probe.cancel()
    await probe
    return cpu * 1000, worst[0] * 1000, answer


async def report(client: httpx.AsyncClient, attack: Attack) -> bool:
    body = orjson.dumps({"query": attack.query, "variables": attack.variables})
    rounds = [await refuse(client, body) for _ in range(ROUNDS)]
    cpu = statistics.median(one[0] for one in rounds)
    lag = max(one[1] for one in rounds)
    error = rounds[-1][2].json()["errors"][0]
    is_good = cpu <= TARGET_MS
    signs_in = "Authorization" in client.headers
    print(
        f"{attack.name:36}{'key' if signs_in else '-':>5}"
        f"{len(body) / 1000:9.1f}{cpu:9.1f}{lag:9.1f}"
        f"  {'' if is_good else 'SLOW '}{error['message'][:70]}"
    )
    return is_good


async def main() -> int:
    with tempfile.TemporaryDirectory() as folder, EmbeddedMongod(Path(folder)) as mongod:
        settings = Settings(
            _env_file=None,
            mongodb_uri=mongod.uri,
            encryption_keys="k1:" + base64.b64encode(bytes(32)).decode(),
            rate_limit_per_minute=0,
            anonymous_rate_limit_per_minute=0,
        )
        async with LifespanManager(create_app(settings)) as manager:
            _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="bench", role=Role.ADMIN)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(manager.app), base_url="http://x", headers=headers
            ) as client:
                print(f"{'attack':36}{'':>5}{'kB':>9}{'CPU ms':>9}{'lag ms':>9}  answer")
                await client.post("/graphql", content=b'{"query": "{ viewer { name } }"}')
                results = [await report(client, attack) for attack in list_attacks()]
                del client.headers["Authorization"]
                results += [await report(client, attack) for attack in list_attacks()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
