from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from recognizer.errors import UsageError
from recognizer.evaluation.plots import Axis, Bar, curves, histograms, require_matplotlib, timeline

TEXT = "{http://www.w3.org/2000/svg}text"


def texts(svg: str) -> set[str | None]:
    return {element.text for element in ElementTree.fromstring(svg).iter(TEXT)}  # noqa: S314 - made here


def roc() -> str:
    lines = {"plain": ([0, 1e-5, 1e-3, 1], [0, 0.95, 0.99, 1]), "a $b$ c": ([0, 1e-3, 1], [0, 0.97, 1])}
    return curves("ROC", Axis("FMR", 1e-4, 1, log=True), Axis("TAR", 0.9, 1), lines)


def test_curves_have_names_and_powers_of_ten() -> None:
    assert {"ROC", "FMR", "TAR", "plain", "a $b$ c", "0.0001", "0.001", "1"} <= texts(roc())


def test_the_same_values_give_the_same_text() -> None:
    assert roc() == roc()


def test_histograms_of_an_empty_group() -> None:
    values = {"mated": np.array([0.5, 0.6]), "non-mated": np.zeros(0)}
    assert {"Similarities", "cosine", "mated", "non-mated"} <= texts(
        histograms("Similarities", Axis("cosine", -1, 1), values)
    )


def test_a_timeline_has_a_row_for_each_name_and_a_tooltip_for_each_bar() -> None:
    bars = [Bar("张伟", 0, 4, "#b9c2cf", "in <view>"), Bar("_b$x$", 1, 3, "#1f8a5b", "named", thin=True)]
    svg = timeline("When", 10, ["张伟", "_b$x$"], bars, {"in view": "#b9c2cf"})
    assert {"When", "seconds", "张伟", "_b$x$", "in view"} <= texts(svg)
    assert svg.count("<title>") == 2
    assert "<title>in &lt;view&gt;</title>" in svg


def test_without_matplotlib_the_option_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> Any:
        return None if name == "matplotlib" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    require_matplotlib("--report", None)
    with pytest.raises(UsageError, match=r"--report draws with matplotlib: pip install -r requirements-report\.txt"):
        require_matplotlib("--report", Path("report.html"))
