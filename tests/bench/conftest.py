"""A short clip of the demonstration with its gallery, and the shipped model: no development data is needed."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from recognizer.bench.subject import Bench
from recognizer.cli import _bench_setup
from recognizer.demo import demo_clip
from recognizer.emit.video import VideoWriter
from recognizer.types import Frame, FrameResult, Tracks

FRAMES = 20
RATE = 25


def write_clip(path: Path) -> Path:
    """Two faces, from the third second of the demonstration on."""
    with VideoWriter(path, render=lambda result: result.frame.image, quantiser=18) as writer:
        for index, (_, image) in enumerate(islice(demo_clip.frames(), 60, 60 + FRAMES)):
            writer.emit(FrameResult(Frame(image, index, index / RATE, "clip"), Tracks.empty(), (), ()))
    return path


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4")


@pytest.fixture
def bench(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(tmp_path)
    return _bench_setup.set_up(clip, None, None, model="edgeface_xxs_own", engine=None, weights_dir=None)
