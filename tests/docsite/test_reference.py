"""The generated pages of the site are whole."""

from __future__ import annotations

import json
import re

import pytest
import typer.main
import yaml

from docsite import links, reference, settings
from recognizer.app.config import Settings
from recognizer.cli.main import app
from recognizer.errors import HistoryError
from tests.conftest import ROOT


def test_every_setting_has_a_row_with_its_range_and_default() -> None:
    page = settings.settings_page()
    for name, model in settings.sections():
        section = page.split(f"\n## {name}\n", 1)[1].split("\n## ")[0]
        assert [key for key in model.model_fields if f"\n| `{key}` |" not in section] == []
    assert "| `min_face_px` | `40` | number from 12 to 2000 | px | Side of the smallest face" in page
    assert "`tcp`, `udp`" in page
    assert {name for name, _ in settings.sections()} == set(Settings.model_fields)


def test_every_command_has_a_heading_and_its_options() -> None:
    page = reference.commands_page()
    walked = [" ".join(words) for words, _ in reference.walk_commands(typer.main.get_command(app), ())]
    assert {"run", "history explain", "gallery consent", "serve"} <= set(walked)
    assert [words for words in walked if f"\n## {words}\n" not in page] == []
    assert "`--budget`" in page


def test_every_route_has_a_heading() -> None:
    description = json.loads(reference.OPENAPI.read_text("utf-8"))
    page = reference.rest_page(description)
    routes = [f"## {method.upper()} {path}" for path, methods in description["paths"].items() for method in methods]
    assert len(routes) > 20
    assert [route for route in routes if f"{route}\n" not in page] == []


def test_exit_statuses_are_those_of_the_errors() -> None:
    page = reference.exit_codes_page()
    assert f"| {HistoryError.exit_code} | `HistoryError` |" in page
    assert "| 70 |" in page


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        ("[a](../gallery/README.md#consent)", "[a](gallery.md#consent)"),
        ("[a](history.md#backups)", "[a](history.md#backups)"),
        ("[a](../README.md)", "[a](index.md)"),
        ("[api.py](../recognizer/api.py)", "api.py"),
        ("[the unit](../deploy/a.service)", "the unit (`deploy/a.service`)"),
        ("[a](https://example.org/x)", "[a](https://example.org/x)"),
        ("![a](images/a.jpg)", "![a](images/a.jpg)"),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(link: str, wanted: str) -> None:
    got = re.sub(links.LINK, lambda found: links.rewritten(found, origin="docs/page.md", here="page.md"), link)
    assert got == wanted


def test_every_page_is_in_the_menu() -> None:
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    listed = set(re.findall(r"[\w./-]+\.md", yaml.dump(yaml.safe_load(text)["nav"])))
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert pages | set(reference.pages()) | set(links.PAGES.values()) == listed
