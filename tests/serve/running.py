"""A real server in a process of its own, as a user starts it."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from recognizer.children import PROJECT


@contextlib.contextmanager
def server(folder: Path) -> Iterator[tuple[int, int]]:
    """Start ``serve --api-only`` on a free port; yields port and process number once it is ready."""
    (folder / "gallery").mkdir(exist_ok=True)
    command = [sys.executable, "main.py", "serve", "--api-only", "--port", "0", "--gallery", str(folder / "gallery")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--model", "edgeface_xxs_own"], cwd=PROJECT, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        found = re.search(r":(\d+);", process.stdout.readline())
        assert found is not None, (folder / "log").read_text()
        while not _is_ready(int(found[1])):
            assert process.poll() is None
        yield int(found[1]), process.pid
    finally:
        process.terminate()
        process.communicate(timeout=10)


def make_token(folder: Path, scope: str) -> str:
    """Make a token with ``serve token create``."""
    command = [sys.executable, "main.py", "serve", "token", "create", scope, "--scope", scope]
    done = subprocess.run(
        [*command, "--gallery", str(folder / "gallery")], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return bool(answer.status == 200)
    except (urllib.error.HTTPError, ConnectionError):
        return False
