from __future__ import annotations

import base64
import datetime as dt
import resource
import signal
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recognizer.errors import ConfigError, HistoryError
from recognizer.history import clusters
from recognizer.history.database import Database
from recognizer.history.encryption import KEY_VARIABLE, AesGcm, find_key, write_key
from recognizer.history.face_search import search_face, vector_of_track
from recognizer.history.keyed import open_to_rekey, open_with_key, rekey
from recognizer.history.records import Selection
from recognizer.history.rejections import reject_track
from recognizer.history.retention import Retention, purge
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.vectors import to_bytes
from tests.history.history_records import NOON, record, unit

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))


def save_one(history: Database) -> None:
    one = record(1, person=None, vectors=(unit(7),))
    (sample,) = one.samples
    one = replace(one, samples=(replace(sample, crop=np.full((30, 30, 3), 90, np.uint8)),))
    with history.writing() as connection:
        save_tracks(connection, insert_run(connection, NOON, "model-1", (0.4, 0.1)), [one], cipher=history.cipher)


def bytes_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_vectors_and_crops_are_not_on_the_disk_and_can_be_searched(place: Path | str, tmp_path: Path) -> None:
    history = open_with_key(place, KEY, create=True)
    save_one(history)
    hits = search_face(history, unit(7), model="model-1", from_similarity=0.9, selection=Selection(), limit=9)
    assert len(hits) == 1
    assert float(vector_of_track(history, 1)[0] @ unit(7)) == pytest.approx(1, abs=1e-3)
    assert clusters.update_clusters(history, model="model-1", threshold=0.4) == 1
    history.close()
    assert to_bytes(unit(7))[100:200] not in bytes_on_disk(tmp_path)
    assert b"JFIF" not in bytes_on_disk(tmp_path)


@pytest.mark.parametrize(("key", "message"), [(None, "is encrypted"), (OTHER, "key does not fit")])
def test_it_is_refused_without_its_key(place: Path | str, key: bytes | None, message: str) -> None:
    open_with_key(place, KEY, create=True).close()
    with pytest.raises(HistoryError, match=message):
        open_with_key(place, key, create=True)


def test_another_key_and_none(place: Path | str, tmp_path: Path) -> None:
    history = open_with_key(place, None, create=True)
    save_one(history)
    with pytest.raises(HistoryError, match="'history rekey' encrypts it"):
        open_with_key(place, KEY, create=True)
    assert rekey(history, KEY) == 1
    history.close()
    assert to_bytes(unit(7))[100:200] not in bytes_on_disk(tmp_path)
    history = open_with_key(place, KEY, create=False)
    rekey(history, OTHER)
    history.close()
    history = open_with_key(place, OTHER, create=False)
    rekey(history, None)
    assert float(vector_of_track(history, 1)[0] @ unit(7)) == pytest.approx(1, abs=1e-3)
    history.close()
    open_with_key(place, None, create=False).close()


def test_a_plain_history_is_encrypted_though_the_settings_have_the_key_already(place: Path | str) -> None:
    history = open_with_key(place, None, create=True)
    save_one(history)
    history.close()
    history = open_to_rekey(place, KEY)
    assert rekey(history, KEY) == 1
    history.close()
    open_with_key(place, KEY, create=False).close()


def test_an_altered_value_is_noticed() -> None:
    sealed = bytearray(AesGcm(KEY).seal(b"face"))
    for place in range(len(sealed)):
        sealed[place] ^= 1
        with pytest.raises(HistoryError, match="altered"):
            AesGcm(KEY).open(bytes(sealed))
        sealed[place] ^= 1
    with pytest.raises(HistoryError, match="altered"):
        AesGcm(KEY).open(b"short")
    assert AesGcm(KEY).open(bytes(sealed)) == b"face"


def test_where_a_key_is_found(tmp_path: Path) -> None:
    path = tmp_path / "history-key"
    write_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = find_key(path, {})
    assert key is not None
    assert find_key(None, {KEY_VARIABLE: base64.b64encode(KEY).decode()}) == KEY
    assert find_key(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == key
    assert find_key(None, {"CREDENTIALS_DIRECTORY": str(tmp_path / "none")}) is None
    assert find_key(None, {}) is None
    with pytest.raises(ConfigError, match="never overwritten"):
        write_key(path)


@pytest.mark.parametrize("content", [b"", b"geheim", base64.b64encode(bytes(range(16))), b"\xff\xfe"])
def test_something_else_than_a_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        find_key(tmp_path / "key", {})
    assert "geheim" not in str(caught.value)


def test_a_plain_history_of_rejections_alone_is_not_taken_for_an_empty_one(place: Path | str) -> None:
    history = open_with_key(place, None, create=True)
    with history.writing() as connection:
        save_tracks(connection, insert_run(connection, NOON, "model-1", (0.4, 0.1)), [record(1, vectors=(unit(7),))])
    reject_track(history, 1)
    purge(history, Retention(known_days=0, unknown_days=0), now=dt.datetime.now(dt.UTC))
    history.close()
    with pytest.raises(HistoryError, match="'history rekey' encrypts it"):
        open_with_key(place, KEY, create=True)


def test_a_device_is_no_key() -> None:
    """Its text has no end."""
    with pytest.raises(ConfigError):
        find_key(Path("/dev/zero"), {})


def test_a_key_that_cannot_be_written_whole_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "history-key"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    held = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))  # bytes: a write beyond fails as on a full disk
    try:
        with pytest.raises(ConfigError, match="cannot be written"):
            write_key(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, held)
    assert not path.exists()
