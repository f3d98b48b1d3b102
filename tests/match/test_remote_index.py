"""A gallery on a server: rebuilt from the record, never searched stale, and not needed."""

from __future__ import annotations

import gc
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
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


@pytest.mark.long
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


class Watched:
    """A client that records which methods are called, and with what time-outs."""

    def __init__(self, client: Any) -> None:
        self._client, self.calls = client, list[tuple[str, float | None]]()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not callable(method):
            return method

        def called(*given: Any, **named: Any) -> Any:
            self.calls.append((name, named.get("timeout")))
            return method(*given, **named)

        return called


LOCAL = {"create_schema", "prepare_index_params"}


def test_a_search_is_two_round_trips_and_each_has_a_time_out(make_milvus: Make) -> None:
    index, local = opened(make_milvus, ["Ada", "Bob"], [0, 1])
    server = index._server
    assert isinstance(server, Milvus)
    server._client = watched = Watched(server._connected())
    assert index.search(probes(ADA[None])).names == ("Ada",)
    assert watched.calls == [("search", 1.0), ("get", 1.0)]
    assert local.count == 0


def test_every_step_of_a_change_has_a_time_out(make_milvus: Make) -> None:
    server = make_milvus()
    server._client = watched = Watched(server._connected())
    server.sync(rows_of(enrolled(["Ada", "Bob"], units(1, 2))), stop=threading.Event())
    server.sync(rows_of(enrolled(["Eve"], EVE[None])), stop=threading.Event())
    narrow = np.eye(2, 96, dtype=np.float32)
    server.sync(rows_of(enrolled(["Ada", "Bob"], narrow)), stop=threading.Event())
    called = {name for name, _ in watched.calls}
    assert {"create_collection", "drop_collection", "load_collection", "upsert", "delete", "query_iterator"} <= called
    assert [name for name, timeout in watched.calls if name not in LOCAL and timeout is None] == []


@pytest.mark.long
def test_a_collection_that_was_dropped_is_made_again(make_milvus: Make) -> None:
    index, local = opened(make_milvus, ["Ada", "Bob"], [0, 1])
    server = make_milvus()
    server._connected().drop_collection(server._where.collection)
    assert index.search(probes(ADA[None])).names == ("Ada",)
    assert local.count == 1
    assert index.start().ready.wait(90)
    assert index.search(probes(BOB[None])).names == ("Bob",)
    assert local.count == 1


def test_the_connection_is_closed_with_the_index(make_milvus: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()
    close = Milvus.close

    def close_and_say(server: Milvus) -> None:
        close(server)
        closed.set()

    monkeypatch.setattr(Milvus, "close", close_and_say)
    index, local = opened(make_milvus, ["Ada", "Bob"], [0, 1])
    del index, local
    gc.collect()
    assert closed.wait(30)
    again, _ = opened(make_milvus, ["Ada", "Bob"], [0, 1])
    assert again.search(probes(BOB[None])).names == ("Bob",), "others' connections are not closed"


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
