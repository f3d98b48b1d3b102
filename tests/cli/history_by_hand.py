"""A history of three tracks, made by hand."""

from __future__ import annotations

import dataclasses
import functools
from contextlib import closing
from pathlib import Path

import numpy as np

from recognizer.app import build, config
from recognizer.history.keyed import open_with_key
from recognizer.history.rows import insert_run, save_tracks
from tests.history.history_records import NOON, record, unit

MODEL = "edgeface_xxs_own"


@functools.cache
def fingerprint() -> str:
    return build.model(config.load(None, {"embed": {"model": MODEL}})).fingerprint


def fill(site: Path, *, key: bytes | None = None, crops: bool = True) -> None:
    """Ada twice, =Bob once, and a stranger with a picture."""
    with closing(open_with_key(site / "history", key, create=True)) as opened:
        face = record(3, person=None, vectors=(unit(3),)).samples[0]
        face = dataclasses.replace(face, crop=np.full((160, 120, 3), 99, np.uint8) if crops else None)
        tracks = [
            record(1, person="Ada", seconds=60, vectors=(unit(1),)),
            record(2, person="=Bob", source="yard"),
            dataclasses.replace(record(3, person=None), samples=(face,)),
        ]
        with opened.writing() as connection:
            run = insert_run(connection, NOON, fingerprint(), (0.42, 0.15))
            save_tracks(connection, run, tracks, cipher=opened.cipher)
