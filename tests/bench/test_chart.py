from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from recognizer.bench.chart import Bar, bars
from recognizer.bench.timing import Spread

SVG = "{http://www.w3.org/2000/svg}"


def widths_of(root: ElementTree.Element, colour: str) -> list[float]:
    """The widths of the paths filled with a colour."""
    paths = [path for path in root.iter(f"{SVG}path") if f"fill: {colour}" in path.get("style", "")]
    xs = [[float(x) for x in re.findall(r"[ML] ([\d.]+)", path.attrib["d"])] for path in paths]
    return [max(each) - min(each) for each in xs]


@pytest.mark.parametrize("log", [False, True])
def test_bars_have_names_values_and_lengths(log: bool) -> None:
    rows = [Bar("ours & mine", Spread(10, 8, 12, 13)), Bar("theirs", Spread(1000, 900, 1200, 1300), "peer")]
    root = ElementTree.fromstring(bars("Speed", "ms", rows, log=log))  # noqa: S314 - made here
    texts = {element.text for element in root.iter(f"{SVG}text")}
    assert texts == {"Speed", "ours & mine", "10 ms", "theirs", "1000 ms"}
    [ours], [theirs] = widths_of(root, "#1f6fb4"), widths_of(root, "#d1495b")
    assert theirs / ours == pytest.approx(3 if log else 100, rel=0.01)  # powers of ten above 1


def test_a_value_of_zero_has_a_bar() -> None:
    assert "0 ms" in bars("Speed", "ms", [Bar("one", Spread(0, 0, 0, 0)), Bar("two", Spread(1, 1, 1, 1))])
