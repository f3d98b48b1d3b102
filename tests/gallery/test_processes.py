"""The record among processes: one writer, readers that do not wait, nothing lost by a kill."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recognizer.errors import GalleryBusyError, GalleryError
from recognizer.gallery import schema
from recognizer.gallery.records import Measurement
from recognizer.gallery.store import Gallery, load_enrolled
from tests.conftest import ROOT
from tests.fakes import face_picture, save_picture
from tests.gallery.records import MODEL, commit, face, record

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def test_a_second_writer_hears_who_is_first(tmp_path: Path) -> None:
    message = rf"process {os.getpid()} on .*\(enroll, since"
    with Gallery(tmp_path, write=True, purpose="enroll"), pytest.raises(GalleryBusyError, match=message):
        Gallery(tmp_path, write=True).__enter__()
    with Gallery(tmp_path, write=True):
        pass


def test_a_second_process_hears_it_too_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from recognizer.gallery.store import Gallery\n"
        "with Gallery(Path(sys.argv[1]), write=True, purpose='enroll'): print('in', flush=True); signal.pause()"
    )
    child = start(code, tmp_path)
    with pytest.raises(GalleryBusyError, match=rf"process {child.pid} "), Gallery(tmp_path, write=True):
        pass
    kill(child)
    with Gallery(tmp_path, write=True):
        pass


def test_readers_do_not_wait_for_a_writer(tmp_path: Path) -> None:
    commit(tmp_path, {"Ada": [1]})
    with Gallery(tmp_path, write=True) as gallery:
        gallery.store(b"new", MODEL, Measurement((), face(2, 1)))
        began = time.monotonic()
        assert load_enrolled(tmp_path).names == ("Ada",)
        assert time.monotonic() - began < 1


def test_a_reader_waits_out_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tmp_path, {"Ada": [1]})
    writer = sqlite3.connect(record(tmp_path), isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN EXCLUSIVE")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "WAIT_S", 0.0)
        with pytest.raises(GalleryBusyError, match="try again"):
            load_enrolled(tmp_path)
    has_begun = threading.Event()
    connect = sqlite3.connect

    def traced(*place: Any, **how: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*place, **how)
        connection.set_trace_callback(lambda statement: has_begun.set())
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    with ThreadPoolExecutor(1) as pool:
        reader = pool.submit(load_enrolled, tmp_path)
        assert has_begun.wait(60)
        assert not reader.done()
        writer.execute("COMMIT")
        assert reader.result(60).names == ("Ada",)
    writer.close()


def start(code: str, folder: Path) -> subprocess.Popen[bytes]:
    """Run code in a process of its own until it has said something."""
    child = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, env=ENVIRONMENT)
    assert child.stdout is not None
    assert child.stdout.readline()
    return child


def kill(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


ENROL = """
import os, signal, sqlite3, sys; from pathlib import Path
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, read_picture
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.limits import Limits
steps, last, connect = 0, int(sys.argv[2]), sqlite3.connect
def step():
    global steps
    steps += 1
    if steps == last:
        os.kill(os.getpid(), signal.SIGKILL)
def counted(*place, **how):
    connection = connect(*place, **how)
    connection.set_progress_handler(step, 1)
    return connection
sqlite3.connect = counted
Enroller(detector=PaintedFaceDetector(), embedder=PaintedFaceEmbedder(), read=read_picture, suffixes={'.png'},
         limits=Limits(wanted_sharpness=0, usable_sharpness=0)).enrol(Path(sys.argv[1]))
print(steps)
"""
"""Enrols a gallery, and kills itself at one step of SQLite's machine; 0: never."""


def enrol(folder: Path, *, last: int = 0) -> int:
    """Enrol in a process of its own; how many steps it took, 0 when it was killed."""
    command = [sys.executable, "-c", ENROL, str(folder), str(last)]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return int(done.stdout or 0)


def standing(folder: Path) -> dict[str, int]:
    """How many photos stand for each person; nobody when nobody was enrolled yet."""
    if not record(folder).exists():
        return {}
    try:
        names = load_enrolled(folder).names
    except GalleryError as error:
        if "Nobody is enrolled" not in str(error):
            raise
        return {}
    return {name: names.count(name) for name in names}


@pytest.mark.long
@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_kill_9_at_any_moment_leaves_a_whole_gallery(tmp_path: Path, kills: int) -> None:
    chance = np.random.default_rng(kills)
    before: dict[str, int] = {}
    people: dict[str, int] = {}
    interrupted = 0
    gallery_folder = tmp_path / "gallery"
    gallery_folder.mkdir()
    for round_ in range(kills):
        chosen = chance.choice(["Ada", "Bob", "Cleo", "Dora"], 3, replace=False)
        people = {str(name): int(chance.integers(1, 5)) for name in chosen}
        write_photos(gallery_folder, people, round_)
        shutil.copytree(gallery_folder, tmp_path / f"pace-{round_}")
        steps = enrol(tmp_path / f"pace-{round_}")
        interrupted += not enrol(gallery_folder, last=int(steps * (round_ + chance.uniform(0, 1)) / kills) + 1)
        now = standing(gallery_folder)
        assert now in (before, people)
        before = now
    assert interrupted == kills
    assert enrol(gallery_folder)
    assert standing(gallery_folder) == people
    with Gallery(gallery_folder) as gallery:
        assert len(gallery.measured(MODEL)) == sum(people.values())


def write_photos(folder: Path, people: dict[str, int], round_: int) -> None:
    for place, name in enumerate(("Ada", "Bob", "Cleo", "Dora")):
        for old in (folder / name).glob("*"):
            old.unlink()
        if (folder / name).exists() and name not in people:
            (folder / name).rmdir()
        for number in range(people.get(name, 0)):
            save_picture(folder / name / f"{number}.png", face_picture((place + 1, (round_ + 3 * number) % 13)))
