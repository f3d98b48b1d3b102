"""How the suite runs: bytecode for the processes that tests start, and workers that share a whole run."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MOST_WORKERS = 4
"""Each holds torch and its own servers: about 1.5 GB."""


def keep_bytecode() -> None:
    """Let processes that tests start find the program compiled, whatever the shell says about bytecode.

    Without it each of some three hundred starts compiles all modules again: 0.25 s of 1.25.
    """
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def heed_hangups() -> None:
    """Let processes that tests start heed SIGHUP, which nohup makes them ignore: a caught signal is not inherited."""
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)


def limit_threads() -> None:
    """Let NumPy compute with one thread, as ``main.py`` does, and in one of several workers torch, too.

    More threads wait for each other, busily: 0.84 instead of 0.12 s for the basis of a compact index.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.environ.setdefault("OMP_NUM_THREADS", "1")


DEFAULT = "not slow and not long"
"""Which tests are run where nobody says which (pyproject.toml)."""


def which(arguments: list[str], wanted: str) -> str:
    """Return which tests to run: the long ones, too, of files that are named."""
    return "not slow" if wanted == DEFAULT and named(arguments) else wanted


def named(arguments: list[str]) -> list[str]:
    """Return the files and tests among pytest's arguments."""
    return [argument for argument in arguments if "::" in argument or Path(argument).is_file()]


def workers(arguments: list[str], *, processors: int) -> int:
    """Return how many processes run the tests: 0, none but pytest itself, where files or tests are named.

    Workers take some seconds to start, so they are for whole folders.
    """
    return 0 if named(arguments) or processors < 2 else min(processors, MOST_WORKERS)


def skipped(config: pytest.Config, because: str) -> int:
    """Return how many tests were skipped for a reason that has these words, in all workers."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return sum(because in str(report.longrepr) for report in reporter.stats.get("skipped", [])) if reporter else 0


@contextmanager
def turn(folder: Path, *, alone: bool) -> Iterator[None]:
    """Run a test beside those of the other workers or, where it measures time on real cameras, alone.

    Who waits to be alone holds the gate, so that nobody overtakes.
    """
    with (folder / "gate").open("w") as gate, (folder / "room").open("w") as room:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(gate, fcntl.LOCK_UN)
        yield
