"""The curl examples of docs/service-history.md and docs/fleet.md, run against a real server.

Numbers and names in them are examples: here they become those of tracks, cards, actions, jobs and people of the test.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from recognizer.demo.demo_clip import MEDIA
from tests.conftest import ROOT
from tests.history.history_records import near, record, unit
from tests.rig import wait_for, wait_until
from tests.serve.past_tracks import MINUTE, NOW, save, with_crops
from tests.serve.service import client_of, token

CARDS = 5
WAIT_S = 60.0
ONE, OTHER = "Barack Obama", "Eileen Collins"


def examples(page: str) -> list[str]:
    """Return the commands of a page of documentation."""
    text = (ROOT / "docs" / page).read_text("utf-8").replace("\\\n", "")
    return [line.partition("  #")[0] for line in text.splitlines() if line.startswith("curl ")]


@pytest.fixture
def app(past_app: FastAPI) -> FastAPI:
    """The clip's history, and cards of strangers of three tracks each."""
    faces = [(card, near(unit(card), 0.8, 1000 * card + visit)) for card in range(1, CARDS + 1) for visit in range(3)]
    tracks = [
        record(500 + number, person=None, source="yard", began=NOW - (60 - number) * MINUTE, vectors=(face,))
        for number, (_, face) in enumerate(faces)
    ]
    save(past_app, *map(with_crops, tracks))
    return past_app


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """Where the application answers over TCP."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert wait_until(lambda: server.started, seconds=WAIT_S) < WAIT_S
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return client_of(app, "admin")


class Filler:
    """Puts what is there into the place of what an example names."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self.job = ""
        self._named: Any = None

    def fill(self, line: str) -> str:
        """Return the command as it is run."""
        named = self._client.get("/v1/events?kind=recognised&limit=1").json()["events"][0]["id"]
        line = re.sub(r"tracks/17|track_id=17", lambda found: found[0].replace("17", str(named)), line)
        if found := re.search(r"unknowns/(\d+)/(\w+)", line):
            card = self._named if found[2] == "enrol" else self._open()[0]
            self._named = card if found[2] == "name" else self._named
            line = line.replace(found[0], f"unknowns/{card['id']}/{found[2]}")
            line = line.replace("[17, 21]", json.dumps(card["track_ids"][:1]))
        if '"into": 3' in line:
            into, other = self._open()[:2]
            line = line.replace('"into": 3', f'"into": {into["id"]}').replace("[5]", f"[{other['id']}]")
        if "actions/2" in line:
            line = line.replace("actions/2", f"actions/{self._client.get('/v1/actions').json()['actions'][0]['id']}")
        if "without_photos" in line:
            photo = self._client.get(f"/v1/people/{OTHER}/photos").json()["photos"][0]["file"]
            line = line.replace('"person_id": "Ada", "file": "2.jpg"', f'"person_id": "{OTHER}", "file": "{photo}"')
        line = line.replace("Ada%20Lovelace", OTHER.replace(" ", "%20"))
        line = line.replace('"Ada L."', f'"{ONE}"').replace('"Ada Lovelace"', f'"{OTHER}"').replace("JOB", self.job)
        return line.replace("0123456789abcdef", self.job).replace("photo.jpg", str(MEDIA / "grace_hopper.jpg"))

    def _open(self) -> list[Any]:
        """Cards of three tracks, which no example has changed."""
        cards = self._client.get("/v1/unknowns?limit=50").json()["unknowns"]
        return [card for card in cards if card["count"] == 3 and card["sources"] == ["yard"]]


def run(line: str, address: str, secret: str, folder: Path) -> str:
    """Run a command as it stands; returns what it printed."""
    strict = line.replace("curl ", "curl -sS --fail-with-body ", 1)
    environment = {
        "PATH": "/usr/bin:/bin",
        "AT": address,
        "SERVICE": address,
        "AUTH": f"authorization: Bearer {secret}",
    }
    done = subprocess.run(["bash", "-c", strict], env=environment, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout.decode("utf-8", "replace")


def test_the_examples_of_a_fleet_work(app: FastAPI, address: str, tmp_path: Path) -> None:
    secret = token(app, ["admin"])
    made, listed, revoked = (run(line, address, secret, tmp_path) for line in examples("fleet.md"))
    assert json.loads(made)["code"].startswith("frb_")
    assert [box["name"] for box in json.loads(listed)["boxes"]] == ["north"]
    assert revoked == ""


def is_done(client: TestClient, job: str) -> bool:
    return client.get(f"/v1/jobs/{job}").json()["state"] not in ("queued", "running")


@pytest.mark.long
def test_the_examples_of_the_history_work(app: FastAPI, client: TestClient, address: str, tmp_path: Path) -> None:
    filler, secret, ran = Filler(client), token(app, ["admin"]), 0
    for line in examples("service-history.md"):
        printed = run(filler.fill(line), address, secret, tmp_path)
        ran += 1
        if '"state":"queued"' in printed or '"state":"running"' in printed:
            filler.job = json.loads(printed)["id"]
            wait_for(partial(is_done, client, filler.job), line, WAIT_S)
    assert ran > 25
    assert (tmp_path / "face.jpg").read_bytes()[:2] == b"\xff\xd8"
