"""The record on disk: one writer, nothing left behind, nothing half done."""

from __future__ import annotations

import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import GalleryBusyError, GalleryError
from recognizer.gallery import schema
from recognizer.gallery.folder import Content, Stamp
from recognizer.gallery.records import Finding, JudgedPhoto, MeasuredFace, Measurement, Note, PhotoQuality
from recognizer.gallery.store import Gallery, load_enrolled
from tests.fakes import face_picture, painted_vector, save_picture

MODEL = "painted-0123456789ab"
QUALITY = PhotoQuality(40.5, 120.25, -3.5, 1.5, 0.99)
NOTE = Note(Finding.SEVERAL_FACES, "2 faces; “the left”")


def face(person: int, photo: int) -> MeasuredFace:
    return MeasuredFace((1, 2, 3, 4), QUALITY, painted_vector(person, photo), b"thumbnail of %d-%d" % (person, photo))


def settle(folder: Path, people: dict[str, list[int]], *, model: str = MODEL) -> None:
    """Enrol each person, known by the place in the alphabet, with the given photos."""
    judged = []
    with Gallery(folder, write=True, purpose="test") as gallery:
        for name, photos in people.items():
            for photo in photos:
                sha256 = f"{name}{photo}".encode()
                gallery.store(sha256, model, Measurement((NOTE,), face(ord(name[0]) % 13, photo)))
                content = Content(sha256, Stamp(1, 2, 3), 4)
                judged.append(JudgedPhoto(name, f"{photo}.png", content, True, (NOTE,)))
        gallery.settle(judged, people={name: name for name in people}, model=model)


def record(folder: Path) -> Path:
    return folder / ".recognizer" / schema.RECORD_FILE


def test_what_is_settled_is_read_back(tmp_path: Path) -> None:
    settle(tmp_path, {"Ada": [1, 2], "王小明": [1]})
    enrolled = load_enrolled(tmp_path)
    assert enrolled.names == ("Ada", "Ada", "王小明")
    assert enrolled.model == MODEL
    with Gallery(tmp_path) as gallery:
        (photo, *_) = gallery.photos()
        assert photo.notes == (NOTE,)
        assert photo.content == Content(b"Ada1", Stamp(1, 2, 3), 4)
        measured = gallery.measurements(MODEL)[b"Ada1"]
        assert measured.face is not None
        assert measured.face.quality == QUALITY
        assert measured.face.thumbnail == b"thumbnail of 0-1"
        assert (measured.face.vector == painted_vector(0, 1)).all()
        assert [(person.name, person.accepted, person.refused) for person in gallery.people()] == [
            ("Ada", 2, 0),
            ("王小明", 1, 0),
        ]


def test_measurements_stand_for_nobody(tmp_path: Path) -> None:
    with Gallery(tmp_path, write=True) as gallery:
        gallery.store(b"x", MODEL, Measurement((), face(1, 1)))
    with pytest.raises(GalleryError, match="Nobody is enrolled"):
        load_enrolled(tmp_path)


def test_a_failed_settle_changes_nothing(tmp_path: Path) -> None:
    settle(tmp_path, {"Ada": [1]})
    twice = JudgedPhoto("Bob", "1.png", None, True, ())
    with pytest.raises(sqlite3.IntegrityError), Gallery(tmp_path, write=True) as gallery:
        gallery.settle([twice, twice], people={"Bob": "Bob"}, model="other")
    assert load_enrolled(tmp_path).names == ("Ada",)


