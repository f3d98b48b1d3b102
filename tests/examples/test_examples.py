"""Every example is run on the demonstration's media, against real servers on this machine."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from fastapi.testclient import TestClient

from recognizer.demo.demo_clip import MEDIA
from tests.conftest import ROOT
from tests.emit.virtual_display import Display
from tests.emit.virtual_display import display as display
from tests.examples.conftest import Run
from tests.integrations.conftest import Mosquitto
from tests.integrations.conftest import mosquitto as mosquitto
from tests.rig import wait_for
from tests.serve.running import make_token, server

EXAMPLES = ROOT / "examples"
PHOTO, OTHER, STRANGER = "barack_obama_2009.jpg", "barack_obama_2012.jpg", "grace_hopper.jpg"
KNOWN_BGR = (115, 158, 0)
"""Of the box of a known face."""


def test_the_readme_names_every_example_and_a_test_runs_it() -> None:
    readme, tests = (EXAMPLES / "README.md").read_text("utf-8"), Path(__file__).read_text("utf-8")
    names = {path.name for path in EXAMPLES.iterdir() if path.is_file()} - {"README.md"}
    assert {name for name in names if f"]({name})" not in readme} == set()
    assert {name for name in names if f'"{name}"' not in tests} == set()


@pytest.mark.long
def test_a_webcams_names_are_shown(run: Run, site: Path, display: Display) -> None:
    ended, named = threading.Event(), threading.Event()

    def watch() -> None:
        while not ended.wait(0.05) and not named.is_set():
            if (display.screenshot() == KNOWN_BGR).all(axis=2).any():
                named.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    run("webcam_names.py", site / "clip.mp4", site / "gallery")
    ended.set()
    watcher.join()
    assert named.is_set()


def test_the_door_log_is_a_table(run: Run, site: Path, tmp_path: Path) -> None:
    run("door_log.py", site / "clip.mp4", site / "gallery", tmp_path / "door.csv")
    rows = list(csv.reader((tmp_path / "door.csv").read_text("utf-8").splitlines()))
    assert [row[2] for row in rows] == ["Barack Obama", "Eileen Collins"]
    assert all(len(row) == 4 and float(row[3]) > 0.4 for row in rows)


@pytest.fixture
def telegram() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """A receiver in Telegram's place: its address, and the path and body of what was sent."""
    got: list[tuple[str, bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200 if len(got) == 1 else 400)
            self.end_headers()
            self.wfile.write(b'{"ok": true}' if len(got) == 1 else b'{"ok": false}')

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{receiver.server_port}", got
        receiver.shutdown()
        thread.join()


def test_telegram_gets_pictures_and_a_refusal_does_not_end_it(
    run: Run,
    site: Path,
    telegram: tuple[str, list[tuple[str, bytes]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address, got = telegram
    for name, value in {"API": address, "TOKEN": "1:secret", "CHAT": "77"}.items():
        monkeypatch.setenv(f"TELEGRAM_{name}", value)
    run("rtsp_to_telegram.py", site / "clip.mp4", site / "gallery")
    assert [path for path, _ in got] == ["/bot1:secret/sendPhoto"] * 2
    assert b"Barack Obama is at " in got[0][1]
    picture = np.frombuffer(got[0][1][got[0][1].index(b"\xff\xd8") :], np.uint8)
    decoded = cv2.imdecode(picture, cv2.IMREAD_COLOR)
    assert decoded is not None
    assert decoded.shape == (360, 640, 3)
    reported = capsys.readouterr().err
    assert "400" in reported
    assert "secret" not in reported


def test_photos_are_found_by_a_face(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("search_photos.py", MEDIA / PHOTO, MEDIA)
    names = [Path(line.split()[-1]).name for line in capsys.readouterr().out.splitlines()]
    assert names[0] == PHOTO
    assert set(names[1:4]) >= {OTHER, "barack_obama_2010.jpg"}
    assert len(names) == len(list(MEDIA.glob("*.jpg")))


@pytest.mark.long
def test_curl_and_python_use_the_service(tmp_path: Path) -> None:
    with server(tmp_path) as (port, _):
        token = make_token(tmp_path, "review")
        environment = {**os.environ, "SERVICE": f"http://127.0.0.1:{port}", "TOKEN": token}

        def call(program: str, script: str, name: str) -> str:
            command = [program, str(EXAMPLES / script), name, str(MEDIA / PHOTO), str(MEDIA / OTHER)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        compared, _, identified, people = call("sh", "rest.sh", "Barack Obama").splitlines()
        assert '"match":true' in compared
        assert '"name":"Barack Obama"' in identified
        assert "Barack Obama" in people
        first, face = call(sys.executable, "rest.py", "Barack Obama").splitlines()
        assert first.startswith("Somebody has this name")
        assert face.startswith("known Barack Obama 0.")


def test_a_sink_of_ones_own_greets(run: Run, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("custom_sink.py", site / "clip.mp4", site / "gallery")
    assert capsys.readouterr().out.splitlines() == ["Hello Barack Obama!", "Hello Eileen Collins!"]


def test_an_embedder_of_ones_own_compares(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    similar = []
    for other in (PHOTO, STRANGER):
        run("custom_embedder.py", MEDIA / PHOTO, MEDIA / other)
        similar.append(float(capsys.readouterr().out.split()[1]))
    assert similar[0] == pytest.approx(1, abs=0.005)
    assert similar[1] < 0.9


def test_a_tracker_of_ones_own_follows(run: Run, site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("custom_tracker.py", site / "clip.mp4", site / "gallery")
    lines = [line.split(maxsplit=5) for line in capsys.readouterr().out.splitlines()]
    tracks = {(words[3], words[5]) for words in lines if words[4] == "recognised"}
    assert tracks == {("1", "Barack Obama"), ("2", "Eileen Collins")}


@pytest.mark.long
def test_cameras_report_to_a_broker(site: Path, mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = yaml.safe_load((EXAMPLES / "cameras_mqtt.yaml").read_text("utf-8"))
    for camera in settings["sources"]:
        camera["location"] = str(site / "clip.mp4")  # in the cameras' place
    settings["gallery"]["folder"] = str(site / "gallery")
    settings["mqtt"]["port"] = mosquitto.port
    settings["embed"] = {"model": "edgeface_xxs_own"}
    settings["integrations"] = {"folder": str(tmp_path / "waiting")}
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    environment = {**os.environ, "MQTT_PASSWORD": "secret", "CAMERA_PASSWORD": "x"}
    listen = [sys.executable, str(EXAMPLES / "mqtt_listen.py"), "127.0.0.1", str(mosquitto.port), "box"]
    with (tmp_path / "heard").open("w") as file:
        listener = subprocess.Popen(listen, env=environment, stdout=file)
    try:
        heard = (tmp_path / "heard").read_text
        wait_for(lambda: "listening" in heard(), "the listener listens")
        command = [sys.executable, "main.py", "run", "--config", str(tmp_path / "site.yaml")]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        expected = [
            f"{camera} recognised {name}"
            for camera in ("entrance", "yard")
            for name in ("Barack Obama", "Eileen Collins")
        ]
        wait_for(lambda: set(expected) <= set(heard().splitlines()), "events of both cameras")
    finally:
        listener.terminate()
        listener.wait(10)


def test_a_fastapi_application_names_faces(run: Run, site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GALLERY", str(site / "gallery"))
    client = TestClient(run("fastapi_app.py")["app"])
    [face] = client.post("/who", files={"picture": (MEDIA / "barack_obama_2010.jpg").read_bytes()}).json()
    assert face["name"] == "Barack Obama"
    refused = client.post("/who", files={"picture": b"no picture"})
    assert refused.status_code == 422
    assert "picture" in refused.json()["detail"]
