"""Links between pages of the site and files of the repository, which are written for readers of the repository."""

from __future__ import annotations

import posixpath
import re

PAGES = {
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "configs/README.md": "configs.md",
    "gallery/README.md": "gallery.md",
    "recognizer/bench/README.md": "project/speed.md",
    "recognizer/models/data/edgeface_xxs_own.md": "project/edgeface_xxs_own.md",
}
"""Pages beside the code -> their place in the site."""
LINK = re.compile(r"(?<!!)\[([^\]\[]*(?:\[[^\]]*\])?[^\]\[]*)\]\(([^)\s]+)\)")


def rewritten(found: re.Match[str], *, origin: str, here: str) -> str:
    """Return a link as the site has it.

    Args:
        found: match of ``LINK``.
        origin: path of the page in the repository.
        here: path of the page in the site.
    """
    text, target = found[1], found[2]
    if re.match(r"[a-z]+:|#", target):
        return found[0]
    path, mark, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(origin), path))
    if path in PAGES:
        place = PAGES[path]
    elif path == "README.md":
        place, mark, anchor = "index.md", "", ""
    elif path.startswith("docs/"):
        place = path.removeprefix("docs/")
    else:  # a file that only the repository has
        return f"{text} (`{path}`)" if posixpath.basename(path) not in text else text
    return f"[{text}]({posixpath.relpath(place, posixpath.dirname(here) or '.')}{mark}{anchor})"
