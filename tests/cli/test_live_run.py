"""``run`` as a service, on a real RTSP server: killed at any moment, on a full disk, with a gallery that changes."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from recognizer.app import build
from recognizer.app.config import load
from recognizer.app.enrolment import make_enroller, sync
from recognizer.capture.sources import open_source
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.records import Enrolled
from recognizer.runtime import runner
from recognizer.runtime.gallery_watcher import GalleryWatcher, stamp_of_record
from tests import rig
from tests.conftest import ROOT
from tests.fakes import ListSink

pytestmark = [pytest.mark.slow, pytest.mark.weights]
LOOP = 600
"""Frames of the clip, which the server repeats."""


@pytest.fixture(scope="module")
def clip(rig_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clip") / "loop.h264"
    return rig.make_clip(rig_data, out, size=(640, 360), frames=LOOP, source="friends_720p.mp4")


def enrolled(data: Path, folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).mkdir(parents=True)
        shutil.copyfile(data / f"data/video/friends_gallery/{name}/1.png", folder / name / "1.png")
    return folder


@contextmanager
def running(data: Path, port: int, gallery: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, str(ROOT / "main.py"), "run", "--headless", "--gallery", str(gallery)]
    words += ["--source", f"rtsp://127.0.0.1:{port}/cam", "--model", "edgeface_xs_q", *options]
    words += ["--weights-dir", str(data / "weights")]
    log = gallery.parent / "log.txt"
    with (
        log.open("a") as log_file,
        subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=log_file, text=True) as process,
    ):
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def wait(condition: Callable[[], bool], seconds: float = 90) -> None:
    assert rig.wait_until(condition, seconds=seconds) < seconds


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def wait_for_more(path: Path, than: int) -> None:
    wait(lambda: size(path) > than)


def test_kill_9_at_random_moments_leaves_every_event_that_was_written(
    rig_data: Path, clip: Path, tmp_path: Path
) -> None:
    gallery, events = enrolled(rig_data, tmp_path / "gallery", "Joey", "Rachel", "Ross"), tmp_path / "events.jsonl"
    draw = random.Random(0)  # noqa: S311 - moments, not secrets
    seen = b""
    with rig.RtspServer(rig_data, clip) as server:
        for _ in range(6):
            with running(rig_data, server.port, gallery, "--events", str(events)) as process:
                wait_for_more(events, len(seen))
                until = time.monotonic() + draw.uniform(0.0, 3.0)
                while time.monotonic() < until:
                    seen = events.read_bytes()
                    time.sleep(0.002)
                process.send_signal(signal.SIGKILL)
                process.wait()
            after = events.read_bytes()
            assert after.startswith(seen)
            assert after.endswith(b"\n")
            seen = after
    reported = lines(events)
    print(f"6 kills: {len(reported)} events, all whole")
    assert len(reported) >= 6
    assert [event["time"] for event in reported] == sorted(event["time"] for event in reported)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    done = mount and subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "none", str(place)], check=False)
    if not done or done.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_reported_once_and_recovers(
    rig_data: Path, clip: Path, tmp_path: Path, small_disk: Path
) -> None:
    gallery, events = enrolled(rig_data, tmp_path / "gallery", "Joey", "Rachel", "Ross"), small_disk / "events.jsonl"
    log, filler = tmp_path / "log.txt", small_disk / "filler"
    with (
        rig.RtspServer(rig_data, clip) as server,
        running(rig_data, server.port, gallery, "--events", str(events)) as process,
    ):
        wait(lambda: size(events) > 0)
        with filler.open("wb", buffering=0) as file:
            while os.statvfs(small_disk).f_bavail:
                file.write(bytes(4096))
        wait(lambda: "cannot be written" in log.read_text())
        sent = len(server.log_lines())
        wait(lambda: len(server.log_lines()) > sent + LOOP)  # the same faces again: it would be reported again now
        assert process.poll() is None
        filler.unlink()
        wait(lambda: "again, 0 events lost" in log.read_text())
        wait_for_more(events, size(events))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert log.read_text().count("cannot be written (no space left on device)") == 1
    reported = lines(events)
    appeared = [event["track_id"] for event in reported if event["kind"] == "appeared"]
    assert sorted(appeared) == sorted(
        {event["track_id"] for event in reported if "track_id" in event}
    )  # nobody missing


def test_who_is_enrolled_while_running_is_named_and_no_frame_is_dropped_for_it(
    rig_data: Path, clip: Path, tmp_path: Path
) -> None:
    """At a rate that recognition keeps up with: detection and embedding of the new photos go on beside it."""
    gallery = enrolled(rig_data, tmp_path / "gallery", "Joey")
    overrides: dict[str, dict[str, Any]] = {
        "embed": {"model": "edgeface_xs_q", "weights_dir": rig_data / "weights"},
        "gallery": {"folder": gallery},
    }
    settings = load(None, overrides)
    resolved = build.model(settings)
    sync(settings, resolved)
    since = stamp_of_record(settings.gallery.folder)
    pipeline, sink, stop = build.video_pipeline(settings, resolved), ListSink(), threading.Event()

    def take_over(people: Enrolled) -> None:
        thresholds = build.thresholds(settings, resolved, enrolled=len(people))
        pipeline.replace_gallery(build.index_of(people), frozenset(people.names), thresholds)

    def make() -> Enroller:
        return make_enroller(settings, resolved)

    def names() -> set[str | None]:
        return {who.name for result in sink.results for who in result.identities}

    with rig.RtspServer(rig_data, clip, "--fps", "2") as server:
        source = open_source(f"rtsp://127.0.0.1:{server.port}/cam")
        with GalleryWatcher(
            settings.gallery.folder, model=resolved.fingerprint, enroller=make, replace=take_over, since=since
        ):
            background = rig.Background(lambda: runner.run([source], pipeline, [sink], stop=stop))
            wait(lambda: len(sink.results) > 8)
            before = sink.results[-1].frame.index
            enrolled(rig_data, gallery, "Rachel", "Ross", "Phoebe")
            wait(lambda: bool(names() & {"Rachel", "Ross", "Phoebe"}), seconds=240)
            named = sink.results[-1].frame.index
            wait(lambda: sink.results[-1].frame.index >= named + 6)
            stop.set()
            background.join(20)
    indices = [result.frame.index for result in sink.results if result.frame.index >= before]
    print(f"enrolled three while running: frames {indices[0]} to {indices[-1]}, {len(indices)} of them recognised")
    assert indices == list(range(indices[0], indices[-1] + 1))
