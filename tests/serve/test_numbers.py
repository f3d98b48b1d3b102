"""Numbers of answers have as many digits as mean something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from loguru import logger

from recognizer.app.config import load
from recognizer.demo.demo_clip import MEDIA
from recognizer.serve.models.common import rounded
from recognizer.serve.recogniser import Recogniser
from tests.serve.past_tracks import save, visits
from tests.serve.service import client_of

ONE, OTHER = ((MEDIA / f"barack_obama_{year}.jpg").read_bytes() for year in (2009, 2012))


def floats_of(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from floats_of(each)
    elif isinstance(value, float):
        yield value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5367999999999999, 0.5368),
        (-0.00001, -1e-05),
        (1.5436012e-05, 1.544e-05),
        (1023.123456, 1023.1235),
        (0.0, 0.0),
    ],
)
def test_they_are_rounded(value: float, shown: float) -> None:
    assert rounded(value) == shown


def test_in_all_answers(real_app: FastAPI) -> None:
    client = client_of(real_app, "admin")
    assert client.post("/v1/people", data={"name": "Ada"}, files={"photos": ONE}).status_code == 201
    save(real_app, *visits())
    read = ("events", "tracks/1", "unknowns", "sightings", "calibration", "trust")
    answers = [
        client.post("/verify", files={"image1": ONE, "image2": OTHER}, data={"metric": "euclidean"}),
        client.post("/verify", files={"image1": ONE, "image2": OTHER}),
        client.post("/v1/identify", files={"image": OTHER}),
        client.post("/v1/search?from_similarity=-1", files={"image": OTHER}),
        *(client.get(f"/v1/{path}") for path in read),
    ]
    for answer in answers:
        assert answer.status_code == 200, answer.text
        numbers = list(floats_of(answer.json()))
        assert numbers or "sightings" in str(answer.url)
        assert [number for number in numbers if number != rounded(number)] == [], answer.url


def test_how_many_people_there_are_is_said_once(real_app: FastAPI) -> None:
    """The recognition process says it, so the web process beside it does not."""
    client_of(real_app, "admin").post("/v1/people", data={"name": "Ada"}, files={"photos": ONE})
    settings = real_app.state.services.settings
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line)), level="INFO", format="{message}")
    Recogniser(load(None, {"gallery": {"folder": settings.gallery.folder}, "embed": {"model": "edgeface_xxs_own"}}))
    assert len([line for line in lines if line.startswith("gallery ")]) == 1
    Recogniser(settings, announce=False)
    assert len([line for line in lines if line.startswith("gallery ")]) == 1
    logger.remove(handler)
