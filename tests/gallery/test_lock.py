"""One writer at a time, across processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.errors import GalleryBusyError, GalleryError
from recognizer.gallery.lock import LOCK_FILE, WriterLock
from tests.conftest import ROOT

HOLDING = """
import sys; from pathlib import Path
from recognizer.gallery.lock import WriterLock
with WriterLock(Path(sys.argv[1]), purpose="a test"):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", HOLDING, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    return child


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_another_process_is_named_and_its_death_frees_the_lock(tmp_path: Path, ending: signal.Signals) -> None:
    with holder(tmp_path) as child:
        with (
            pytest.raises(GalleryBusyError, match=rf"process {child.pid} on .*a test"),
            WriterLock(tmp_path, purpose="x"),
        ):
            pass
        child.send_signal(ending)
        child.wait()
    with WriterLock(tmp_path, purpose="x"):
        pass


def test_another_part_of_this_process_does_not_get_it_either(tmp_path: Path) -> None:
    with WriterLock(tmp_path, purpose="one"), pytest.raises(GalleryBusyError), WriterLock(tmp_path, purpose="two"):
        pass
    with WriterLock(tmp_path, purpose="again"):
        pass


def test_a_hard_link_in_its_place_is_refused_and_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "bashrc"
    target.write_text("mine")
    record = tmp_path / ".recognizer"
    record.mkdir()
    (record / LOCK_FILE).hardlink_to(target)
    with pytest.raises(GalleryError, match="is a link"), WriterLock(record, purpose="x"):
        pass
    assert target.read_text() == "mine"


@pytest.mark.parametrize("name", [LOCK_FILE, "writer.txt", "record.sqlite3"])
def test_a_link_in_the_record_is_refused_and_its_target_left_alone(tmp_path: Path, name: str) -> None:
    target = tmp_path / "bashrc"
    target.write_text("mine")
    record = tmp_path / ".recognizer"
    record.mkdir()
    (record / name).symlink_to(target)
    with pytest.raises(GalleryError, match="is a link"), WriterLock(record, purpose="x"):
        pass
    assert target.read_text() == "mine"
