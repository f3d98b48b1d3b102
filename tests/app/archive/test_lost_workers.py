"""Processes that are killed while they index: a pipe in place of a video holds one until the test kills it."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from recognizer.app.archive.index import IndexReport
from tests.app.archive.dask_cluster import DaskCluster
from tests.app.archive.demo_archive import Archive
from tests.history.conftest import PostgresServer, postgres  # noqa: F401 - a fixture


@contextmanager
def indexing(archive: Archive, **options: object) -> Iterator[Future[IndexReport]]:
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(archive.index, **options)


def put_pipe(archive: Archive, name: str) -> Path:
    """Put a pipe in place of a video; names of digits sort before the video's."""
    path = archive.videos / name
    os.mkfifo(path)
    return path


def mend_pipe(archive: Archive, pipe: Path) -> None:
    shutil.copy(archive.videos / "a.mp4", archive.videos / "mended")
    (archive.videos / "mended").replace(pipe)


def kill_child(archive: Archive, pipe: Path, *, mend: bool) -> None:
    """Wait until the process of the pool reads the pipe; put a video there if wanted, and kill the process."""
    writer = os.open(pipe, os.O_WRONLY)  # returns when somebody reads
    if mend:
        mend_pipe(archive, pipe)
    [process] = multiprocessing.active_children()
    process.kill()
    assert process.pid is not None
    with suppress(ChildProcessError):  # its pool saw the end first
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # else the next one to read could be this one
    os.close(writer)


def assert_each_once(archive: Archive, report: IndexReport, names: list[str]) -> None:
    assert report.failed == []
    assert sorted(video.source for video in report.indexed) == [f"cctv/{name}" for name in names]
    assert Counter(archive.sources()) == {video.source: video.tracks for video in report.indexed}


@pytest.mark.long
def test_videos_of_a_process_that_was_killed_are_done_again(archive: Archive) -> None:
    pipe = put_pipe(archive, "0.mp4")
    with indexing(archive) as running:
        kill_child(archive, pipe, mend=True)
        report = running.result(60)
    assert_each_once(archive, report, ["0.mp4", "a.mp4"])


@pytest.mark.long
def test_a_video_that_ends_its_process_twice_fails_alone(archive: Archive) -> None:
    pipe = put_pipe(archive, "0.mp4")
    with indexing(archive) as running:
        kill_child(archive, pipe, mend=False)
        kill_child(archive, pipe, mend=False)
        report = running.result(60)
    assert [video.source for video in report.indexed] == ["cctv/a.mp4"]
    [failed] = report.failed
    assert failed.startswith("cctv/0.mp4: the process that recognised it ended twice")


@pytest.mark.long
def test_a_worker_of_a_cluster_that_is_killed_costs_no_video(archive: Archive, tmp_path: Path) -> None:
    pipe = put_pipe(archive, "0.mp4")
    with DaskCluster(tmp_path, workers=2) as cluster, indexing(archive, scheduler=cluster.address) as running:
        kill_worker(archive, cluster, pipe)
        report = running.result(90)
    assert_each_once(archive, report, ["0.mp4", "a.mp4"])


@pytest.mark.slow
def test_two_of_four_workers_are_killed_and_the_history_is_postgresqls(
    template: Path,
    tmp_path: Path,
    postgres: PostgresServer,  # noqa: F811
) -> None:
    archive = Archive(template, tmp_path, history_address=postgres.new_database())
    names = [f"{letter}.mp4" for letter in "abcdefghij"]
    for name in names[1:]:
        shutil.copy(archive.videos / "a.mp4", archive.videos / name)
    pipes = [put_pipe(archive, name) for name in ("0.mp4", "1.mp4")]
    with DaskCluster(tmp_path, workers=4) as cluster, indexing(archive, scheduler=cluster.address) as running:
        for pipe in pipes:
            kill_worker(archive, cluster, pipe)
        report = running.result(300)
        assert len(cluster.alive()) == 2
    assert_each_once(archive, report, [*(pipe.name for pipe in pipes), *names])
    assert archive.index().unchanged == 12
    assert {tuple(video.people) for video in report.indexed} == {("Barack Obama", "Eileen Collins")}


def kill_worker(archive: Archive, cluster: DaskCluster, pipe: Path) -> None:
    """Wait until a worker reads a pipe, put a video there, and kill the worker."""
    writer = os.open(pipe, os.O_WRONLY)
    reader = cluster.reader_of(pipe)
    mend_pipe(archive, pipe)
    reader.kill()
    reader.wait()
    os.close(writer)
