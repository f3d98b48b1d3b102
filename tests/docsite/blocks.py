"""The code blocks of all pages, and the commands in them."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass

from tests.conftest import ROOT

FENCE = re.compile(r"^( *)```([a-z]+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(r"^(?:\$ )?(?:python main\.py|recognizer)(?= |$)")


@dataclass(frozen=True, slots=True)
class Block:
    """One block."""

    page: str
    """Path of its page in the repository."""
    line: int
    """Where it begins."""
    language: str
    text: str

    @property
    def name(self) -> str:
        """For people who look for it."""
        return f"{self.page}:{self.line}"

    def lines(self) -> list[str]:
        """What a shell would run, a line each: parts of && and of pipes apart, without comments."""
        joined = self.text.replace("\\\n", " ")
        found = []
        for line in joined.splitlines():
            words = shlex.shlex(line, posix=False, punctuation_chars="&|;")
            words.whitespace_split, words.commenters = True, "#"
            parts: list[list[str]] = [[]]
            for word in words:
                if set(word) <= set("&|;"):
                    parts.append([])
                else:
                    parts[-1].append(word)
            found += [" ".join(part) for part in parts if part]
        return found


def pages() -> list[str]:
    """All Markdown pages that belong to the repository."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return sorted(done.stdout.splitlines())
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")))


def blocks() -> list[Block]:
    """All blocks with a language."""
    found = []
    for page in pages():
        text = (ROOT / page).read_text("utf-8")
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            body = "".join(row.removeprefix(match[1]) for row in match[3].splitlines(keepends=True))
            found.append(Block(page, line, match[2], body))
    return found


def of(*languages: str) -> list[Block]:
    """The blocks in these languages."""
    return [block for block in blocks() if block.language in languages]


def calls() -> list[tuple[str, list[str]]]:
    """Every call of the program in a block: where, and its words."""
    found = []
    for block in of("sh", "text"):
        rows = block.lines() if block.language == "sh" else [r for r in block.text.splitlines() if r.startswith("$ ")]
        for row in rows:
            if PROGRAM.match(row):
                found.append((block.name, shlex.split(PROGRAM.sub("", row, count=1).split(" > ")[0])))
    return found
