"""Cameras and retention, changed in the settings file; health and log."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request

from recognizer.app.config import load
from recognizer.app.sections import Camera
from recognizer.runtime.supervisor import Supervisor
from recognizer.serve.application import make_application
from recognizer.serve.dependencies import settings
from recognizer.serve.recognition import Recognition
from recognizer.serve.routes import cameras
from tests.serve.live_site import Site
from tests.serve.service import client_of

FILE = "# ours\nsources:\n  - {location: 'rtsp://admin:s3cret@192.0.2.1/1', name: door}   # the front\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, settings=FILE)


def test_cameras_are_listed_added_changed_and_removed_without_a_password_in_any_answer(
    site: Site, tmp_path: Path
) -> None:
    answers = []
    with site.running(), client_of(site.app, "admin") as client:
        answers.append(client.get("/v1/settings/cameras"))
        [door] = answers[-1].json()["cameras"]
        assert (door["id"], door["address"], door["has_password"]) == ("door", "rtsp://192.0.2.1/1", True)
        new = {"name": "yard", "address": "rtsp://192.0.2.2/1", "user": "admin", "password": "0ther", "rotate_deg": 180}
        answers.append(client.post("/v1/settings/cameras", json=new))
        assert answers[-1].status_code == 201
        assert "starts anew" in answers[-1].json()["applies"]
        answers.append(client.patch("/v1/settings/cameras/door", json={"region": [0, 0, 0.5, 1], "password": ""}))
        answers.append(client.patch("/v1/settings/cameras/door", json={"password": "n3w"}))
        assert [each["name"] for each in answers[-1].json()["cameras"]] == ["door", "yard"]
        small = {"detect_address": "rtsp://u:sm4ll@192.0.2.2/2"}
        answers.append(client.patch("/v1/settings/cameras/yard", json=small))
        shown = [each["detect_address"] for each in answers[-1].json()["cameras"]]
        assert shown == [None, "rtsp://192.0.2.2/2"]
        answers += [client.get(path) for path in ("/v1/settings/cameras", "/v1/sources", "/v1/health", "/v1/log")]
        kept = load(tmp_path / "site.yaml").cameras
        assert (kept[0].region, kept[1].rotate_deg) == ((0, 0, 0.5, 1), 180)
        assert kept[1].detect_location == "rtsp://u@192.0.2.2/2"
        assert "# the front" in (tmp_path / "site.yaml").read_text()
        assert client.delete("/v1/settings/cameras/yard").json()["cameras"][0]["id"] == "door"
        assert client.delete("/v1/settings/cameras/yard").status_code == 404
    for answer in answers:
        assert answer.status_code in (200, 201), answer.text
        for secret in ("s3cret", "0ther", "n3w", "sm4ll", "admin"):
            assert secret not in answer.text


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"name": "x", "address": "file:///etc/passwd"}, 422, "invalid_request"),
        ({"name": "x", "address": "/dev/video0"}, 422, "invalid_request"),
        ({"name": "x", "address": "http://169.254.169.254/"}, 422, "invalid_request"),
        ({"name": "x", "address": "rtsp://192.0.2.1/${HOME}"}, 422, "invalid_request"),
        ({"name": "door", "address": "rtsp://192.0.2.1/1"}, 422, "invalid_request"),
        ({"name": "", "address": "rtsp://192.0.2.1/1"}, 422, "invalid_request"),
        ({"name": "a/b", "address": "rtsp://192.0.2.1/1"}, 422, "invalid_request"),
        ({"name": "x"}, 422, "invalid_request"),
        ({"name": "x", "address": "rtsp://192.0.2.1/1", "mirror": 1}, 422, "invalid_request"),
        ({"name": "x", "address": "rtsp://192.0.2.1/1", "password_file": "/etc/passwd"}, 422, "invalid_request"),
        (
            {"name": "x", "address": "rtsp://192.0.2.1/1", "detect_address": "http://192.0.2.1/2"},
            422,
            "invalid_request",
        ),
        ({"name": "x", "address": "rtsp://192.0.2.1/1", "detect_address": "/dev/video0"}, 422, "invalid_request"),
        ({"name": "x", "address": "rtsp://192.0.2.1/1", "region": [0.5, 0, 0.5, 1]}, 409, "configuration"),
    ],
)
def test_wrong_cameras_are_refused_and_nothing_is_written(
    site: Site, tmp_path: Path, form: dict[str, object], status: int, code: str
) -> None:
    with client_of(site.app, "admin") as client:
        answer = client.post("/v1/settings/cameras", json=form)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert (tmp_path / "site.yaml").read_text() == FILE


def test_a_change_lets_recognition_start_anew(site: Site, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as parent:
        parent.bind(str(tmp_path / "parent"))
        parent.settimeout(10)
        recognition = Recognition(site.private, parent=Supervisor({"NOTIFY_SOCKET": str(tmp_path / "parent")}))
        app = make_application(replace(site.services, live=recognition))
        with client_of(app, "admin") as client:
            assert parent.recv(100) == b"READY=1"
            answer = client.patch("/v1/settings/history", json={"enabled": True, "known_days": 5})
            assert answer.status_code == 200
            assert parent.recv(100) == b"RESTART=recognition"
            kept = client.get("/v1/settings/history").json()
    assert (kept["history"]["enabled"], kept["history"]["known_days"], kept["history"]["crops_days"]) == (True, 5, 7)
    assert {stored["name"] for stored in kept["storage"]} == {"gallery", "history", "free"}
    assert load(tmp_path / "site.yaml").history.known_days == 5
    request = Request({"type": "http", "app": app})
    assert (settings(request).history.known_days, settings(request).history.enabled) == (5, False)  # this process's


def test_without_a_settings_file_nothing_can_be_changed(site: Site) -> None:
    app = make_application(replace(site.services, settings_file=None))
    with client_of(app, "admin") as client:
        assert client.get("/v1/settings/cameras").json() == {"cameras": [], "can_change": False}
        answer = client.patch("/v1/settings/history", json={"crops": True})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_settings_file")


def test_health_and_log_speak_of_both_processes(site: Site) -> None:
    with site.running(), client_of(site.app, "admin") as client:
        health = client.get("/v1/health").json()
        assert (health["model"], health["engine"], health["viewers"]) == ("m-0123", "openvino", 0)
        assert health["recognition"]["state"] == "starting"
        assert "fastapi" in health["versions"]
        lines = client.get("/v1/log").json()["lines"]
        assert [line[:13] for line in lines] == ["2026-11-27T11", "2026-11-27T12"]
        assert json.dumps(lines).count("INFO") == 2
        assert client.get("/v1/log?limit=1").json()["lines"] == lines[1:]
        assert client.get("/v1/log?limit=0").status_code == 422


def test_no_line_of_the_log_shows_a_secret(site: Site) -> None:
    site.control._log = ["ERROR cannot open rtsp://admin:s3cret@192.0.2.1/1"]
    app = make_application(replace(site.services, log=["ERROR Authorization: Bearer frt_s3cret"]))
    with site.running(), client_of(app, "admin") as client:
        lines = client.get("/v1/log").json()["lines"]
    assert lines == ["ERROR Authorization: Bearer ***", "ERROR cannot open rtsp://***"]


@pytest.mark.parametrize("address", ["file:///etc/passwd", "/dev/video0", "http://169.254.169.254/", "exec:/bin/sh"])
def test_only_addresses_of_cameras_are_tried(site: Site, address: str) -> None:
    with client_of(site.app, "admin") as client:
        answer = client.post("/v1/settings/cameras/test", json={"address": address})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_the_small_stream_is_tried_by_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def take(camera: Camera, name: str) -> bytes:
        tried.append((camera.location, name))
        return b"jpeg"

    monkeypatch.setattr(cameras, "take_picture", take)
    with client_of(site.app, "admin") as client:
        form = {"id": "door", "detect_address": "rtsp://192.0.2.1/2"}
        for stream in ("address", "detect_address"):
            assert client.post("/v1/settings/cameras/test", json={**form, "stream": stream}).content == b"jpeg"
        assert tried == [(f"rtsp://admin:s3cret@192.0.2.1/{number}", "door") for number in (1, 2)]
        answer = client.post("/v1/settings/cameras/test", json={"id": "door", "stream": "detect_address"})
        assert (answer.status_code, "got none" in answer.text) == (422, True)
        elsewhere = {**form, "detect_address": "rtsp://192.0.2.66/2", "stream": "detect_address"}
        answer = client.post("/v1/settings/cameras/test", json=elsewhere)
        assert (answer.status_code, "another host" in answer.text) == (422, True)
    assert len(tried) == 2


def test_a_camera_that_is_not_there_gives_no_test_picture(site: Site) -> None:
    with client_of(site.app, "admin") as client:
        form = {"name": "x", "address": "rtsp://127.0.0.1:9/1", "user": "u", "password": "s3cret"}
        answer = client.post("/v1/settings/cameras/test", json=form)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "source")
    assert "127.0.0.1" not in answer.text
    assert "s3cret" not in answer.text
