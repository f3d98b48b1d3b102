"""Routes that read what was seen."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from recognizer.serve.routes import sightings as sightings_routes
from tests.history.history_records import record, unit
from tests.serve.past_tracks import MINUTE, NOW, save, visits, with_crops
from tests.serve.service import client_of, make_app

STRANGE = ["<script>alert(1)</script>", "\"'&<b>", "עדה", "a" * 255]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[FastAPI]:
    made = make_app(tmp_path)
    save(made, *visits())
    yield made
    made.state.services.close()


@pytest.fixture
def reader(app: FastAPI) -> TestClient:
    return client_of(app, "read")


def ids(client: TestClient, **wanted: Any) -> list[int]:
    answer = client.get("/v1/events", params=wanted)
    assert answer.status_code == 200, answer.text
    return [event["id"] for event in answer.json()["events"]]


def test_events_are_filtered(reader: TestClient) -> None:
    assert ids(reader) == [6, 5, 4, 3, 2, 1]
    assert ids(reader, name="Ada") == ids(reader, kind="recognised") == ids(reader, source="yard") == [6]
    assert ids(reader, status="unknown") == ids(reader, kind="appeared") == [5, 4, 3, 2, 1]
    assert ids(reader, since=(NOW - 57.5 * MINUTE).isoformat(), until=(NOW - 56 * MINUTE).isoformat()) == [4]
    event = reader.get("/v1/events?limit=1").json()["events"][0]
    assert (event["kind"], event["name"], event["person_id"]) == ("recognised", "Ada", None)
    assert (event["model"], event["similarity"], event["track_id"]) == ("fake-00000000", 0.61, 9)


def test_pages_neither_skip_nor_repeat_when_tracks_come_meanwhile(app: FastAPI, reader: TestClient) -> None:
    first = reader.get("/v1/events?limit=4").json()
    save(app, record(20, began=NOW))
    second = reader.get("/v1/events", params={"limit": 4, "after": first["next"]}).json()
    assert [event["id"] for page in (first, second) for event in page["events"]] == [6, 5, 4, 3, 2, 1]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query",
    ["after=nothing", "limit=0", "since=2026-03-01T00:00:00", "since=0001-01-01T00:00:00Z", "name=%00", "kind=lost"],
)
def test_questions_that_are_none(reader: TestClient, query: str) -> None:
    answer = reader.get(f"/v1/events?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_a_person_who_is_not_enrolled_has_no_id(reader: TestClient) -> None:
    assert reader.get("/v1/events?person_id=Ada").status_code == 404


def test_a_track_and_its_crops(reader: TestClient) -> None:
    track = reader.get("/v1/tracks/1").json()
    [sample] = track["samples"]
    assert (track["frames"], track["known"], sample["crop_url"]) == (100, 0.46, "/v1/tracks/1/crops/0.jpg")
    crop = reader.get(sample["crop_url"])
    assert (crop.headers["content-type"], crop.content[:2]) == ("image/jpeg", b"\xff\xd8")
    assert reader.get("/v1/tracks/6").json()["samples"][0]["crop_url"] is None
    for path in ("/v1/tracks/99", "/v1/tracks/6/crops/0.jpg", "/v1/tracks/99/crops/0.jpg"):
        assert reader.get(path).status_code == 404
    assert reader.get(f"/v1/tracks/{2**63}").status_code == 422


def test_a_crop_that_is_due_to_be_deleted_is_not_shown(app: FastAPI, reader: TestClient) -> None:
    old = with_crops(record(30, person=None, began=NOW - timedelta(days=8), vectors=(unit(8),)))
    save(app, old)
    track = reader.get("/v1/tracks/7").json()
    assert (track["crop_url"], track["samples"][0]["crop_url"]) == (None, None)
    assert [event["crop_url"] for event in reader.get("/v1/events").json()["events"]].count(None) == 2  # and Ada's
    assert reader.get("/v1/tracks/7/crops/0.jpg").status_code == 404


def test_sightings_merge_tracks_and_have_pages(
    app: FastAPI, reader: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(app, record(20, began=NOW - 29 * MINUTE), record(21, began=NOW - MINUTE, source="yard"))
    first = reader.get("/v1/sightings?limit=1").json()
    assert [one["track_ids"] for one in first["sightings"]] == [[8]]
    second = reader.get("/v1/sightings", params={"limit": 1, "after": first["next"]}).json()
    [one] = second["sightings"]
    assert (one["sources"], one["track_ids"], one["duration_s"]) == (["yard", "door"], [6, 7], 70.0)
    assert second["next"] is None
    apart = reader.get("/v1/sightings?across_sources=false").json()["sightings"]
    assert [one["track_ids"] for one in apart] == [[8], [7], [6]]
    monkeypatch.setattr(sightings_routes, "MOST_TRACKS", 1)
    for path in ("/v1/sightings", "/v1/sightings/report.csv"):
        answer = reader.get(path, params={"since": "1971-01-01T00:00:00Z"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "too_many_tracks"), answer.text
        assert "give a later since" in answer.json()["error"]["message"]


@pytest.mark.parametrize("name", STRANGE)
def test_reports_are_downloads_and_hold_every_name(tmp_path: Path, name: str) -> None:
    app = make_app(tmp_path)
    save(app, replace(visits()[-1], person=name))
    reader = client_of(app, "read")
    assert reader.get("/v1/events").json()["events"][0]["name"] == name
    assert ids(reader, name=name) == [1]
    for suffix in ("csv", "xlsx", "html"):
        answer = reader.get(f"/v1/sightings/report.{suffix}?by=person&timezone={quote('Europe/Berlin')}")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
        if suffix == "xlsx":
            assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
        if suffix == "html":
            assert "<script>alert(1)" not in answer.text
    assert reader.get("/v1/sightings/report.pdf").status_code == 422
    assert reader.get("/v1/sightings/report.csv?timezone=nowhere").status_code == 422
    app.state.services.close()


def test_without_a_history_all_say_so(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    client = client_of(app, "review")
    for path in ("/v1/events", "/v1/tracks/1", "/v1/sightings", "/v1/unknowns", "/v1/actions", "/v1/trust"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "history_off"), path
    app.state.services.close()
