"""Real clips: with nothing changed a replay changes nothing, and decides every track as its run did."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import av
import cv2
import pytest

from recognizer.app import build, enrolment
from recognizer.app.config import Settings, load
from recognizer.app.history import read_history
from recognizer.app.replay import apply
from recognizer.app.session import Session
from recognizer.app.trial import Trial, replay
from recognizer.history import actions
from recognizer.history.records import Selection
from recognizer.history.tracks import list_tracks

OFFICE = "office/book.mkv"


def settings_for(shared_data: Path, clip: str, folder: Path) -> Settings:
    """Of a run of a clip with its gallery; the office's has a frame of another clip."""
    video = shared_data / "data/video"
    if clip == OFFICE:
        (folder / "gallery/Visitor").mkdir(parents=True)
        with av.open(str(video / "office/bird.mkv")) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number == 60:
                    cv2.imwrite(str(folder / "gallery/Visitor/1.png"), frame.to_ndarray(format="bgr24"))
                    break
    else:
        own = video / f"{clip.partition('_')[0]}_gallery"
        gallery = own if own.is_dir() else video / "friends_gallery"
        shutil.copytree(gallery, folder / "gallery", ignore=shutil.ignore_patterns(".recognizer"))
    return load(
        None,
        {
            "source": {"location": str(video / clip), "max_seconds": 12.0},
            "gallery": {"folder": folder / "gallery"},
            "embed": {"model": "edgeface_xs_q", "weights_dir": shared_data / "weights"},
            "emit": {"headless": True},
            "history": {"enabled": True},
        },
    )


@pytest.mark.weights
@pytest.mark.parametrize(
    ("clip", "least"),
    [
        ("friends_720p.mp4", 5),
        ("hamilton_360p.mp4", 5),
        pytest.param("street_1080p.mp4", 5, marks=pytest.mark.slow),
        pytest.param(OFFICE, 1, marks=pytest.mark.slow),
    ],
)
def test_with_nothing_changed_nothing_changes(shared_data: Path, tmp_path: Path, clip: str, least: int) -> None:
    settings = settings_for(shared_data, clip, tmp_path)
    Session(settings, sync_gallery=enrolment.sync).run()
    resolved = build.model(settings)
    with closing(read_history(settings)) as history:
        found = replay(settings, resolved, history, Trial())
        assert found.compared >= least
        assert (found.changed, found.not_reproduced, found.without_moments) == ((), 0, 0)
        before = list_tracks(history, Selection())
        named = {track.id for track in before if track.person}
        sure = replay(settings, resolved, history, Trial(known=1.0))
        assert {one.track for one in sure.changed} == named
        if named:
            action, count = apply(history, sure, "with known 1")
            assert count == len(named)
            actions.undo(history, action)
        assert list_tracks(history, Selection()) == before
