"""The page's files keep to what docs/page.md promises of them; no browser is needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recognizer.serve.routes.root import PAGE

LARGEST_BYTES = 300_000
OWN = [path for path in PAGE.rglob("*.js") if path.parent.name != "vendor"]


def test_the_whole_page_is_small() -> None:
    assert sum(path.stat().st_size for path in PAGE.rglob("*") if path.is_file()) < LARGEST_BYTES


@pytest.mark.parametrize("path", sorted(PAGE.glob("*.html")), ids=lambda path: path.name)
def test_html_has_no_script_or_style_of_its_own(path: Path) -> None:
    text = path.read_text("utf-8")
    assert re.findall(r"<script(?![^>]* src=)|<style|\bstyle=|\bon\w+=", text) == []
    assert re.findall(r'(?:src|href)="(?!/)[^"]*"', text) == []


def test_scripts_write_text_only_and_ask_this_service_only() -> None:
    unwanted = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://(?!192\.0\.2)\w"
    sources = {path: path.read_text("utf-8") for path in OWN}
    assert {path: found for path, source in sources.items() if (found := re.findall(unwanted, source))} == {}
    assert [path for path, source in sources.items() if len(source.splitlines()) > 300] == []


def test_what_is_imported_exists() -> None:
    missing = []
    for path in OWN:
        for names, place in re.findall(r'import \{([^}]*)\} from "([^"]+)"', path.read_text("utf-8")):
            imported = (path.parent / place).resolve()
            source = imported.read_text("utf-8") if imported.is_file() else ""
            for name in filter(None, map(str.strip, names.split(","))):
                defined = rf"export (async )?(function|const|class) {name}\b|export ?\{{[^}}]*\b{name}\b"
                if not re.search(defined, source):
                    missing.append((path.name, name, place))
    assert missing == []


def test_the_page_knows_errors_that_there_are() -> None:
    client = (PAGE / "lib" / "client.js").read_text("utf-8")
    listed = re.search(r"PASSING = \[(.*?)\]", client, re.DOTALL)
    assert listed is not None
    codes = set(re.findall(r'"(\w+)"', listed[1])) | {
        key.split(".")[1].removesuffix("_title") for key in texts() if key.startswith("errors.")
    }
    own = {"offline", "too_slow", "not_available", "offline_since", "again_soon", "other", "request"}  # the page's
    served = "".join(path.read_text("utf-8") for path in PAGE.parent.rglob("*.py"))
    assert {code for code in codes - own if f'"{code}"' not in served} == set()


def test_texts_that_are_used_exist() -> None:
    known = texts()
    used = [(path.name, key) for path in OWN for key in re.findall(r'\bt\("([^"]+)"', path.read_text("utf-8"))]
    assert [place for place in used if place[1] not in known] == []


def texts() -> set[str]:
    """Read the keys of texts/en.js: sections at two spaces, keys within braces."""
    source = (PAGE / "texts" / "en.js").read_text("utf-8")
    found = set()
    section = ""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', source)
    for line in bare.splitlines():
        if opened := re.match(r"  (\w+): \{", line):
            section = opened[1]
            line = line[opened.end() :]
        elif top := re.match(r"  (\w+): \"\"", line):
            found.add(top[1])
            continue
        found.update(f"{section}.{key}" for key in re.findall(r"(\w+):", line))
    return found