def test_the_last_change_is_remembered_and_idle_runs_are_none(tmp_path: Path) -> None:
    settle(tmp_path, {"Ada": [1]})
    with Gallery(tmp_path, write=True) as gallery:
        before = gallery.changed_at
        assert before is not None
        gallery.settle(gallery.photos(), people={"Ada": "Ada"}, model=MODEL)
        assert gallery.changed_at == before


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    settle(tmp_path, {"Ada": [1]})
    assert record(tmp_path).parent.stat().st_mode & 0o777 == 0o700
    for path in record(tmp_path).parent.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_of_the_forgotten_stays_in_the_file(tmp_path: Path) -> None:
    settle(tmp_path, {"Ada": [1], "Bob": [1, 2]})
    traces = [painted_vector(1, 2).astype("<f4").tobytes()[:64], b"thumbnail of 1-2", b"Bob"]
    assert all(trace in record(tmp_path).read_bytes() for trace in traces)
    with Gallery(tmp_path, write=True) as gallery:
        gallery.forget("Bob")
    everything = b"".join(path.read_bytes() for path in record(tmp_path).parent.iterdir())
    assert not any(trace in everything for trace in traces)
    assert load_enrolled(tmp_path).names == ("Ada",)


def test_a_second_writer_is_told_who_is_first(tmp_path: Path) -> None:
    told = rf"process {os.getpid()} on .*\(enroll, since"
    with Gallery(tmp_path, write=True, purpose="enroll"), pytest.raises(GalleryBusyError, match=told):
        Gallery(tmp_path, write=True).__enter__()
    with Gallery(tmp_path, write=True):
        pass


def test_a_second_process_is_told_too_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
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
    settle(tmp_path, {"Ada": [1]})
    with Gallery(tmp_path, write=True) as gallery:
        gallery.store(b"new", MODEL, Measurement((), face(2, 1)))
        began = time.monotonic()
        assert load_enrolled(tmp_path).names == ("Ada",)
        assert time.monotonic() - began < 1


def test_a_reader_waits_out_a_commit(tmp_path: Path) -> None:
    settle(tmp_path, {"Ada": [1]})
    connection = sqlite3.connect(record(tmp_path), isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN EXCLUSIVE")
    timer = threading.Timer(0.3, lambda: connection.execute("COMMIT"))
    timer.start()
    assert load_enrolled(tmp_path).names == ("Ada",)
    timer.join()
    connection.close()


def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    settle(tmp_path, {"Ada": [1]})
    with Gallery(tmp_path) as gallery, pytest.raises(GalleryError, match="readonly"):
        gallery.store(b"x", MODEL, Measurement())


def test_reading_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(GalleryError, match=r"Nobody is enrolled .* python main.py enroll --gallery"):
        load_enrolled(tmp_path)
    assert list(tmp_path.iterdir()) == []


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()


def scribbled(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = os.urandom(64)
    path.write_bytes(data)


def odd_note(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute('UPDATE photos SET notes = \'[["no such finding", "x"]]\'')
    connection.commit()
    connection.close()


def read_all(folder: Path, *, write: bool) -> None:
    with Gallery(folder, write=write) as gallery:
        gallery.people()
        gallery.enrolled()


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        (foreign, "another program"),
        (newer, f"layout {schema.VERSION + 1}"),
        (scribbled, "damaged"),
        (odd_note, "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "damaged"),
        (lambda path: path.write_bytes(b"no database, only text " * 99), "damaged or is not a gallery"),
    ],
)
def test_a_record_that_cannot_be_used_says_how_to_rebuild_it(
    tmp_path: Path, damage: Callable[[Path], object], wanted: str
) -> None:
    settle(tmp_path, {"Ada": [1, 2, 3], "Bob": [1]})
    damage(record(tmp_path))
    for write in (False, True):
        with pytest.raises(GalleryError, match=wanted) as caught:
            read_all(tmp_path, write=write)
        assert "--rebuild" in str(caught.value)


def test_an_empty_file_left_by_a_kill_is_no_damage(tmp_path: Path) -> None:
    record(tmp_path).parent.mkdir()
    record(tmp_path).touch()
    with pytest.raises(GalleryError, match="Nobody is enrolled"):
        load_enrolled(tmp_path)
    settle(tmp_path, {"Ada": [1]})
    assert load_enrolled(tmp_path).names == ("Ada",)


def test_a_gallery_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / ".recognizer").write_text("in the way")  # root may write anywhere, so permissions alone prove nothing
    with pytest.raises(GalleryError, match="No permission to write"), Gallery(tmp_path, write=True):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_gallery_without_permission_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(GalleryError, match="No permission to write"), Gallery(tmp_path, write=True):
        pass
    tmp_path.chmod(0o700)


def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path) -> None:
    settle(tmp_path, {"Ada": [1]})
    with Gallery(tmp_path, write=True) as gallery:
        gallery._rows("PRAGMA max_page_count = 1")  # what SQLite reports as a full disk
        large = dataclasses.replace(face(2, 1), thumbnail=bytes(200_000))
        with pytest.raises(GalleryError, match="disk is full"):
            gallery.store(b"new", MODEL, Measurement((), large))
    assert load_enrolled(tmp_path).names == ("Ada",)


