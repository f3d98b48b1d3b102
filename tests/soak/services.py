"""Part "services": the MQTT broker and the history's database go away, hang, and come back, while a camera runs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from recognizer.history.database import open_history
from recognizer.history.records import Selection
from recognizer.history.tracks import list_tracks
from tests.soak.camera import Camera
from tests.soak.context import AGE_P95_MS, END_S, Context
from tests.soak.events import problems
from tests.soak.product import Product
from tests.soak.report import Part

_AWAY_S = 8.0
"""Longer than one try to connect, shorter than the part."""
_LONGEST_S = 60.0
_NEW_FACES = 3


class Broker:
    """Debian's mosquitto, without a password, on a port of its own."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = int(server.getsockname()[1])
        self._command = [program, "-c", str(folder / "mosquitto.conf")]
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "user root"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n", "utf-8")
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def freeze(self) -> None:
        """Let it take bytes and answer nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class Server:
    """Debian's PostgreSQL, which does not run as root: user ``postgres`` runs it then."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self.address = f"postgresql://postgres@/postgres?host={folder}"
        if os.getuid() == 0:
            shutil.chown(folder, "postgres")
        self._run("initdb", "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses= -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-l", str(self._folder / "log"), "-o", options)

    def stop(self) -> None:
        """End it and all its connections at once, as after a failure of power."""
        self._run("pg_ctl", "stop", "-m", "immediate")

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), *words, "-D", str(self._folder / "data")]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, cwd="/", check=True, capture_output=True, timeout=100)


def services(context: Context, part: Part, seconds: float) -> None:
    """Take the broker and the database away and give them back; recognition must not notice."""
    with ExitStack() as stack:
        broker, server = stack.enter_context(_broker(context)), stack.enter_context(_server())
        if broker is None and server is None:
            part.not_run = "It needs mosquitto or PostgreSQL (Debian: mosquitto, postgresql)."
            return
        gallery, settings = context.gallery("gallery-services"), _settings(broker, server)
        camera = stack.enter_context(Camera(context.clip))
        product = stack.enter_context(
            Product(
                context.folder / "services",
                {"camera": camera.address},
                gallery=gallery,
                model=context.model,
                settings=settings,
                options=["--history"] if server else [],
            )
        )
        started_s = product.wait_live("camera")
        if not part.check("the camera is live", product.alive, wanted="events", came=f"after {started_s:.1f} s"):
            return
        part.figures["servers"] = ", ".join(
            name for name, there in (("mosquitto", broker), ("PostgreSQL", server)) if there
        )
        if broker is not None:
            _during(part, product, "the broker is killed", broker.kill)
            broker.start()
            _during(part, product, "the broker hangs (SIGSTOP)", broker.freeze)
            broker.kill()
            broker.start()
        if server is not None:
            _during(part, product, "the database is down", server.stop)
            server.start()
        _during(part, product, "all is well again", lambda: None)
        _judge(part, product, server)


def _during(part: Part, product: Product, what: str, begin: Any) -> None:
    """Begin a fault; recognition must report faces while it lasts."""
    begin()
    before, began = len(product.events), time.monotonic()
    took = product.wait(lambda: _faces(product, before) >= _NEW_FACES, _LONGEST_S)
    product.wait(lambda: time.monotonic() - began > _AWAY_S, _AWAY_S)
    part.faults.append(f"{what}: {_NEW_FACES} faces after {took:.1f} s")
    part.check(f"{what}: recognition goes on", took < float("inf"), wanted="events", came=f"after {took:.1f} s")


def _faces(product: Product, since: int) -> int:
    return sum(record["kind"] == "appeared" for record in product.events.since(since))


def _judge(part: Part, product: Product, server: Server | None) -> None:
    status, took_s = product.end()
    records = product.events.refresh()
    found = problems(records)
    log = product.log.read_text("utf-8", "replace")
    part.check("exit status after SIGTERM", status == 0, wanted="0", came=status)
    part.at_most("time to end after SIGTERM", took_s, END_S, "s")
    part.check("events complete", not found, wanted="every face has its end", came="; ".join(found[:3]) or "complete")
    part.check("no traceback", "Traceback" not in log, wanted="none", came=log.count("Traceback"))
    age = product.source_figures("camera").get("age_ms", {}).get("p95", float("inf"))
    part.at_most("age of frames, p95", age, AGE_P95_MS, "ms")
    part.figures["losses"] = str(product.summary().get("lost", {}))
    if server is not None:
        history = open_history(server.address, create=False)
        kept = len(list_tracks(history, Selection()))
        history.close()
        appeared = sum(record["kind"] == "appeared" for record in records)
        lost = product.summary().get("lost", {}).get("tracks", 0)
        part.check(
            "the history holds every track",
            kept + lost >= appeared,
            wanted=f"{appeared}, or counted as lost",
            came=f"{kept} and {lost} counted",
        )
        part.check("no track is lost", lost == 0, wanted="0", came=lost)


def _settings(broker: Broker | None, server: Server | None) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if broker is not None:
        settings["mqtt"] = {"host": "127.0.0.1", "port": broker.port, "node": "soak"}
    if server is not None:
        settings["history"] = {"address": server.address}
    return settings


@contextmanager
def _broker(context: Context) -> Iterator[Broker | None]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None or importlib.util.find_spec("paho") is None:
        yield None
        return
    broker = Broker(program, context.place("broker"))
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@contextmanager
def _server() -> Iterator[Server | None]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found or importlib.util.find_spec("psycopg") is None:
        yield None
        return
    shared = None if os.getuid() else "/tmp"  # noqa: S108 - TMPDIR may be closed to user postgres
    with tempfile.TemporaryDirectory(prefix="recognizer-soak-", dir=shared) as name:
        server = Server(found[-1], Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()
