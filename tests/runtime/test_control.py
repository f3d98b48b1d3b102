from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from recognizer.errors import GalleryError, UsageError
from recognizer.runtime.control import MAX_LINE_BYTES, Answer, CommandError, ControlServer, private_socket


def echo(request: Mapping[str, Any]) -> Answer:
    return Answer(request["text"])


def picture(request: Mapping[str, Any]) -> Answer:
    return Answer({"number": 1}, b"\n{}\n" * 1000)


def refuse(request: Mapping[str, Any]) -> Answer:
    raise CommandError("source_not_found", "There is no such source.")


def number(request: Mapping[str, Any]) -> Answer:
    return Answer(int("none"))


def fail(request: Mapping[str, Any]) -> Answer:
    raise GalleryError("The gallery is away.")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = private_socket(tmp_path, "control")
    path.touch()  # left by a process that was killed
    commands = {"echo": echo, "picture": picture, "refuse": refuse, "number": number, "fail": fail}
    with ControlServer(path, commands):
        yield path
    assert not path.exists()


class Client:
    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")

    def send(self, line: bytes) -> Any:
        self.socket.sendall(line)
        return json.loads(self.file.readline())

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def test_commands_are_answered_one_after_the_other(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    client = Client(path)
    for number in range(3):
        reply = client.send(json.dumps({"id": number, "command": "echo", "text": "\N{SNOWMAN}"}).encode() + b"\n")
        assert reply == {"id": number, "result": "\N{SNOWMAN}"}
    reply = client.send(b'{"id": 7, "command": "picture"}\n')
    assert reply == {"id": 7, "result": {"number": 1}, "bytes": 4000}
    assert client.file.read(4000) == b"\n{}\n" * 1000
    assert client.send(b'{"id": 8, "command": "echo", "text": 1}\n')["result"] == 1
    client.close()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"id": 1, "command": "refuse"}\n', "source_not_found"),
        (b'{"id": 1, "command": "fail"}\n', "failed"),
        (b'{"id": 1, "command": "other"}\n', "unknown_command"),
        (b'{"id": 1}\n', "unknown_command"),
        (b"[]\n", "invalid_command"),
        (b"no JSON\n", "invalid_command"),
        (b"[" * 60000 + b"\n", "invalid_command"),
        (b'{"id": 1, "command": "echo"}\n', "internal"),  # KeyError
        (b'{"id": 1, "command": "number"}\n', "internal"),  # ValueError is no wrong command
    ],
)
def test_what_cannot_be_done_is_answered_and_the_connection_lives(path: Path, line: bytes, code: str) -> None:
    client = Client(path)
    assert client.send(line)["error"]["code"] == code
    assert client.send(b'{"id": 2, "command": "echo", "text": "still here"}\n')["result"] == "still here"
    client.close()


def test_a_line_that_never_ends_closes_the_connection(path: Path) -> None:
    client = Client(path)
    client.socket.sendall(b"x" * (MAX_LINE_BYTES + 1))
    assert client.file.readline() == b""
    client.close()


def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="TMPDIR"):
        private_socket(tmp_path / ("x" * 120), "control")
