"""The names of metrics: as Prometheus wants them, and as the documents show them."""

import json
import re
from pathlib import Path

from tests.fixtures.metric_names import list_label_values, list_metrics, list_sample_names

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


ALERTS = (ROOT / "deploy" / "alerts.yml").read_text()
DASHBOARD = json.loads((ROOT / "deploy" / "grafana.json").read_text())


def list_expressions() -> list[str]:
    """The PromQL of all alerts and panels."""
    alerts = re.findall(r"^ +expr: (.+)$", ALERTS, re.MULTILINE)
    panels = [
        target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])
    ]
    return [*alerts, *panels]


def test_expressions_use_existing_samples() -> None:
    names = {name for text in list_expressions() for name in re.findall(r"\bwagraph_\w+", text)}

    assert names - list_sample_names() == set()


def test_expressions_use_existing_labels() -> None:
    labels = list_label_values()
    for text in list_expressions():
        for name, matchers in re.findall(r"\b(wagraph_\w+)\{(.*?)\}", text):
            for label, values in re.findall(r'(\w+)=~?"(.*?)"', matchers):
                assert set(values.split("|")) <= labels[name, label], text


def test_dashboard_shows_every_metric() -> None:
    shown = " ".join(list_expressions())

    assert [name for name, *_ in list_metrics() if name not in shown] == []


def test_dashboard_has_row_for_each_subject() -> None:
    panels = DASHBOARD["panels"]
    rows = [panel["title"] for panel in panels if panel["type"] == "row"]

    assert rows == [
        *("Webhooks", "Sends", "Meta API", "Live", "GraphQL", "Media", "MongoDB", "Process")
    ]
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_runbook_has_paragraph_for_each_alert() -> None:
    alerts = re.findall(r"^ +- alert: (\w+)$", ALERTS, re.MULTILINE)
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    parts = re.findall(r"^## (\w+)\n\n(.+?)$", runbook, re.MULTILINE)

    assert [name for name, _ in parts] == alerts
    assert len(set(alerts)) == len(alerts) == ALERTS.count("expr:") == ALERTS.count("summary:")
