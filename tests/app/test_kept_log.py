"""The log for the page holds no secrets, whoever wrote them into it."""

from __future__ import annotations

import pytest
from loguru import logger

from recognizer.app.kept_log import keep_log, scrubbed

SECRETS = [
    "rtsp://admin:s3cret@192.0.2.1/stream?token=s3cret",
    "cannot open 'http://s3cret@camera.example/a/s3cret': refused",
    "Authorization: Bearer s3cret",
    "password=s3cret, again",
    "passwd: s3cret",
    "api_key = s3cret;",
    "the token frt_s3cret-Ab_9 is unknown",
    "a session frs_s3cret and a login frl_s3cret",
    "whsec_s3cret+/Ab=",
    "postgresql+psycopg://me:s3cret@db/faces",
]


@pytest.mark.parametrize("line", SECRETS)
def test_secrets_are_taken_out(line: str) -> None:
    assert "s3cret" not in scrubbed(line)
    assert "***" in scrubbed(line)


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-27T12:00:00+0000 INFO gallery /data/gallery: 6 people, 0 new photos",
        "door: lost: no answer in time",
        "The token 'front door' was revoked.",
        "mqtt: connected to 192.0.2.1:1883",
    ],
)
def test_other_lines_stay(line: str) -> None:
    assert scrubbed(line) == line


def test_the_lines_that_are_kept_hold_none() -> None:
    kept = keep_log()
    logger.info("reading {}", SECRETS[0])
    assert "reading rtsp://***" in kept[-1]
