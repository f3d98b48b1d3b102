"""The examples of docs/service.md, as they stand there, against a real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recognizer.demo.demo_clip import MEDIA
from recognizer.serve.application import openapi_document
from tests.conftest import ROOT
from tests.serve.running import make_token, server

PAGE = (ROOT / "docs" / "service.md").read_text("utf-8")
SHELL = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
PICTURES = {
    "ada-1.jpg": "barack_obama_2009.jpg",
    "ada-2.jpg": "barack_obama_2012.jpg",
    "ada-3.jpg": "barack_obama_2010.jpg",
    "grace.jpg": "grace_hopper.jpg",
}
TAGS = {"service", "session", "access", "faces", "people", "jobs"}
"""Areas whose every route has an example."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server, a token and the pictures of the examples."""
    folder = tmp_path_factory.mktemp("service")
    for name, picture in PICTURES.items():
        (folder / name).write_bytes((MEDIA / picture).read_bytes())
    with server(folder) as (port, _):
        token = make_token(folder, "admin")
        yield {**os.environ, "SERVICE": f"http://127.0.0.1:{port}", "TOKEN": token, "FOLDER": str(folder)}
    assert token not in (folder / "log").read_text()


def run(command: list[str], environment: dict[str, str], text: str) -> str:
    folder = Path(environment["FOLDER"])
    done = subprocess.run(
        command, input=text, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.long
def test_the_curl_examples_work(environment: dict[str, str]) -> None:
    strict = 'set -euo pipefail\ncurl() { command curl -sS --fail-with-body "$@"; echo >&2; }\n'
    answers = run(["bash"], environment, strict + "\n".join(SHELL))
    assert '"match":true' in answers
    assert '"match":false' in answers
    assert '"status":"known"' in answers


def test_the_python_example_works(environment: dict[str, str]) -> None:
    [program] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    printed = run([sys.executable, "-"], environment, program).splitlines()
    assert printed[0] == "True"
    assert printed[1].startswith("known Ada Lovelace 0.")


def test_every_route_has_an_example() -> None:
    calls = []
    for command in re.findall(r"curl .*?(?=\n\S|\Z)", "\n".join(SHELL), re.DOTALL):
        method = re.search(r"-X (\w+)", command)
        path = re.search(r'"\$SERVICE([^"?]*)', command)
        assert path is not None, command
        sends = re.search(r" -(F|d) ", command)
        calls.append((method[1] if method else "POST" if sends else "GET", path[1]))
    for path, operations in openapi_document()["paths"].items():
        pattern = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
        for method, operation in operations.items():
            if TAGS & set(operation["tags"]):
                found = any(name == method.upper() and pattern.fullmatch(place) for name, place in calls)
                assert found, f"docs/service.md has no curl example of {method.upper()} {path}"
