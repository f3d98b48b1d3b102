from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.util
import io
import json
import sys
from pathlib import Path

import pytest

from recognizer.errors import HistoryError, InputError, UsageError
from recognizer.history.clusters import list_clusters, name_cluster, set_state, update_clusters
from recognizer.history.database import Database, open_history
from recognizer.history.encryption import AesGcm
from recognizer.history.exchange.exporting import export
from recognizer.history.exchange.importing import Imported, import_files
from recognizer.history.face_search import vector_of_track
from recognizer.history.keyed import open_with_key
from recognizer.history.records import Selection
from recognizer.history.rejections import reject_track
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.tracks import list_tracks
from tests.history.history_records import NOON, near, record, unit

HAS_PARQUET = importlib.util.find_spec("pyarrow") is not None
needs_parquet = pytest.mark.skipif(not HAS_PARQUET, reason="pyarrow is not installed, as on lean installations")
FORMATS = (".jsonl", pytest.param(".parquet", marks=needs_parquet))


def nothing(done: int, total: int) -> None:
    """Show no progress."""


def fill(history: Database) -> None:
    """Two known people, a rejected name, and three strangers: one named, one ignored, one open."""
    strangers = [unit(2), unit(3), unit(4)]
    tracks = [
        record(1, person="Ada", vectors=(unit(1), near(unit(1), 0.9, 5))),
        record(2, person="Łukasz 多", source="/clips/door.mp4", began=NOON + dt.timedelta(microseconds=1)),
        record(3, person="Bob", vectors=(unit(6),)),
        *(record(4 + place, person=None, vectors=(vector,)) for place, vector in enumerate(strangers)),
    ]
    with history.writing() as connection:
        run = insert_run(connection, NOON, "model-1", (0.42, 0.15))
        save_tracks(connection, run, tracks, cipher=history.cipher)
        other = insert_run(connection, NOON + dt.timedelta(days=1), "model-2", (0.3, 0.1))
        save_tracks(connection, other, [record(1, began=NOON + dt.timedelta(days=1))], cipher=history.cipher)
    update_clusters(history, model="model-1", threshold=0.42)
    reject_track(history, 3)
    clusters = {row["track_ids"][0]: row["cluster"] for row in list_clusters(history)}
    name_cluster(history, clusters[4], "Courier")
    set_state(history, clusters[5], "ignored")


def exported(history: Database, suffix: str = ".jsonl", *, vectors: bool = True) -> bytes:
    file = io.BytesIO()
    export(history, file, suffix=suffix, selection=Selection(), vectors=vectors, progress=nothing)
    return file.getvalue()


def imported(history: Database, folder: Path, data: bytes, suffix: str = ".jsonl") -> Imported:
    path = folder / f"export{suffix}"
    path.write_bytes(data)
    return import_files(history, [path], progress=nothing)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("vectors", [True, False])
def test_a_new_history_has_all_that_was_exported(
    history: Database, tmp_path: Path, suffix: str, *, vectors: bool
) -> None:
    fill(history)
    new = open_history(tmp_path / "new", create=True)
    done = imported(new, tmp_path, exported(history, suffix, vectors=vectors), suffix)
    assert (done.added, done.present, done.damaged) == (7, 0, 0)
    assert exported(new, vectors=vectors) == exported(history, vectors=vectors)
    names = [track.person for track in list_tracks(new, Selection())]
    assert sorted(filter(None, names)) == ["Ada", "Ada", "Courier", "Łukasz 多"]
    new.close()


@pytest.mark.parametrize("suffix", FORMATS)
def test_importing_twice_adds_nothing(history: Database, tmp_path: Path, suffix: str) -> None:
    fill(history)
    data = exported(history, suffix)
    assert (imported(history, tmp_path, data, suffix).added, len(list_tracks(history, Selection()))) == (0, 7)
    new = open_history(tmp_path / "new", create=True)
    assert imported(new, tmp_path, data, suffix).added == 7
    again = imported(new, tmp_path, data, suffix)
    assert (again.added, again.present, len(list_tracks(new, Selection()))) == (0, 7, 7)
    assert exported(new) == exported(history)
    new.close()


def test_an_encrypted_history_exports_plain_vectors_and_seals_them_again(tmp_path: Path) -> None:
    old = open_with_key(tmp_path / "old", bytes(32), create=True)
    new = open_with_key(tmp_path / "new", b"\1" * 32, create=True)
    fill(old)
    imported(new, tmp_path, exported(old))
    assert isinstance(new.cipher, AesGcm)
    vector, model, _ = vector_of_track(new, 1)
    assert (model, round(float(vector @ vector_of_track(old, 1)[0]), 4)) == ("model-1", 1.0)
    old.close()
    new.close()
    with pytest.raises(HistoryError, match="encrypted"):
        open_with_key(tmp_path / "new", None, create=False)


