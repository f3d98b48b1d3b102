"""The calibration wizard: what a budget costs, writing it, and the recognition that takes it up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from recognizer.app import build
from recognizer.calibration.budget import MIN_NEGATIVES
from recognizer.demo import demo_clip
from recognizer.gallery.store import load_enrolled
from recognizer.serve.application import make_application
from tests.history.history_records import near, record
from tests.serve.live_site import Site
from tests.serve.past_tracks import MINUTE, NOW, save
from tests.serve.service import client_of, job_of, result_of

GENEROUS = {"wrong_names": 5, "per": "day", "strangers_per_day": 50}
STRICT = {"wrong_names": 1, "per": "year", "strangers_per_day": 1000}
MONTHLY = {"wrong_names": 20, "per": "month", "strangers_per_day": 100}


@pytest.fixture
def client(past_app: FastAPI) -> TestClient:
    return client_of(past_app, "admin")


@pytest.mark.long
def test_the_present_calibration_is_the_models(client: TestClient) -> None:
    found = client.get("/v1/calibration").json()
    assert (found["basis"], found["budget"], found["can_change"], found["why_not"]) == ("model", None, True, None)
    assert 0 < found["thresholds"]["margin"] < found["thresholds"]["known"] < 1
    assert found["measured_strangers"] > 100


def test_a_budget_is_tried_without_changing_anything(client: TestClient) -> None:
    before = client.get("/v1/calibration").json()
    found = result_of(client, "/v1/calibration/trial", STRICT)
    assert found["now"] == before["thresholds"]
    assert found["then"]["known"] > found["now"]["known"]
    assert found["fpir_then"]["mean"] < found["fpir_now"]["mean"] < found["fpir_now"]["high"]
    assert found["false_names_then"]["mean"] < found["false_names_now"]["mean"]
    assert found["promise"]["warning"]  # so rare that 0 does not mean never
    assert found["missed"][0]["then"]["mean"] >= found["missed"][0]["now"]["mean"]
    assert (found["replay"]["compared"], found["replay_days"]) == (found["replay"]["compared"], 7)
    assert found["replay"]["compared"] >= len(demo_clip.ENROLLED)
    assert found["strangers"]["count"] >= 1
    assert found["strangers"]["similarity"] is None  # too few to conclude anything
    assert client.get("/v1/calibration").json() == before


def test_the_expected_wrong_names_are_those_of_the_budget(client: TestClient) -> None:
    found = result_of(client, "/v1/calibration/trial", {**MONTHLY, "replay_days": 0})
    assert found["false_names_then"]["mean"] == pytest.approx(20, rel=0.05)
    assert found["false_names_then"]["low"] < 20 < found["false_names_then"]["high"]


def test_a_stranger_may_be_left_out(client: TestClient) -> None:
    found = result_of(client, "/v1/calibration/trial", {**STRICT, "replay_days": 0})
    tracks = found["strangers"]["nearest"][0]["track_ids"]
    assert client.get(found["strangers"]["nearest"][0]["crop_url"]).status_code == 200
    again = result_of(client, "/v1/calibration/trial", {**STRICT, "replay_days": 0, "without_tracks": tracks})
    counts = [each["strangers"]["count"] if each["strangers"] else 0 for each in (found, again)]
    assert counts[1] == counts[0] - 1
    assert again["replay"] is None


def test_strangers_who_are_alike_raise_the_thresholds_and_the_lost_names_are_named(
    client: TestClient, past_app: FastAPI
) -> None:
    enrolled = load_enrolled(past_app.state.services.settings.gallery.folder)
    face = enrolled.vectors[enrolled.names.index("Barack Obama")]
    alike = [near(face, 0.58, seed) for seed in range(100, 100 + MIN_NEGATIVES)]
    save(
        past_app,
        *(
            record(number, person=None, began=NOW - number * MINUTE, vectors=(vector,))
            for number, vector in enumerate([*alike, near(face, 0.7, 99)])
        ),
    )
    found = result_of(client, "/v1/calibration/trial", {**MONTHLY, "replay_days": 2})
    strangers = found["strangers"]
    assert strangers["count"] >= strangers["wanted"] == MIN_NEGATIVES
    assert strangers["difference_low"] > 0
    assert found["raised_by"] == pytest.approx(strangers["similarity"] - strangers["expected"], abs=2e-4)
    assert (strangers["nearest"][0]["nearest"], strangers["left_out"]) == ("Barack Obama", 1)
    assert strangers["nearest"][0]["is_left_out"]
    assert 0.75 < found["then"]["known"] < 0.97  # between the similarities of the two people in the clip
    assert found["replay"]["lost_names"] == {"Barack Obama": 2}
    assert {change["was"] for change in found["replay"]["changed"]} == {"Barack Obama"}


def test_a_budget_by_comparisons_says_nothing_of_numbers(client: TestClient) -> None:
    found = result_of(client, "/v1/calibration/trial", {"fmr": 1e-9, "sample_strangers": False})
    assert (found["false_names_now"], found["strangers"]) == (None, None)
    assert found["promise"]["warning"]


def test_a_trial_is_written_and_taken_back(client: TestClient, past_app: FastAPI) -> None:
    settings = past_app.state.services.settings
    job, found = job_of(client, "/v1/calibration/trial", {**GENEROUS, "replay_days": 0})
    applied = client.post("/v1/calibration", json={"job_id": job}).json()
    assert applied["at_once"] is True
    now = client.get("/v1/calibration").json()
    assert now == applied["calibration"]
    assert (now["basis"], now["budget"]["text"]) == ("site", "5 wrong names per camera-day")
    assert now["thresholds"] == found["then"]
    assert build.site_calibration(settings).is_file()
    photo = (demo_clip.MEDIA / "barack_obama_2012.jpg").read_bytes()
    assert client.post("/v1/identify", files={"image": photo}).status_code == 200
    assert client.delete("/v1/calibration").json()["calibration"]["basis"] == "model"
    assert client.delete("/v1/calibration").status_code == 404


def test_a_recognition_that_runs_takes_it_up(past_app: FastAPI, tmp_path_factory: pytest.TempPathFactory) -> None:
    site = Site(tmp_path_factory.mktemp("live"))
    reloads = []
    site.control.reload = lambda: reloads.append(1)
    app = make_application(replace(past_app.state.services, live=site.recognition))
    with client_of(app, "admin") as client:
        job, _ = job_of(client, "/v1/calibration/trial", {**GENEROUS, "replay_days": 0})
        away = client.post("/v1/calibration", json={"job_id": job}).json()
        assert (away["at_once"], reloads) == (False, [])
        with site.running():
            there = client.post("/v1/calibration", json={"job_id": job}).json()
    assert (there["at_once"], reloads) == (True, [1])


def test_only_a_finished_trial_is_written(client: TestClient) -> None:
    other = client.app.state.services.jobs.start("enrol", lambda job: None)  # type: ignore[attr-defined]
    answer = client.post("/v1/calibration", json={"job_id": other.id})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_finished")
    assert client.post("/v1/calibration", json={"job_id": "0" * 16}).status_code == 404


def test_a_calibration_that_the_settings_name_is_not_covered(past_app: FastAPI) -> None:
    services = past_app.state.services
    decide = services.settings.decide.model_copy(update={"calibration": services.settings.gallery.folder / "own.json"})
    app = make_application(replace(services, settings=services.settings.model_copy(update={"decide": decide})))
    answer = client_of(app, "admin").delete("/v1/calibration")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "configuration")
    assert "decide.calibration" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"wrong_names": 1},
        {"wrong_names": 1, "strangers_per_day": 10, "fmr": 1e-5},
        {"wrong_names": 0, "strangers_per_day": 10},
        {"wrong_names": 100, "per": "day", "strangers_per_day": 10},
        {"wrong_names": 1, "per": "decade", "strangers_per_day": 10},
        {"fmr": 1},
        {"fmr": 1e-5, "negatives": "/etc"},
    ],
)
def test_budgets_that_are_none(client: TestClient, wanted: dict[str, object]) -> None:
    answer = client.post("/v1/calibration/trial", json=wanted)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
