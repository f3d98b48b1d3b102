"""Measure the start: from the command to the first event, in new processes, with all caches warm."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recognizer.app.config import Settings
from recognizer.bench.timing import Spent, Spread
from recognizer.children import clean_environment, python_command
from recognizer.errors import RecognizerError

COMMAND = ("-m", "recognizer")
"""As after ``python``."""
TIME_OUT_S = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """The cost from the start of a process to each milestone, a value for each start."""

    imported: list[Spent]
    """The command is imported."""
    ready: list[Spent]
    """Graphs are compiled, and the gallery is loaded."""
    first_event: list[Spent]
    """The first face is reported."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        ways = {"imported": self.imported, "ready": self.ready, "first_event": self.first_event}
        return {
            name: {
                "wall": Spread.of([each.wall_s for each in spent]).as_dict(),
                "cpu": Spread.of([each.cpu_s for each in spent]).as_dict(),
            }
            for name, spent in ways.items()
        }


def measure(settings: Settings, *, rounds: int) -> Start:
    """Start the command ``rounds`` times.

    Args:
        settings: with a clip with a face and an enrolled gallery; those of outputs are not used.
        rounds: how often each milestone is measured.

    Raises:
        RecognizerError: if no event is reported.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "settings.yaml"  # JSON is YAML
        file.write_text(settings.model_dump_json(exclude={"emit"}), "utf-8")
        return _measured(str(file), rounds)


def _measured(file: str, rounds: int) -> Start:
    words = ["run", "--config", file, "--no-sync", "--headless", "--events", "-"]
    preparing = (
        "import pathlib, sys; import recognizer.cli.run; from recognizer.app import build, config; "
        "settings = config.load(pathlib.Path(sys.argv[1])); build.video_pipeline(settings, build.model(settings))"
    )
    ways: Mapping[str, Callable[[], None]] = {
        "imported": lambda: _to_the_end(python_command(*COMMAND, "run", "--help")),
        "ready": lambda: _to_the_end(python_command("-c", preparing, file)),
        "first_event": lambda: _to_first_line(python_command(*COMMAND, *words)),
    }
    times: dict[str, list[Spent]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            with _Children() as children:
                way()
            if number:  # the first start fills the system's and the engine's caches
                times[name].append(children.spent)
    return Start(**times)


class _Children:
    """Measure the processes that start and end in its ``with`` block, as ``Meter`` does."""

    spent: Spent

    def __enter__(self) -> _Children:
        self._wall, self._cpu = time.perf_counter(), _cpu_of_children()
        return self

    def __exit__(self, *_: object) -> None:
        self.spent = Spent(_cpu_of_children() - self._cpu, time.perf_counter() - self._wall)


def _cpu_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _to_the_end(program: Sequence[str]) -> None:
    done = subprocess.run(  # noqa: S603 - ourselves
        program,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=TIME_OUT_S,
        text=True,
        env=clean_environment(),
        check=False,
    )
    if done.returncode:
        raise RecognizerError(f"Starting did not work: {done.stderr.strip() or done.returncode}")


def _to_first_line(program: Sequence[str]) -> None:
    environment = clean_environment() | {"RECOGNIZER_LOG_LEVEL": "ERROR"}
    with subprocess.Popen(  # noqa: S603 - ourselves
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        process.kill()
        _, problem = process.communicate(timeout=TIME_OUT_S)
    if not line:
        raise RecognizerError(f"No face was reported in this clip: {problem.strip() or 'pass one with a face in it'}")