def test_clusters_of_two_exports_are_not_mixed_up(tmp_path: Path) -> None:
    new = open_history(tmp_path / "new", create=True)
    for number in (1, 2):
        old = open_history(tmp_path / f"old-{number}", create=True)
        with old.writing() as connection:
            run = insert_run(connection, NOON + dt.timedelta(days=number), "model-1", (0.42, 0.15))
            save_tracks(connection, run, [record(1, person=None, vectors=(unit(number),))])
        update_clusters(old, model="model-1", threshold=0.42)
        (tmp_path / f"{number}.jsonl").write_bytes(exported(old))
        old.close()
    import_files(new, [tmp_path / "1.jsonl", tmp_path / "2.jsonl"], progress=nothing)
    assert [row["tracks"] for row in list_clusters(new)] == [1, 1]
    new.close()


def test_a_selection_is_exported(local: Database) -> None:
    fill(local)
    file = io.BytesIO()
    chosen = Selection(person="Courier")
    assert export(local, file, suffix=".jsonl", selection=chosen, vectors=False, progress=nothing) == 1
    head, track = map(json.loads, file.getvalue().splitlines())
    assert head == {"format": "recognizer-history", "version": 1, "vectors": False}
    assert (track["given"], track["status"], "samples" in track) == ("Courier", "unknown", False)


def test_damaged_lines_are_counted(local: Database, tmp_path: Path) -> None:
    fill(local)
    lines = exported(local).splitlines(keepends=True)
    vector = json.loads(lines[1])
    vector["samples"][0]["vector"] = "AAAA"
    lines[1] = json.dumps(vector).encode() + b"\n"
    lines[2] = lines[2].replace(b'"status": "unknown"', b'"status": "sleepy"')
    lines[-1] = lines[-1][: len(lines[-1]) // 2]
    new = open_history(tmp_path / "new", create=True)
    done = imported(new, tmp_path, b"".join([*lines[:3], b"\n", b"[1]\n", *lines[3:]]))
    assert (done.added, done.damaged) == (4, 4)
    assert done.first_damaged is not None
    assert done.first_damaged.startswith("export.jsonl, line 2: samples.0.vector")
    new.close()


@pytest.mark.parametrize("data", [b'{"format": "recognizer-history", "version": 2}\n', b"\x00\xff\x00", b"a,b\n1,2\n"])
def test_what_is_no_export_of_ours(local: Database, tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InputError, match=r"newer version|holds no line"):
        imported(local, tmp_path, data)


@needs_parquet
def test_what_is_no_parquet_file_of_ours(local: Database, tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    with pytest.raises(InputError, match="cannot be read"):
        imported(local, tmp_path, b"PAR1 and nothing else", ".parquet")
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(InputError, match="no export of a history"):
        import_files(local, [tmp_path / "other.parquet"], progress=nothing)


def test_the_message_without_pyarrow(local: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="pip install pyarrow"):
        exported(local, ".parquet")
    with pytest.raises(UsageError, match="pip install pyarrow"):
        imported(local, tmp_path, b"PAR1", ".parquet")


def test_long_texts_and_exact_numbers_survive(local: Database, tmp_path: Path) -> None:
    longest = dataclasses.replace(record(1), reasons=("a" * 5000, "多\u2028\x07"), at_s=1 / 3, similarity=0.1 + 0.2)
    with local.writing() as connection:
        save_tracks(connection, insert_run(connection, NOON, "m", (0.1, 0.1)), [longest])
    new = open_history(tmp_path / "new", create=True)
    imported(new, tmp_path, exported(local))
    assert list_tracks(new, Selection()) == list_tracks(local, Selection())
    new.close()


def test_vectors_of_another_length_than_their_models_are_refused(local: Database, tmp_path: Path) -> None:
    def save(to: Database, number: int, dimension: int) -> None:
        with to.writing() as connection:
            run = insert_run(connection, NOON, "model-1", (0.42, 0.15))
            save_tracks(connection, run, [record(number, person=None, vectors=(unit(number, dimension),))])

    new = open_history(tmp_path / "new", create=True)
    save(new, 1, 512)
    save(local, 2, 8)
    with pytest.raises(InputError, match="has 8 numbers, the others of this model have 512"):
        imported(new, tmp_path, exported(local))
    assert update_clusters(new, model="model-1", threshold=0.42) == 1
    new.close()
