"""Real clips: with nothing changed a replay changes nothing, and decides every track as its run did."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import av
import cv2
import pytest
import sqlalchemy as sa
from loguru import logger

from recognizer.app import build, enrolment
from recognizer.app.config import Settings, load
from recognizer.app.history import read_history
from recognizer.app.live_control import LiveControl
from recognizer.app.replay import apply
from recognizer.app.session import Session
from recognizer.app.trial import Trial, replay
from recognizer.calibration import calibration_file
from recognizer.calibration.calibration_file import Budget
from recognizer.capture.source_wrapper import SourceWrapper
from recognizer.gallery.consent import Consent, write_consent
from recognizer.history import actions
from recognizer.history.records import Selection
from recognizer.history.runs import last_facts
from recognizer.history.schema import moments
from recognizer.history.tracks import list_tracks
from recognizer.protocols import FrameSource, Sink
from recognizer.types import Frame

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


@pytest.mark.long
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


class Interrupted(SourceWrapper):
    """A source that does something before one of its frames."""

    def __init__(self, source: FrameSource, number: int, act: Callable[[], None]) -> None:
        super().__init__(source)
        self._number, self._act = number, act

    def __iter__(self) -> Iterator[Frame]:
        for number, frame in enumerate(self.source):
            if number == self._number:
                self._act()
            yield frame


class ChangingGallery(LiveControl):
    """Changes the gallery while a run is on, and lets it go on once it knows the change."""

    def __init__(self, number: int, act: Callable[[], None]) -> None:
        super().__init__()
        self._number, self._act, self._reloaded = number, act, threading.Event()

    def follow(self, sources: Sequence[FrameSource], outputs: Sequence[Sink] = ()) -> list[FrameSource]:
        return [Interrupted(source, self._number, self._change) for source in super().follow(sources, outputs)]

    def _change(self) -> None:
        heard = logger.add(lambda _: self._reloaded.set(), filter=lambda record: "reloaded" in record["message"])
        self._act()
        assert self._reloaded.wait(100)
        logger.remove(heard)


@pytest.mark.long
@pytest.mark.weights
def test_nor_when_people_are_enrolled_and_thresholds_change_during_the_run(shared_data: Path, tmp_path: Path) -> None:
    """After ``calibrate`` with a budget, what a name needs follows the size of the gallery."""
    settings = settings_for(shared_data, "friends_720p.mp4", tmp_path)
    gallery, later, resolved = settings.gallery.folder, tmp_path / "later", build.model(settings)
    others = {path.name for path in gallery.iterdir()} - {"Joey", "Monica"}
    later.mkdir()
    for name in others:
        shutil.move(gallery / name, later / name)
    enrolment.sync(settings, resolved)
    budget = replace(build.calibrated(settings, resolved), budget=Budget("test", fpir=1e-3))
    calibration_file.save(build.site_calibration(settings), budget)
    before = build.thresholds(settings, resolved, enrolled=2)

    def enrol() -> None:
        stricter = replace(budget, budget=Budget("test", fpir=2e-4))
        calibration_file.save(build.site_calibration(settings), stricter)
        for name in others:
            shutil.move(later / name, gallery / name)
        write_consent(gallery / "Monica", Consent("2026-01-01", withdrawn="2026-02-01"))

    Session(settings, control=ChangingGallery(130, enrol)).run()
    with closing(read_history(settings)) as history:
        facts = last_facts(history, resolved.fingerprint)
        assert facts is not None
        assert (facts.thresholds["known"] or 0) > before.known + 0.02
        query = sa.select(moments.c.track_id).where(moments.c.revision == facts.revision)
        with history.reading() as connection:
            later_ones = set(connection.execute(query).scalars())
        seen = list_tracks(history, Selection())
        names = {track.person for track in seen if track.id in later_ones}
        assert names & others
        assert "Monica" not in names  # she is seen later, too, but her consent was withdrawn
        assert {track.id for track in seen if track.person} - later_ones
        found = replay(settings, resolved, history, Trial())
        assert found.not_reproduced == 0
        assert not {one.track for one in found.changed} & later_ones
