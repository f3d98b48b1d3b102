"""The Grafana dashboard and Prometheus' rules use what is exported, in queries that Prometheus reads."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from recognizer.integrations.delivering import DeliveryThread
from recognizer.serve.figures import WebFigures
from recognizer.serve.routes.metrics import GAUGES
from tests.conftest import ROOT
from tests.integrations.metrics import metrics_sink
from tests.ports import free_port

DEPLOY = ROOT / "deploy"
_NAME = re.compile(r"\brecognizer_[a-z_]+")
_LABEL = re.compile(r"\bby \(([a-z, ]+)\)")


def queries() -> Iterator[str]:
    dashboard: dict[str, Any] = json.loads((DEPLOY / "grafana/recognizer.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text("utf-8"))["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def exported(folder: Path) -> set[str]:
    """Names that a run or the service exports."""
    deliveries = DeliveryThread("mqtt", folder / "x", lambda _: None, waits_s=[1], stop=threading.Event())
    sink = metrics_sink(free_port(), store_bytes=lambda: 1, deliveries=[deliveries])
    names = set()
    for family in [*sink.registry.collect(), *of_the_service()]:
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        names |= {family.name + ending for ending in endings}
    return names


def of_the_service() -> Iterator[Metric]:
    """The figures of the web process, and those that it reads when it is scraped."""
    figures = WebFigures()
    for name, what in GAUGES.items():
        figures.set(name, what, 1.0)
    families = text_string_to_metric_families(figures.exposition().decode())
    yield from (family for family in families if not family.name.endswith("_created"))


def test_every_metric_that_is_used_is_exported(tmp_path: Path) -> None:
    used = {name for query in queries() for name in _NAME.findall(query)}
    assert used <= exported(tmp_path)


def test_the_dashboard_shows_every_metric(tmp_path: Path) -> None:
    text = (DEPLOY / "grafana/recognizer.json").read_text("utf-8")
    families = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in exported(tmp_path)}
    assert {name for name in families if name not in text} == set()


def test_every_metric_is_documented(tmp_path: Path) -> None:
    page = (ROOT / "docs/integrations.md").read_text("utf-8")
    wanted = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exported(tmp_path)}
    assert {name for name in wanted if f"`{name}" not in page} == set()


@pytest.mark.parametrize("query", sorted(set(queries())))
def test_a_query_can_be_read(query: str) -> None:
    promql_parser.parse(query.replace("$__rate_interval", "1m").replace("$source", "entrance"))


def test_the_alert_rules_by_promtool_where_it_is_installed() -> None:
    """Debian's package prometheus has it; the queries are read by the test above in any case."""
    if (tool := shutil.which("promtool")) is None:
        pytest.skip("promtool is not installed")
    for words in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        subprocess.run([tool, *words], cwd=DEPLOY / "prometheus", check=True, capture_output=True)
