"""Pages link only to files and headings that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
PYTHON = re.compile(r"\b(?:tests|recognizer)/[\w/]+\.py\b")


def pages() -> list[Path]:
    """All Markdown pages that belong to the repository; those not committed yet too."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    listed = [ROOT / line for line in done.stdout.splitlines()]
    return listed if done.returncode == 0 else [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]


def anchors(page: Path) -> set[str]:
    """Anchors that GitHub makes of the page's headings."""
    headings = HEADING.findall(re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    broken = []
    for link in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_files_that_are_named_exist(page: Path) -> None:
    assert [name for name in PYTHON.findall(page.read_text("utf-8")) if not (ROOT / name).is_file()] == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Two words\n[a](gone.md) [b](#two-words) [c](#none) [d](https://example.org/) `[e](code)`\n")
    assert broken_links(page) == ["gone.md", "#none"]
