"""An archive of the demonstration's clip, indexed by real processes."""

from __future__ import annotations

import os
import shutil
from contextlib import closing

import pytest
from distributed import LocalCluster

from recognizer.app.history import read_history
from recognizer.demo import demo_clip
from recognizer.errors import UsageError
from recognizer.history.records import Selection
from recognizer.history.rejections import reject_track
from recognizer.history.tracks import list_tracks
from tests.app.archive.demo_archive import Archive


@pytest.mark.long
def test_people_are_found_once_and_nothing_is_done_twice(archive: Archive) -> None:
    (archive.videos / "broken.mp4").write_text("no video")
    report = archive.index()
    [video] = report.indexed
    assert set(demo_clip.ENROLLED) <= set(video.people)
    assert video.seconds == pytest.approx(demo_clip.LENGTH_S, abs=0.2)
    assert [failed.split(":")[0] for failed in report.failed] == ["cctv/broken.mp4"]
    tracks = archive.sources()
    assert set(tracks) == {"cctv/a.mp4"}
    (archive.videos / "broken.mp4").unlink()
    os.utime(archive.videos / "a.mp4", (1e9, 1e9))  # copied elsewhere and back
    again = archive.index()
    assert (again.indexed, again.unchanged, again.failed) == ([], 1, [])
    assert [video.source for video in archive.index(again=True).indexed] == ["cctv/a.mp4"]
    assert len(archive.sources()) == len(tracks)


@pytest.mark.long
def test_what_a_person_said_of_a_video_stays_until_it_changes(archive: Archive) -> None:
    archive.index()
    with closing(read_history(archive.settings)) as history:
        reject_track(history, list_tracks(history, Selection(named=True))[0].id)
    assert archive.index(again=True).unchanged == 1
    with (archive.videos / "a.mp4").open("ab") as file:
        file.write(b"\0" * 8)
    assert len(archive.index().indexed) == 1


@pytest.mark.long
def test_a_video_that_is_gone_is_forgotten_when_that_is_wanted(archive: Archive) -> None:
    archive.index()
    shutil.copy(archive.videos / "a.mp4", archive.videos / "b.mp4")
    assert [video.source for video in archive.index().indexed] == ["cctv/b.mp4"]
    (archive.videos / "b.mp4").unlink()
    assert archive.index().gone == [str(archive.videos / "b.mp4")]
    assert archive.index(forget=True).forgotten_tracks > 0
    assert set(archive.sources()) == {"cctv/a.mp4"}
    (archive.videos / "a.mp4").rename(archive.videos / "a.away")  # as if the disk were not mounted
    assert archive.index(forget=True).gone == []
    assert archive.sources()


@pytest.mark.long
def test_a_scheduler_that_is_not_there(archive: Archive) -> None:
    shutil.copy(archive.videos / "a.mp4", archive.videos / "c.mp4")
    with pytest.raises(UsageError, match="no Dask scheduler"):
        archive.index(scheduler="tcp://127.0.0.1:9")
    (archive.videos / "c.mp4").unlink()


@pytest.mark.long
def test_a_cluster_indexes_as_one_machine_does(archive: Archive) -> None:
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:  # type: ignore[no-untyped-call]
        [video] = archive.index(scheduler=cluster.scheduler_address).indexed
    assert set(demo_clip.ENROLLED) <= set(video.people)
    assert set(archive.sources()) == {"cctv/a.mp4"}
