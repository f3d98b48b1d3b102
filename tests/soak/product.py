"""The product as users run it, in a process of its own, observed from outside."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests import rig
from tests.conftest import ROOT
from tests.soak.events import EventFile

SAMPLE_S = 1.0
LONGEST_END_S = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What the system said of the process at one time."""

    at: float
    """Monotonic, s."""
    resident_mb: float
    """With that of its children."""
    descriptors: int
    threads: int


class Product:
    """``python main.py run`` on some sources.

    Args:
        folder: for its settings, log, events and summary; emptied first.
        sources: name -> location, or a section of settings.
        gallery: a folder of people.
        model: words that choose the model.
        settings: further sections.
        events: where events go; a file in ``folder`` by default.
        options: further words.
        env: its environment.
        prefix: words before the command.
        stdout: descriptor of its standard output.
    """

    def __init__(
        self,
        folder: Path,
        sources: Mapping[str, str | Mapping[str, Any]],
        *,
        gallery: Path,
        model: Sequence[str],
        settings: Mapping[str, Any] | None = None,
        events: str | None = None,
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
        stdout: int = subprocess.DEVNULL,
    ) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.log, self.summary_path = folder / "log.txt", folder / "summary.json"
        self.events = EventFile(folder / "events.jsonl" if events is None else Path(events))
        self.samples: list[Sample] = []
        sections = [{"name": name, **({"location": at} if isinstance(at, str) else at)} for name, at in sources.items()]
        path = folder / "settings.yaml"
        path.write_text(yaml.safe_dump({"sources": sections, **(settings or {})}), "utf-8")
        self._words = [*prefix, sys.executable, str(ROOT / "main.py"), "run", "--headless", "--config", str(path)]
        self._words += ["--gallery", str(gallery), "--summary", str(self.summary_path), *model, *options]
        self._words += ["--events", str(self.events.path) if events is None else events]
        self._env, self._stdout = {**os.environ, **(env or {})}, stdout
        self._over = threading.Event()
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._words, stdin=subprocess.DEVNULL, stdout=self._stdout, stderr=log, env=self._env
            )
        threading.Thread(target=self._observe, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _observe(self) -> None:
        while not self._over.wait(SAMPLE_S):
            sample = observe(self.process.pid)
            if sample is not None:
                self.samples.append(sample)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def wait(self, condition: Callable[[], bool], seconds: float) -> float:
        """How long it took until something became true, s; infinite when it did not, or when the run ended."""
        took = rig.wait_until(lambda: condition() or not self.alive, seconds=seconds)
        return took if condition() else float("inf")

    def wait_live(self, source: str, seconds: float = 120.0) -> float:
        """Wait for the first event of a source's faces, s."""
        return self.wait(lambda: bool(self.events.since(0, source)), seconds)

    def said(self, words: str) -> bool:
        """Whether its log holds these words."""
        return words in self.log.read_text("utf-8", "replace")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int | None, float]:
        """Send a signal; return exit status and seconds, ``None`` for one that did not end and was killed."""
        began = time.monotonic()
        self.process.send_signal(number)
        try:
            return self.process.wait(LONGEST_END_S), time.monotonic() - began
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None, time.monotonic() - began

    def wait_end(self, seconds: float) -> int | None:
        """Wait until it ends by itself; return its exit status, ``None`` when it did not."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def summary(self) -> dict[str, Any]:
        """The summary that it wrote at its end; empty when it did not."""
        if not self.summary_path.exists():
            return {}
        values: dict[str, Any] = json.loads(self.summary_path.read_text("utf-8"))
        return values

    def source_figures(self, name: str) -> dict[str, Any]:
        """What the summary says of a source."""
        return next((source for source in self.summary().get("sources", ()) if source["name"] == name), {})


def observe(pid: int) -> Sample | None:
    """Read what the system says of a process; ``None`` when it has ended."""
    try:
        descriptors, threads = len(os.listdir(f"/proc/{pid}/fd")), len(os.listdir(f"/proc/{pid}/task"))
        resident = sum(_resident_mb(each) for each in [pid, *children(pid)])
    except (OSError, ValueError, IndexError):
        return None
    return Sample(time.monotonic(), resident, descriptors, threads)


def _resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def children(pid: int) -> list[int]:
    """Children of a process, and theirs."""
    out: list[int] = []
    with contextlib.suppress(OSError):  # a process or thread that ends meanwhile
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError):
                out += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return [each for child in out for each in (child, *children(child))]
