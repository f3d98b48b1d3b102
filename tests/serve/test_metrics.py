"""Figures for Prometheus: of the web process, of recognition, and nobody's name."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from recognizer.types import EventKind
from tests.results import event, identity, make_result
from tests.rig import wait_for
from tests.serve.live_site import Site
from tests.serve.past_tracks import save, visits
from tests.serve.service import client_of


def scraped(client: TestClient) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "Ada" not in answer.text
    families = list(text_string_to_metric_families(answer.text))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_status(app: FastAPI) -> None:
    client = client_of(app, "metrics")
    assert client.get("/v1/people/Ada%20Lovelace").status_code == 403
    assert client.get("/nothing/Ada").status_code == 404
    found = scraped(client)
    assert found["recognizer_http_requests_total", "code=403", "route=/v1/people/{person_id}"] == 1
    assert found["recognizer_http_requests_total", "code=404", "route=other"] == 1
    assert scraped(client)["recognizer_http_requests_total", "code=200", "route=/metrics"] == 1


@pytest.mark.parametrize(("scope", "status"), [("metrics", 200), ("read", 200), ("verify", 403)])
def test_who_may_see_them(app: FastAPI, scope: str, status: int) -> None:
    assert client_of(app, scope).get("/metrics").status_code == status


def test_a_metrics_token_shows_nothing_else(app: FastAPI) -> None:
    client = client_of(app, "metrics")
    assert [client.get(path).status_code for path in ("/v1/people", "/v1/sources", "/v1/jobs")] == [403, 403, 403]


def test_what_is_stored_and_searched(real_app: FastAPI) -> None:
    save(real_app, *visits())
    client = client_of(real_app, "review")
    wait_for(lambda: client.get("/v1/unknowns").json().get("updating") is False, "the unknown people are clustered")
    search = "/v1/search?track_id=1&from_similarity=0.3"
    wait_for(lambda: client.post(search).status_code == 200, "the faces of the history are read")
    found = scraped(client)
    assert found["recognizer_unknown_clusters",] == 2
    assert found["recognizer_store_bytes",] > 1000
    assert found["recognizer_search_duration_seconds_count",] == 1
    assert found["recognizer_gallery_people",] == 0


def test_the_figures_of_recognition_stand_beside_them(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with client_of(site.app, "metrics") as client:
        away = scraped(client)
        assert (away["recognizer_recognition_up",], away["recognizer_live_viewers",]) == (0, 0)
        site.emit(make_result(0.0, source="door", identities=[identity(1, "Ada")], timings={"detect": 0.004}))
        site.emit(make_result(1.0, source="door", events=[event(EventKind.LOST, 1.0, track_id=1, name="Ada")]))
        site.control.dropped = {"door": 3}
        with site.running():
            found = scraped(client)
    assert found["recognizer_recognition_up",] == 1
    assert found["recognizer_build_info", "engine=openvino", "model=m-0123", "version=0.2.0"] == 1
    assert found["recognizer_frames_total", "source=door"] == 2
    assert found["recognizer_decisions_total", "source=door", "status=known"] == 1
    assert found["recognizer_frames_dropped_total", "reason=late", "source=door"] == 3
    assert found["recognizer_stage_duration_seconds_count", "stage=detect"] == 1
