"""The inbox in Chromium: from webhook to pixel, first view, typing, scrolling and memory."""

import asyncio
import json
import os
import shutil
from pathlib import Path

from bench.case import Case, CaseFailedError, Figures, NotSupportedError, Run
from bench.load.requests import make_global_id
from bench.servers.contenders import ROOT
from bench.world import APP_SECRET, BUSINESS_ACCOUNT_ID, DISPLAY_NUMBER, PHONE_NUMBER_IDS

SCRIPT = Path(__file__).parents[1] / "inbox" / "measure.mjs"
BROWSER_PACKAGES = ROOT / "tests" / "browser" / "node_modules"
# The first customer writes for years, all others wrote three times.
COUNTS = (10_000, *(3 for _ in range(49_999)))


async def measure_page(run: Run) -> Figures:
    if not shutil.which("node") or not BROWSER_PACKAGES.exists():
        raise NotSupportedError
    long, *others = run.world.customers
    environment = {
        "URL": run.server.url,
        "KEY": run.world.api_key,
        "APP_SECRET": APP_SECRET,
        "PHONE_NUMBER_ID": PHONE_NUMBER_IDS[0],
        "BUSINESS_ACCOUNT_ID": BUSINESS_ACCOUNT_ID,
        "DISPLAY_NUMBER": DISPLAY_NUMBER,
        "CONVERSATIONS": str(len(run.world.people)),
        "MESSAGES": str(COUNTS[0]),
        "LONG": json.dumps(
            {
                "waId": long.wa_id,
                "name": long.name,
                "id": make_global_id("Conversation", long.conversation_id),
            }
        ),
        "OTHERS": json.dumps([{"waId": one.wa_id, "name": one.name} for one in others[:40]]),
        "LIVE_SECONDS": str(run.pick(quick=60, full=180)),
        "ROWS": str(int(run.pick(quick=2_000, full=50_000))),
    }
    process = await asyncio.create_subprocess_exec(
        "node", SCRIPT, env=os.environ | environment, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    # Chromium's processes may use all cores, as on a desk: MongoDB and the server are pinned.
    os.sched_setaffinity(process.pid, range(os.cpu_count() or 1))
    try:
        printed, _ = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        raise
    if process.returncode:
        raise CaseFailedError(printed.decode()[-500:])
    return dict(json.loads(printed))


CASES = [
    Case(
        "inbox_page",
        "the inbox in Chromium with 50,000 conversations: webhook to pixel, p95",
        measure_page,
        main="pixel_p95_ms",
        unit="ms",
        less_is_better=True,
        counts=COUNTS,
        only_wagraph=True,
        rounds=1,
        seconds=1500.0,
    )
]
