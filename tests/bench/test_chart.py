from __future__ import annotations

from xml.etree import ElementTree

import pytest

from recognizer.bench.chart import Bar, bars
from recognizer.bench.timing import Spread


@pytest.mark.parametrize("log", [False, True])
def test_a_chart_is_a_picture_of_its_values(log: bool) -> None:
    rows = [Bar("ours & mine", Spread(10, 8, 12, 13)), Bar("theirs", Spread(1000, 900, 1200, 1300), "peer")]
    root = ElementTree.fromstring(bars("Speed", "ms", rows, log=log))  # noqa: S314 - made here
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["Speed", "ours & mine", "10 ms", "theirs", "1000 ms"]
    _, ours, theirs = root.iter("{http://www.w3.org/2000/svg}rect")
    assert float(ours.attrib["width"]) < float(theirs.attrib["width"])


def test_a_value_of_nothing_has_a_bar_too() -> None:
    assert "0 ms" in bars("Speed", "ms", [Bar("one", Spread(0, 0, 0, 0)), Bar("two", Spread(1, 1, 1, 1))])
