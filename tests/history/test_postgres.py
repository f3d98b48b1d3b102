from __future__ import annotations

import importlib.util
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from recognizer.app import config
from recognizer.errors import ConfigError, HistoryError
from recognizer.history.database import open_history
from recognizer.history.records import Selection
from recognizer.history.tracks import list_tracks
from recognizer.history.writer import HistoryWriter
from tests.history.conftest import PostgresServer
from tests.history.history_records import record, unit
from tests.rig import wait_until


def test_what_comes_while_the_server_is_down_is_saved_afterwards(postgres: PostgresServer) -> None:
    address = postgres.new_database()
    opener = partial(open_history, address, create=True)
    writer = HistoryWriter(opener, model="model-1", thresholds=(0.4, 0.1))
    writer.start()
    writer.add(record(1, vectors=(unit(1),)))
    assert wait_until(lambda: writer.saved == 1, seconds=30) < 30
    postgres.stop()
    try:
        writer.add(record(2, vectors=(unit(2),)))
        assert wait_until(lambda: writer.failed is not None, seconds=30) < 30
        writer.add(record(3))
    finally:
        postgres.start()
    writer.finish(30)
    assert (writer.saved, writer.lost, writer.failed) == (3, 0, None)
    history = open_history(address, create=False)
    assert len(list_tracks(history, Selection())) == 3
    history.close()


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="needs requirements-postgres.txt")
def test_a_server_that_does_not_answer_is_one_message_without_the_password() -> None:
    with pytest.raises(HistoryError, match=r"postgresql://127\.0\.0\.1/site") as caught:
        open_history("postgresql://ada:geheim@127.0.0.1:9/site", create=True)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["mysql://ada:geheim@host/site", "postgresql//ada:geheim", "postgresql://a:geheim@h:x/d"]
)
def test_an_address_that_cannot_be_used(address: str) -> None:
    with pytest.raises(ConfigError, match="wanted postgresql://USER") as caught:
        open_history(address, create=True)
    assert "geheim" not in str(caught.value)


def test_machines_that_make_the_tables_at_once(postgres: PostgresServer) -> None:
    address = postgres.new_database()
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda _: open_history(address, create=True), range(4)))
    for history in opened:
        assert list_tracks(history, Selection()) == []
        history.close()


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="needs requirements-postgres.txt")
def test_variables_and_odd_characters_in_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTORY_PASSWORD", "p@ss/w:rd%")
    settings = config.load(None, {"history": {"address": "postgresql://ada:${HISTORY_PASSWORD}@127.0.0.1:9/site"}})
    with pytest.raises(HistoryError, match=r"postgresql://127\.0\.0\.1/site") as caught:
        open_history(settings.history_place, create=True)
    assert "ss/w" not in str(caught.value)
    monkeypatch.delenv("HISTORY_PASSWORD")
    with pytest.raises(ConfigError, match="HISTORY_PASSWORD is not set"):
        _ = settings.history_place
