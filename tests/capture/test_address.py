"""An address is completed with what must not stand in it, and written as FFmpeg reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.capture.address import complete_address
from recognizer.errors import SourceError

ENVIRONMENT = {"PASSWORD": "p@s/#?w:%1", "HOST": "cam.lan"}
ENCODED = "p%40s%2F%23%3Fw%3A%251"


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("rtsp://h/x", "rtsp://h/x"),
        ("rtsp://h:554/a@b", "rtsp://h:554/a@b"),
        ("rtsp://u:p@[fe80::1]:554/x@y", "rtsp://u:p@[fe80::1]:554/x@y"),
        ("rtsp://u:${PASSWORD}@h:554/x?a=b@c", f"rtsp://u:{ENCODED}@h:554/x?a=b@c"),
        ("rtsp://${HOST}/x", "rtsp://cam.lan/x"),
        ("http://h/x?pwd=${HOST}", "http://h/x?pwd=cam.lan"),
        ("rtsp://u:p/a?s#s@h:554/x", "rtsp://u:p%2Fa%3Fs%23s@h:554/x"),
        ("rtsp://u:p@ss#w@h/x", "rtsp://u:p%40ss%23w@h/x"),
        ("rtsp://u:p%40s%zz@h/x", "rtsp://u:p%40s%25zz@h/x"),
    ],
)
def test_addresses(address: str, wanted: str) -> None:
    assert complete_address(address, environment=ENVIRONMENT) == wanted


def test_a_password_from_a_variable_or_a_file(tmp_path: Path) -> None:
    file, variable = tmp_path / "password", "PASSWORD"
    file.write_text(ENVIRONMENT["PASSWORD"] + "\r\nsecond line\n")
    wanted = f"rtsp://u:{ENCODED}@h/x"
    assert complete_address("rtsp://u@h/x", password_env=variable, environment=ENVIRONMENT) == wanted
    assert complete_address("rtsp://u@h/x", password_file=file) == wanted


@pytest.mark.parametrize(
    ("address", "variable", "file", "message"),
    [
        ("rtsp://u:${NONE}@h/x", None, None, "environment variable NONE is not set"),
        ("rtsp://h/x", "PASSWORD", None, "wanted a user name in the address"),
        ("rtsp://u:Gh7xQ2@h/x", "PASSWORD", None, "wanted one password"),
        ("rtsp://u@h/x", None, "absent", "cannot be read"),
        ("rtsp://u@h/x", None, "empty", "is empty"),
    ],
)
def test_refused_without_a_secret(
    tmp_path: Path, address: str, variable: str | None, file: str | None, message: str
) -> None:
    (tmp_path / "empty").touch()
    path = tmp_path / file if file else None
    with pytest.raises(SourceError, match=message) as caught:
        complete_address(address, password_env=variable, password_file=path, environment=ENVIRONMENT)
    assert "Gh7xQ2" not in str(caught.value)
    assert ENVIRONMENT["PASSWORD"] not in str(caught.value)


@pytest.mark.parametrize("password", ["a#b", "a?b", "a/b"])
def test_a_password_that_is_encoded_is_reported_without_it(password: str, logged: list[str]) -> None:
    complete_address(f"rtsp://admin:{password}@10.0.0.9:554/live")
    complete_address("rtsp://admin:plain@10.0.0.9:554/live")
    (line,) = logged
    assert line.endswith(" rtsp://10.0.0.9:554/live: the password holds / ? or #; it is sent percent-encoded")
