"""State of the sources and labelled pictures, through the real socket."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from recognizer.runtime.child import ERROR_FILE, STATE_FILE
from recognizer.runtime.control import MAX_CONNECTIONS
from recognizer.serve.access.guard import COOKIE
from recognizer.serve.application import make_application
from recognizer.serve.live import MAX_TAKING, MAX_VIEWERS, LiveStream
from recognizer.types import SourceChange, SourceState
from tests.results import identity, make_result
from tests.serve.live_site import Site, Stream, run_apart, until
from tests.serve.service import client_of


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, settings="sources: [{location: 'rtsp://u:secret@192.0.2.1/1', name: door}]\n")


def frame(site: Site, at: float = 0.0, source: str = "door") -> None:
    site.emit(make_result(at, source=source, identities=[identity(4, "Ada")]))


def recognition_is(site: Site, **record: Any) -> None:
    base = {"state": "running", "since": "2026-11-27T12:00:00+00:00", "starts": 1, "exit_status": None}
    (site.private / STATE_FILE).write_text(json.dumps(base | record))


def test_sources_say_how_they_are_and_who_is_there(site: Site) -> None:
    recognition_is(site)
    with site.running(), client_of(site.app, "read") as client:
        site.control.sinks[0].on_source_state(SourceChange("door", SourceState.LIVE, 0.0))  # type: ignore[attr-defined]
        frame(site)
        answer = client.get("/v1/sources").json()
        assert (answer["recognition"]["state"], answer["recognition"]["why"]) == ("running", None)
        door, yard = answer["sources"]
        assert (door["id"], door["state"], door["paused"]) == ("door", "live", False)
        assert (door["width"], door["height"]) == (64, 48)
        assert [(who["name"], who["track_id"]) for who in door["people_now"]] == [("Ada", 4)]
        assert (yard["id"], yard["state"], yard["people_now"]) == ("yard/left", "starting", [])


def test_without_recognition_the_sources_say_since_when_and_why(site: Site) -> None:
    recognition_is(site, state="waiting", starts=3, exit_status=5)
    (site.private / ERROR_FILE).write_text("The model is gone.")
    with client_of(site.app, "read") as client:
        answer = client.get("/v1/sources").json()
        assert answer["recognition"] == {
            "state": "waiting",
            "since": "2026-11-27T12:00:00Z",
            "why": "The model is gone.",
            "starts": 3,
            "exit_status": 5,
        }
        [door] = answer["sources"]
        assert (door["id"], door["state"], door["why"]) == ("door", "away", "The model is gone.")
        refused = client.get("/v1/sources/door/snapshot.jpg")
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "recognition_away")
        (site.private / ERROR_FILE).unlink()
        recognition_is(site, state="waiting", exit_status=-9)
        assert client.get("/v1/sources").json()["recognition"]["why"] == "it was ended by signal 9"


def test_while_recognition_starts_there_are_no_pictures_yet(tmp_path: Path) -> None:
    site = Site(tmp_path, settings="sources: [{location: 'rtsp://192.0.2.1/1', name: door}]\n", starting=True)
    with site.running(), client_of(site.app, "read") as client:
        assert [source["state"] for source in client.get("/v1/sources").json()["sources"]] == ["away"]
        for name in ("snapshot.jpg", "live.mjpeg"):
            answer = client.get(f"/v1/sources/door/{name}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "recognition_starting")


def test_a_snapshot_is_the_newest_labelled_picture(site: Site) -> None:
    with site.running(), client_of(site.app, "read") as client:
        frame(site, source="yard/left")
        answer = client.get("/v1/sources/yard%2Fleft/snapshot.jpg?width=320")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.content.startswith(b"\xff\xd8")
        assert client.get("/v1/sources/nobody/snapshot.jpg").status_code == 404
        assert client.get("/v1/sources/nobody/live.mjpeg").status_code == 404
        assert client.get("/v1/sources/door/snapshot.jpg?width=0").status_code == 422


def test_pause_needs_admin_and_holds_until_resumed(site: Site) -> None:
    with site.running(), client_of(site.app, "admin") as client:
        assert client_of(site.app, "review").post("/v1/sources/door/pause").status_code == 403
        assert client.post("/v1/sources/door/pause").json() == {"paused": True}
        assert [source["paused"] for source in client.get("/v1/sources").json()["sources"]] == [True, False]
        assert client.post("/v1/sources/door/resume").json() == {"paused": False}
        assert client.post("/v1/sources/nobody/pause").status_code == 404


def test_a_process_that_was_started_anew_is_found_again(site: Site) -> None:
    with client_of(site.app, "read") as client:
        for _ in range(3):
            with site.running():
                frame(site)
                assert client.get("/v1/sources/door/snapshot.jpg").status_code == 200
            assert client.get("/v1/sources").status_code == 200


@pytest.mark.long
def test_eight_viewers_share_pictures_and_the_ninth_is_refused(site: Site) -> None:
    async def watch() -> None:
        streams = []
        for _ in range(MAX_VIEWERS):
            streams.append(Stream(site.app, "/v1/sources/door/live.mjpeg"))
            await streams[-1].head()
        ninth = Stream(site.app, "/v1/sources/door/live.mjpeg")
        await until(ninth.task.done)
        assert (ninth.status, json.loads(ninth.body)["error"]["code"]) == (503, "too_many_viewers")
        for number in range(1, 4):
            frame(site, number)
            for stream in streams:
                await stream.pictures(number)
        for stream in streams:
            await stream.leave()
        assert site.recognition.live.viewers == 0
        about = await site.recognition.call("about")
        assert about["pictures_encoded"] == 3
        assert streams[0].headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
        await site.recognition.close()

    with site.running():
        run_apart(watch())


@pytest.mark.long
@pytest.mark.parametrize("path", ["/v1/sources/door/live.mjpeg", "/v1/events/stream"])
def test_what_goes_on_ends_with_the_token_and_with_the_session(site: Site, path: str) -> None:
    async def watch() -> None:
        store = site.services.access
        secret = store.create_token("phone", ["read"])
        begun = store.log_in(secret)
        assert begun is not None
        by_token = Stream(site.app, path, {"authorization": f"Bearer {secret}"})
        by_session = Stream(site.app, path, {"authorization": "", "cookie": f"{COOKIE}={begun[0]}"})
        stays = Stream(site.app, path)
        for stream in (by_token, by_session, stays):
            await stream.head()
            assert stream.status == 200
        store.log_out(begun[0])
        await until(by_session.task.done)
        assert not by_token.task.done()
        store.revoke("phone")
        await until(by_token.task.done)
        assert not stays.task.done()
        await stays.leave()
        await site.recognition.close()

    with site.running():
        run_apart(watch())


def test_a_viewer_that_does_not_read_is_cut_off_and_costs_the_others_nothing(site: Site) -> None:
    async def watch() -> None:
        async def nothing_read(message: Any) -> None:
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        async def stays() -> Any:
            await asyncio.Event().wait()

        deaf = LiveStream(site.recognition.live, "door", 640, send_s=0.1)
        task = asyncio.create_task(deaf({"type": "http"}, stays, nothing_read))
        other = Stream(site.app, "/v1/sources/door/live.mjpeg")
        frame(site, 1)
        await other.pictures(1)
        await asyncio.wait_for(task, 20)
        frame(site, 2)
        await other.pictures(2)
        assert site.recognition.live.viewers == 1
        await other.leave()
        await site.recognition.close()

    with site.running():
        run_apart(watch())


def test_streams_end_when_the_process_should(site: Site) -> None:
    async def watch() -> None:
        streams = [Stream(site.app, path) for path in ("/v1/sources/door/live.mjpeg", "/v1/events/stream")]
        for stream in streams:
            await stream.head()
        site.recognition.closing = True
        for stream in streams:
            await asyncio.wait_for(stream.task, 20)
        await site.recognition.close()

    with site.running():
        run_apart(watch())


def test_a_flood_of_snapshots_leaves_room_for_events_and_commands(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recognition has 64 connections; before, 64 snapshots that waited took all of them."""
    taken: list[str] = []

    async def run() -> None:
        gate, exchange = asyncio.Event(), site.recognition.exchange

        async def gated(command: str, **arguments: Any) -> Any:
            if command == "picture":
                taken.append(arguments["source"])
                await gate.wait()
            return await exchange(command, **arguments)

        monkeypatch.setattr(site.recognition, "exchange", gated)
        app = make_application(site.services, request_s=300)  # on a machine that other tests keep busy, too
        same = [Stream(app, "/v1/sources/door/snapshot.jpg?width=600") for _ in range(80)]
        await until(lambda: taken == ["door"])
        others = [Stream(app, f"/v1/sources/other{number}/snapshot.jpg") for number in range(40)]
        await until(lambda: sum(each.status > 0 for each in others) == 40 - (MAX_TAKING - 1))
        assert {each.status for each in others} == {0, 503}
        assert len(taken) == MAX_TAKING < MAX_CONNECTIONS / 2
        asked = Stream(app, "/v1/sources")
        await asked.head()
        assert asked.status == 200
        gate.set()
        for each in same:
            await each.head()
        assert {each.status for each in same} == {200}
        assert len({each.body for each in same}) == 1
        await site.recognition.close()

    with site.running():
        frame(site)
        run_apart(run())
    assert taken.count("door") == 1


def test_a_client_that_leaves_takes_the_picture_from_nobody(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        gate, begun, exchange = asyncio.Event(), asyncio.Event(), site.recognition.exchange

        async def gated(command: str, **arguments: Any) -> Any:
            begun.set()
            await gate.wait()
            return await exchange(command, **arguments)

        monkeypatch.setattr(site.recognition, "exchange", gated)
        first = asyncio.create_task(site.recognition.live.snapshot("door", 640))
        await begun.wait()
        second = asyncio.create_task(site.recognition.live.snapshot("door", 640))
        await asyncio.sleep(0)
        first.cancel()
        gate.set()
        assert (await second)[:2] == b"\xff\xd8"
        await site.recognition.close()

    with site.running():
        frame(site)
        run_apart(run())
