"""Hooks of mkdocs: add the generated pages, and let links that lead out of ``docs/`` lead somewhere in the site."""

from __future__ import annotations

import posixpath
import re
import sys
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # `mkdocs build` does not add it, as `python -m mkdocs build` does

from docsite import links, reference  # noqa: E402 - needs the path


def on_files(files: Files, *, config: Any) -> Files:
    """Add the generated pages, and the pages that stand beside the code."""
    for path, text in reference.pages().items():
        files.append(File.generated(config, path, content=text))
    for source, path in links.PAGES.items():
        files.append(File.generated(config, path, content=(ROOT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Files) -> str:
    """Rewrite the links of a page that lead to files of the repository."""
    sources = {path: source for source, path in links.PAGES.items()}
    here = page.file.src_uri
    origin = sources.get(here, posixpath.join("docs", here))
    return re.sub(links.LINK, lambda found: links.rewritten(found, origin=origin, here=here), markdown)
