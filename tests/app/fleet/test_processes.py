"""A service and two boxes, each a process with a port of its own; the service goes away and comes back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from recognizer.app.config import Settings, load
from recognizer.app.fleet.membership import read_state
from recognizer.app.history import open_or_create
from recognizer.demo import demo_files
from recognizer.gallery.store import load_enrolled
from recognizer.history.records import Selection
from recognizer.history.rows import insert_run, save_tracks
from recognizer.history.tracks import list_tracks
from recognizer.serve.access.store import AccessStore
from tests.conftest import ROOT
from tests.history.history_records import NOON, record
from tests.ports import free_port
from tests.rig import wait_until

MODEL = "edgeface_xxs_own"
WAIT_S = 90.0


def command(folder: Path, *words: str) -> str:
    program = [sys.executable, "main.py", *words, "--config", str(folder / "site.yaml")]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def served(folder: Path, port: int, *options: str) -> Iterator[None]:
    program = [sys.executable, "main.py", "serve", *options, "--port", str(port), "--config"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([*program, str(folder / "site.yaml")], cwd=ROOT, stdout=log, stderr=log)
    try:
        assert wait_until(lambda: answers(port, "/healthz"), seconds=WAIT_S) < WAIT_S, (folder / "log").read_text()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT_S)


def answers(port: int, path: str, token: str | None = None) -> bytes | None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)) as found:
            return bytes(found.read())
    except OSError:
        return None


def site(folder: Path) -> Settings:
    folder.mkdir()
    text = f"gallery: {{folder: {folder}/gallery}}\nhistory: {{enabled: true}}\nembed: {{model: {MODEL}}}\n"
    (folder / "site.yaml").write_text(text + "fleet: {interval_s: 1}\n")
    return load(folder / "site.yaml")


def see(settings: Settings, first: int, person: str) -> None:
    """Write what a run would have written: three tracks."""
    with closing(open_or_create(settings)) as history, history.writing() as connection:
        run = insert_run(connection, NOON, MODEL, (0.4, 0.1))
        save_tracks(connection, run, [record(number, person=person) for number in range(first, first + 3)])


def seen(settings: Settings) -> list[tuple[str, str | None]]:
    with closing(open_or_create(settings)) as history:
        return sorted((track.source, track.person) for track in list_tracks(history, Selection()))


def people(settings: Settings) -> set[str]:
    return set(load_enrolled(settings.gallery.folder, may_be_empty=True).names)


@pytest.mark.slow
def test_boxes_work_cut_off_and_catch_up(tmp_path: Path) -> None:
    centre, north, south = (site(tmp_path / name) for name in ("centre", "north", "south"))
    demo_files.write_gallery(centre.gallery.folder)
    command(tmp_path / "centre", "enroll")
    port, ports = free_port(), {"north": free_port(), "south": free_port()}
    with ExitStack() as boxes:
        with served(tmp_path / "centre", port, "--api-only"):
            for name in ports:
                code = command(tmp_path / "centre", "fleet", "code", name).strip()
                command(tmp_path / name, "fleet", "join", f"http://127.0.0.1:{port}", code)
                options = ["--api-only"] if name == "south" else []  # the other one has no camera yet
                boxes.enter_context(served(tmp_path / name, ports[name], *options))
            assert people(north) == people(south) == people(centre) == {"Barack Obama", "Eileen Collins"}
            assert (load_enrolled(north.gallery.folder).vectors == load_enrolled(centre.gallery.folder).vectors).all()
        # the service is away: boxes answer and keep what they see; somebody is deleted at the service meanwhile
        see(north, 1, "Eileen Collins")
        see(south, 1, "Eileen Collins")
        see(south, 11, "Barack Obama")
        command(tmp_path / "centre", "gallery", "remove", "Barack Obama", "--yes")
        assert wait_until(lambda: read_state(north.fleet_folder).waiting == 3, seconds=WAIT_S) < WAIT_S
        assert "does not answer" in str(read_state(north.fleet_folder).problem)
        token = AccessStore(north.service_folder).create_token("test", ["read"])
        assert json.loads(answers(ports["north"], "/v1/people", token) or b"{}")["people"]
        with served(tmp_path / "centre", port, "--api-only"):
            both = [f"{box}/door" for box in ("north", "south") for _ in range(3)]
            expected = [(source, "Eileen Collins") for source in both]
            assert wait_until(lambda: seen(centre) == expected, seconds=WAIT_S) < WAIT_S, seen(centre)
            assert wait_until(lambda: people(north) | people(south) == {"Eileen Collins"}, seconds=WAIT_S) < WAIT_S
            assert wait_until(lambda: len(seen(south)) == 3, seconds=WAIT_S) < WAIT_S
            assert "Barack Obama" not in {person for _, person in seen(south)}
            command(tmp_path / "centre", "fleet", "revoke", "north")
            revoked = wait_until(lambda: "was revoked" in str(read_state(north.fleet_folder).problem), seconds=WAIT_S)
            assert revoked < WAIT_S
            see(south, 21, "Eileen Collins")
            assert wait_until(lambda: len(seen(centre)) == 9, seconds=WAIT_S) < WAIT_S
            see(north, 21, "Eileen Collins")
            assert wait_until(lambda: read_state(north.fleet_folder).waiting > 0, seconds=WAIT_S) < WAIT_S, "it tried"
            assert len(seen(centre)) == 9
    assert people(north) == {"Eileen Collins"}
