from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from recognizer.history.records import Selection
from recognizer.history.reports.attendance import Report
from recognizer.history.reports.page import CONTENT_SECURITY_POLICY, duration, report_html
from tests.history.reports.conftest import FORMULA, MARKUP, NIGHT, at

Make = Callable[..., Report]
VOID = {"meta", "line"}


class Page(HTMLParser):
    """Elements with their attributes, and text; fails where elements are not closed in order."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html.decode())
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_what_users_wrote_is_text(make: Make) -> None:
    page = Page(report_html(make()))
    assert {tag for tag, _ in page.elements} <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "time", "table", "thead", "tbody", "tr"),
        *("th", "td", "ul", "li", "i", "section", "div", "span", "svg", "text", "line", "rect"),
    }
    assert MARKUP in page.texts
    assert FORMULA in page.texts
    assert any(MARKUP in (svg.get("aria-label") or "") for svg in page.all("svg"))


def test_files_are_named_without_their_folders(make: Make) -> None:
    page = Page(report_html(make()))
    assert "yard & 'garden'" in page.texts
    assert "/clips/yard & 'garden'" in {item["title"] for item in page.all("li")}
    assert not any("/clips" in text for text in page.texts)


def test_the_page_needs_no_file_no_script_and_no_inline_style(make: Make) -> None:
    html = report_html(make())
    page = Page(html)
    names = {name for _, attributes in page.elements for name in attributes}
    assert not names & {"src", "href", "style", "onerror", "onload"}
    assert b"url(" not in html
    assert b"@import" not in html
    policies = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policies == [CONTENT_SECURITY_POLICY]


def test_bars_stand_at_their_times(make: Make) -> None:
    html = report_html(make("day", Selection(person=NIGHT))).decode()
    bars = re.findall(r'<rect class="c0" x="([\d.]+)%" width="([\d.]+)%"', html)
    assert [(float(x), float(width)) for x, width in bars] == [
        pytest.approx((100 * 22 / 24, 100 * 2 / 24), abs=0.01),
        pytest.approx((0, 100 * 7 / 24), abs=0.01),  # from 0 to 6 o'clock with the hour that comes twice
    ]
    assert "this day has 25 hours" in html
    assert "22:00 to 24:00" in html


def test_a_glimpse_is_visible(make: Make) -> None:
    html = report_html(make("day", Selection(since=at("2026-10-24T00:00")))).decode()
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)%"', html)]
    assert min(widths) >= 0.4


def test_times_of_a_short_clip_have_labels(make: Make) -> None:
    html = report_html(make("day", Selection(person=MARKUP))).decode()
    assert re.findall(r"<text [^>]*>([^<]*)</text>", html) == ["10:00", "10:01"]


@pytest.mark.parametrize(
    "selection",
    [
        Selection(person="Nobody"),
        Selection(person="Nobody", since=at("2026-10-24T00:00")),
        Selection(person="Nobody", until=at("2026-10-24T00:00")),
    ],
)
def test_an_empty_report_says_so(make: Make, selection: Selection) -> None:
    page = Page(report_html(make("day", selection)))
    assert "No named person was seen." in page.texts


@pytest.mark.parametrize(("seconds", "text"), [(0, "0.0 s"), (59.94, "59.9 s"), (59.97, "0:01:00"), (3723, "1:02:03")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
