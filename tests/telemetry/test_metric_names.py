"""The names of metrics: as Prometheus wants them, and as the documents show them."""

import re
from pathlib import Path

from tests.fixtures.metric_names import list_metrics

ROOT = Path(__file__).parents[2]


def test_table_lists_all_metrics() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", text, re.MULTILINE)

    assert rows == list_metrics()


def test_names_follow_conventions() -> None:
    for name, kind, _, text in list_metrics():
        assert re.fullmatch(r"wagraph(_[a-z0-9]+)+", name), name
        assert text.endswith("."), name
        assert (kind == "counter") == name.endswith("_total"), name
        if kind == "histogram":
            assert name.endswith(("_seconds", "_bytes")), name
        assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|percent)(_|$)", name), name
