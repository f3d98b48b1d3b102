"""A gallery on a server: rebuilt from the record, never searched stale, and not needed."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from loguru import logger

from recognizer.app import build, config
from recognizer.errors import ConfigError
from recognizer.match.exact_index import ExactIndex
from recognizer.match.milvus import Milvus, target
from recognizer.match.remote_index import RemoteIndex, rows_of
from recognizer.types import Embeddings, Matches
from tests.match.match_helpers import enrolled, probes, units

Make = Callable[[], Milvus]
ADA, BOB, EVE = units(1, 3)


class Counted(ExactIndex):
    """The record's vectors, with a count of the searches."""

    count = 0

    def search(self, probes: Embeddings) -> Matches:
        self.count += 1
        return super().search(probes)


def opened(make: Make, names: list[str], rows: list[int]) -> tuple[RemoteIndex, Counted]:
    gallery = enrolled(names, units(1, 3)[rows])
    index = RemoteIndex(enrolled=gallery, server=make())
    index._local = local = Counted(enrolled=gallery)
    assert index.start().ready.wait(90)
    return index, local


def test_a_changed_gallery_replaces_the_one_before_it(make_milvus: Make) -> None:
    opened(make_milvus, ["Ada", "Bob"], [0, 1])
    index, local = opened(make_milvus, ["Bob", "Eve"], [1, 2])
    found = index.search(probes(units(1, 3)))
    assert found.names[1:] == ("Bob", "Eve")
    assert found.similarities[0] < 0.5
    assert local.count == 0
    assert sorted(make_milvus()._ids(make_milvus()._connected())) == sorted(rows_of(index._enrolled).ids)


def test_an_equal_gallery_is_not_written_again(make_milvus: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(make_milvus, ["Ada", "Bob"], [0, 1])
    monkeypatch.setattr(Milvus, "sync", lambda *_, **__: pytest.fail("it was written again"))
    index, local = opened(make_milvus, ["Ada", "Bob"], [0, 1])
    assert index.search(probes(BOB[None])).names == ("Bob",)
    assert local.count == 0


def test_nobody_searches_another_revision(make_milvus: Make, logged_warnings: list[str]) -> None:
    old, local = opened(make_milvus, ["Ada", "Bob"], [0, 1])
    new, _ = opened(make_milvus, ["Bob", "Eve"], [1, 2])
    found = old.search(probes(units(1, 3)))
    assert found.names[:2] == ("Ada", "Bob")
    assert found.similarities[2] < 0.5, "Eve is not in this gallery"
    assert local.count == 1
    assert any("another revision" in line for line in logged_warnings)
    assert new.search(probes(EVE[None])).names == ("Eve",), "the older one must not write its own over it"


def test_a_change_that_was_broken_off_is_not_searched(make_milvus: Make) -> None:
    index, local = opened(make_milvus, ["Ada", "Bob"], [0, 1])
    stop = threading.Event()
    stop.set()
    server = make_milvus()
    server.sync(rows_of(enrolled(["Eve"], EVE[None])), stop=stop)
    assert server.state().revision == ""
    assert index.search(probes(ADA[None])).names == ("Ada",)
    assert local.count == 1
    assert index.start().ready.wait(90), "it is rebuilt from the record"
    assert index.search(probes(ADA[None])).names == ("Ada",)
    assert local.count == 1


def test_a_collection_of_another_width_is_made_anew(make_milvus: Make) -> None:
    opened(make_milvus, ["Ada", "Bob"], [0, 1])
    narrow = units(1, 2)[:, :96].copy()
    narrow /= (narrow**2).sum(axis=1, keepdims=True) ** 0.5
    index = RemoteIndex(enrolled=enrolled(["Ada", "Bob"], narrow), server=make_milvus())
    assert index.start().ready.wait(90)
    assert index.search(probes(narrow)).names == ("Ada", "Bob")


def test_without_a_server_people_are_recognised_and_it_is_said_once(logged_warnings: list[str]) -> None:
    server = Milvus(target("milvus+http://somebody:pencil@127.0.0.1:9/faces"))
    index = RemoteIndex(enrolled=enrolled(["Ada", "Bob"], units(1, 2)), server=server)
    said = threading.Event()
    number = logger.add(lambda line: said.set() if "127.0.0.1:9" in line else None)
    try:
        assert index.search(probes(BOB[None])).names == ("Bob",)
        assert said.wait(30)
    finally:
        logger.remove(number)
    assert index.search(probes(BOB[None])).names == ("Bob",)
    (line,) = [line for line in logged_warnings if "gallery" in line]
    assert "searched here meanwhile" in line
    assert "pencil" not in line


@pytest.mark.parametrize(
    ("address", "uri", "token", "collection"),
    [
        ("milvus+https://ada:p%40ss@host:19530/people", "https://host:19530", "ada:p@ss", "people"),
        ("milvus+http://host:19530", "http://host:19530", "", "faces"),
        ("milvus+file:///tmp/index.db", "/tmp/index.db", "", "faces"),  # noqa: S108
    ],
)
def test_addresses(address: str, uri: str, token: str, collection: str) -> None:
    where = target(address)
    assert (where.uri, where.token, where.collection) == (uri, token, collection)
    assert "ss" not in where.name.replace("https", "")


@pytest.mark.parametrize(
    "address",
    ["https://host", "milvus+ftp://host", "milvus+file:///tmp/index", "milvus+https:///x", "milvus+http://h/a b"],
)
def test_a_wrong_address_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(ConfigError, match=re.escape("gallery.index: wanted")):
        target(address)


def test_the_settings_choose(milvus_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = enrolled(["Ada", "Bob"], units(1, 2))
    assert isinstance(build.gallery_index(config.Settings(), gallery), ExactIndex)
    monkeypatch.setenv("WHERE", str(tmp_path))
    wanted = config.Settings.model_validate({"gallery": {"index": "milvus+file://${WHERE}/own.db"}})
    index = build.gallery_index(wanted, gallery)
    assert isinstance(index, RemoteIndex)
    assert index.start().ready.wait(90)
    assert (tmp_path / "own.db").exists()
    assert index.search(probes(BOB[None])).names == ("Bob",)
    assert "own.db" not in repr(wanted)
