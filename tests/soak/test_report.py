"""Reports say what failed and what did not run."""

from __future__ import annotations

import json
from pathlib import Path

from tests.soak import report
from tests.soak.report import Part
from tests.soak.slope import Slope


def parts() -> list[Part]:
    good, bad, absent = Part("good"), Part("bad"), Part("absent", not_run="no tool")
    good.faults.append("killed: back after 1 s")
    good.at_most("wait", 1.0, 2.0, "s")
    bad.at_most("wait", 3.0, 2.0, "s")
    return [good, bad, absent]


def test_counts() -> None:
    assert report.counts(parts()) == (1, 1, 1)


def test_growth_must_be_proven() -> None:
    part = Part("memory")
    part.slope("memory", Slope(50, 10, 90), 20, "MB/h")
    assert part.passed
    part.slope("memory", Slope(50, 30, 70), 20, "MB/h")
    assert not part.passed


def test_markdown_names_what_failed_and_what_did_not_run(tmp_path: Path) -> None:
    report.write(tmp_path / "soak.md", parts(), command="soak")
    page = (tmp_path / "soak.md").read_text("utf-8")
    assert "**1 parts passed, 1 failed, 1 not run.**" in page
    assert "| wait | at most 2 s | 3 s | **NO** |" in page
    assert "## absent: not run" in page
    assert "no tool" in page
    assert "- killed: back after 1 s" in page


def test_json_has_the_same(tmp_path: Path) -> None:
    report.write(tmp_path / "soak.json", parts(), command="soak")
    values = json.loads((tmp_path / "soak.json").read_text("utf-8"))
    assert (values["passed"], values["failed"], values["not_run"]) == (1, 1, 1)
    assert [part["passed"] for part in values["parts"]] == [True, False, False]