def start(code: str, folder: Path) -> subprocess.Popen[bytes]:
    """Run code in a process of its own until it has said something."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    child = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, env=environment)
    assert child.stdout is not None
    assert child.stdout.readline()
    return child


def kill(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.stdout is not None
    child.stdout.close()


ENROL = """
import sys; from pathlib import Path
from tests.fakes import PaintedFaceDetector, PaintedFaceEmbedder, read_picture
from recognizer.gallery.enrol import Enroller
from recognizer.gallery.review import Limits
enroller = Enroller(detector=PaintedFaceDetector(), embedder=PaintedFaceEmbedder(), read=read_picture,
                    suffixes={'.png'}, limits=Limits(wanted_sharpness=0, usable_sharpness=0))
print('ready', flush=True)
enroller.enrol(Path(sys.argv[1]))
print('done', flush=True)
"""


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


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_kill_9_at_any_moment_leaves_a_whole_gallery(tmp_path: Path, kills: int) -> None:
    chance = np.random.default_rng(kills)
    before: dict[str, int] = {}
    people: dict[str, int] = {}
    interrupted = 0
    whole_s = seconds_of_a_whole_run(tmp_path / "pace")
    gallery_folder = tmp_path / "gallery"
    gallery_folder.mkdir()
    for round_ in range(kills):
        chosen = chance.choice(["Ada", "Bob", "Cleo", "Dora"], 3, replace=False)
        people = {str(name): int(chance.integers(1, 5)) for name in chosen}
        write_photos(gallery_folder, people, round_)
        child = start(ENROL, gallery_folder)
        time.sleep(whole_s * (round_ + chance.uniform(0, 1)) / kills)  # at once, up to when it would be done
        interrupted += child.poll() is None
        kill(child)
        now = standing(gallery_folder)
        assert now in (before, people)
        before = now
    assert interrupted
    child = start(ENROL, gallery_folder)
    assert child.wait() == 0
    assert child.stdout is not None
    child.stdout.close()
    assert standing(gallery_folder) == people
    with Gallery(gallery_folder) as gallery:
        assert len(gallery.measured(MODEL)) == sum(people.values())


def seconds_of_a_whole_run(folder: Path) -> float:
    """How long enrolling some people takes here and now, from being ready to its end."""
    folder.mkdir()
    write_photos(folder, {"Ada": 3, "Bob": 3, "Cleo": 3}, 0)
    child = start(ENROL, folder)
    began = time.monotonic()
    assert child.wait() == 0
    assert child.stdout is not None
    child.stdout.close()
    return time.monotonic() - began


def write_photos(folder: Path, people: dict[str, int], round_: int) -> None:
    for place, name in enumerate(("Ada", "Bob", "Cleo", "Dora")):
        for old in (folder / name).glob("*"):
            old.unlink()
        if (folder / name).exists() and name not in people:
            (folder / name).rmdir()
        for number in range(people.get(name, 0)):
            save_picture(folder / name / f"{number}.png", face_picture((place + 1, (round_ + 3 * number) % 13)))
