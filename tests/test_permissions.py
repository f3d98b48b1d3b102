"""Files that everybody may change, and that decide who is recognised, are noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognizer import permissions
from recognizer.gallery.store import Gallery, load_enrolled
from recognizer.models.cache import Cache
from tests.gallery.records import commit, record
from tests.models.graph_helpers import keep_graph

FINGERPRINT = "some_model-0123456789ab"


@pytest.fixture(autouse=True)
def _nothing_was_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permissions, "_warned", set())


@pytest.mark.parametrize("part", ["folder", "file"])
def test_a_gallery_record(part: str, tmp_path: Path, logged_warnings: list[str]) -> None:
    commit(tmp_path, {"Ada": [1]})
    load_enrolled(tmp_path)
    assert logged_warnings == []
    (record(tmp_path).parent if part == "folder" else record(tmp_path)).chmod(0o777)
    load_enrolled(tmp_path)
    load_enrolled(tmp_path)
    (warning,) = logged_warnings
    folder = record(tmp_path).parent
    assert warning.startswith(f"The gallery's record {folder} can be changed by every user of this machine")
    assert warning.endswith(f"chmod -R o-w {folder}")


def test_a_writer_notices_it_and_closes_the_folder(tmp_path: Path, logged_warnings: list[str]) -> None:
    commit(tmp_path, {"Ada": [1]})
    record(tmp_path).parent.chmod(0o777)
    with Gallery(tmp_path, write=True):
        pass
    assert len(logged_warnings) == 1
    assert record(tmp_path).parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("part", ["", "graphs", "graph"])
def test_a_model_cache(part: str, tmp_path: Path, logged_warnings: list[str]) -> None:
    folder = tmp_path / "my cache"
    graph = keep_graph(folder, FINGERPRINT)
    assert Cache(folder).graph(FINGERPRINT) == graph
    assert logged_warnings == []
    (graph if part == "graph" else folder / part).chmod(0o777)
    assert Cache(folder).graph(FINGERPRINT) == graph
    (warning,) = logged_warnings
    assert warning.startswith(f"The model cache {folder} can be changed by every user")
    assert warning.endswith(f"chmod -R o-w '{folder}'")
