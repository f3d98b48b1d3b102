"""The recognition process without cameras, without people, and when it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recognizer.app import build
from recognizer.app.config import Settings, load
from recognizer.app.recognition_process import run_recognition
from recognizer.errors import GalleryError, ModelError
from recognizer.models.resolve import ResolvedModel
from recognizer.runtime.child import ERROR_FILE
from recognizer.runtime.service import NOTHING_TO_DO


def settings(folder: Path, **sections: Any) -> Settings:
    return load(None, {"gallery": {"folder": folder / "gallery"}, "embed": {"model": "edgeface_xxs_own"}, **sections})


def nobody(settings: Settings, resolved: ResolvedModel) -> None:
    raise GalleryError("The gallery holds no photo.")


def test_without_a_camera_there_is_nothing_to_do(short_path: Path) -> None:
    assert run_recognition(settings(short_path), short_path, sync_gallery=nobody) == NOTHING_TO_DO
    assert not (short_path / ERROR_FILE).exists()


def test_why_it_failed_is_left_for_the_web_process(short_path: Path) -> None:
    (short_path / ERROR_FILE).write_text("an earlier one")
    broken = settings(short_path, source={"location": "rtsp://127.0.0.1:9/1"}, embed={"model": "no_such_model"})
    with pytest.raises(ModelError) as caught:
        run_recognition(broken, short_path, sync_gallery=nobody)
    assert (short_path / ERROR_FILE).read_text() == str(caught.value)


def test_a_clip_is_recognised_although_nobody_is_enrolled(short_path: Path, logged_warnings: list[str]) -> None:
    """Its gallery is made; when its files have ended, there is nothing more to do."""
    clip = short_path / "clip"
    clip.mkdir()
    (clip / "1.jpg").write_bytes((Path(build.__file__).parents[2] / "demo/media/grace_hopper.jpg").read_bytes())
    events = short_path / "events.jsonl"
    chosen = settings(short_path, source={"location": str(clip)}, emit={"events": str(events)})
    assert run_recognition(chosen, short_path, sync_gallery=nobody) == NOTHING_TO_DO
    assert any("Everybody is unknown" in line for line in logged_warnings)
    assert '"kind": "appeared"' in events.read_text()
    with pytest.raises(GalleryError, match="Nobody is enrolled"):
        build.enrolled_people(chosen, "any")
    assert (
        len(
            build.enrolled_people(
                settings(short_path, gallery={"folder": short_path / "gallery", "may_be_empty": True}), "any"
            )
        )
        == 0
    )
