"""A run begins while the history's server is away: tracks are kept, rejections are read when it is back."""

from __future__ import annotations

import importlib.util
import threading

import pytest

from recognizer.app import build, config
from recognizer.app.config import Settings
from recognizer.app.history import history_sink
from recognizer.errors import HistoryAwayError, HistoryError
from recognizer.history.database import open_history
from recognizer.history.records import Selection
from recognizer.history.tracks import list_tracks
from recognizer.types import EventKind
from tests.app.painted_people import PAINTED, Site
from tests.history.conftest import PostgresServer, postgres  # noqa: F401 - a fixture
from tests.history.history_records import unit
from tests.results import event, identity, make_result, make_samples
from tests.rig import wait_until

needs_driver = pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="needs requirements-postgres.txt")


def settings_of(site: Site, address: str) -> Settings:
    return config.load(None, {"gallery": {"folder": site.gallery}, "history": {"enabled": True, "address": address}})


def test_a_run_that_began_without_its_server_writes_everything_afterwards(
    postgres: PostgresServer,  # noqa: F811
    site: Site,
) -> None:
    address = postgres.new_database()
    settings, opened = settings_of(site, address), threading.Event()
    postgres.stop()
    try:
        sink = history_sink(settings, PAINTED, live=frozenset(), stop=threading.Event(), on_open=opened.set)
        assert build.rejections_at_start(settings, PAINTED.fingerprint) == ([], False)
        sink.__enter__()
        sink.emit(make_result(1.0, samples=make_samples((1, unit(1), None)), identities=[identity(1)]))
        sink.on_end("clip", (event(EventKind.LOST, 2.0),))
        assert wait_until(lambda: sink.failed is not None, seconds=30) < 30
        assert not opened.is_set()
    finally:
        postgres.start()
    sink.__exit__(None, None, None)
    assert (opened.is_set(), sink.lost, sink.failed) == (True, 0, None)
    history = open_history(address, create=False)
    assert len(list_tracks(history, Selection())) == 1
    history.close()


@needs_driver
def test_a_server_that_is_not_there_is_away() -> None:
    with pytest.raises(HistoryAwayError):
        open_history("postgresql://ada@127.0.0.1:9/site", create=True)


def test_a_database_that_does_not_exist_is_an_error_at_once(
    postgres: PostgresServer,  # noqa: F811
    site: Site,
) -> None:
    with pytest.raises(HistoryError, match="does not exist") as caught:
        history_sink(settings_of(site, postgres.address("nowhere")), PAINTED, live=frozenset(), stop=threading.Event())
    assert not isinstance(caught.value, HistoryAwayError)
