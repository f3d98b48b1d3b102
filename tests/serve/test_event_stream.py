"""The stream of events: it goes on where the reader was, whoever was started anew meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from recognizer.history.database import open_history
from recognizer.history.rows import insert_run, save_tracks
from recognizer.serve.event_feed import EventFeed, EventStream, time_of
from recognizer.types import EventKind
from tests.history.history_records import record
from tests.results import event, make_result
from tests.serve.live_site import Site, Stream, run_apart, until
from tests.serve.service import client_of

PATH = "/v1/events/stream"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def happen(site: Site, at: float) -> None:
    site.emit(make_result(at, source="door", events=[event(EventKind.APPEARED, at, source="door")]))


def events_of(stream: Stream) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in stream.body.decode().splitlines() if line.startswith("data: ")]


def test_events_come_as_they_happen_and_go_on_after_the_last_one(site: Site) -> None:
    async def follow() -> None:
        await site.recognition.start()
        first = Stream(site.app, PATH)
        await until(lambda: b"retry" in first.body)
        for at in range(1, 4):
            happen(site, at)
        await until(lambda: len(events_of(first)) == 3)
        assert first.headers["content-type"].startswith("text/event-stream")
        [one, two, three] = events_of(first)
        assert (one["source"], one["kind"], one["at_s"]) == ("door", "appeared", 0.0)
        await first.leave()
        happen(site, 4)
        back = Stream(site.app, PATH, {"last-event-id": one["id"]})
        await until(lambda: len(events_of(back)) == 3)
        assert [each["id"] for each in events_of(back)[:2]] == [two["id"], three["id"]]
        assert f"id: {two['id']}\n" in back.body.decode()
        await back.leave()
        fresh = Stream(site.app, PATH)
        await until(lambda: b"retry" in fresh.body)
        assert events_of(fresh) == []
        await fresh.leave()
        await site.recognition.close()

    with site.running():
        run_apart(follow())


def test_a_web_process_that_was_started_anew_takes_over_what_recognition_holds(site: Site) -> None:
    async def follow() -> None:
        for at in range(1, 4):
            happen(site, at)
        await site.recognition.start()
        feed = site.recognition.events
        await until(lambda: feed.end >= 3)
        [one, *_] = feed.since(0)
        back = Stream(site.app, PATH, {"last-event-id": one["id"]})
        await until(lambda: len(events_of(back)) == 2)
        await back.leave()
        await site.recognition.close()

    with site.running():
        run_apart(follow())


def test_what_nobody_holds_any_more_comes_from_the_history(tmp_path: Path) -> None:
    site = Site(tmp_path, history={"enabled": True})
    began = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    with closing(open_history(tmp_path / "history", create=True)) as history, history.writing() as connection:
        run = insert_run(connection, began, "m-0123", (0.4, 0.1))
        seen = [record(1, began=began), record(2, began=began + dt.timedelta(hours=1))]
        save_tracks(connection, run, seen)

    async def follow() -> None:
        await site.recognition.start()
        last = round((began + dt.timedelta(minutes=30)).timestamp() * 1e6)
        happen(site, 1.0)
        await until(lambda: site.recognition.events.end >= 1)
        back = Stream(site.app, PATH, {"last-event-id": f"{last}-7"})
        await until(lambda: len(events_of(back)) == 3)
        appeared, lost, live = events_of(back)
        assert [(each["kind"], each.get("replayed")) for each in (appeared, lost, live)] == [
            *[("appeared", True), ("lost", True)],
            ("appeared", None),
        ]
        assert time_of(appeared["id"]) < time_of(lost["id"]) < time_of(live["id"])
        await back.leave()
        await site.recognition.close()

    with site.running():
        run_apart(follow())


def test_silence_is_filled_and_a_reader_that_does_not_read_is_cut_off(site: Site) -> None:
    async def follow() -> None:
        async def nothing_read(message: Any) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        async def stays() -> Any:
            await asyncio.Event().wait()

        async def nothing(time_us: int) -> list[dict[str, Any]]:
            return []

        feed = EventFeed(site.recognition)
        deaf = EventStream(feed, last_id=None, older=nothing, send_s=0.05)
        await asyncio.wait_for(deaf({"type": "http"}, stays, nothing_read), 20)
        assert feed.readers == 0

    run_apart(follow())


@pytest.mark.parametrize("wrong", ["x", "1", "-1", "1-", "1-x", "9" * 59, "٣-1"])
def test_an_id_that_is_none_is_refused(site: Site, wrong: str) -> None:
    with client_of(site.app, "read") as client:
        answer = client.get(PATH, headers={b"last-event-id": wrong.encode()})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
