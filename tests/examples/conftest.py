"""A site for the examples: the demonstration's people, and two seconds of its clip."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from recognizer.app import build, config
from recognizer.app.enrolment import sync
from recognizer.demo import demo_clip, demo_files
from recognizer.emit.video import VideoWriter
from recognizer.types import Frame, FrameResult, Tracks
from tests.conftest import ROOT

FRAMES = slice(25, 62)
"""From 1.0 to 2.5 s of the clip: Obama is there, Collins comes."""

Run = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``gallery`` and ``clip.mp4``."""
    folder = tmp_path_factory.mktemp("examples")
    settings = config.load(None, {"embed": {"model": "edgeface_xxs_own"}, "gallery": {"folder": folder / "gallery"}})
    demo_files.write_gallery(folder / "gallery")
    sync(settings, build.model(settings))
    with VideoWriter(folder / "clip.mp4", render=lambda result: result.frame.image, preset="ultrafast") as writer:
        for index, (at_s, image) in enumerate(islice(demo_clip.frames(), FRAMES.start, FRAMES.stop)):
            writer.emit(FrameResult(Frame(image, index, at_s, "clip"), Tracks.empty(), (), ()))
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run an example in this process, with the model that ships: the network is not asked for a better one."""
    own = build.model(config.load(None, {"embed": {"model": "edgeface_xxs_own"}}))
    monkeypatch.setattr(build, "model", lambda settings: own)

    def run_example(name: str, *arguments: object) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        return runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")

    return run_example
