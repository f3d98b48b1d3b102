"""A scheduler and workers of Dask, each a process that a test can kill."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from distributed import Client

from tests.conftest import ROOT
from tests.rig import wait_until

_READY_S = 100.0
"""Four workers begin within 10 s on two cores that are not busy."""


class DaskCluster:
    """A cluster on this machine, open while the block runs.

    Args:
        folder: for its files.
        workers: processes of one thread each.
    """

    def __init__(self, folder: Path, *, workers: int) -> None:
        self._folder = folder
        self._count = workers
        self._open = ExitStack()
        self.workers: list[subprocess.Popen[bytes]] = []
        self.address = ""
        """Of the scheduler."""

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            file = self._folder / "scheduler.json"
            scheduler = opening.enter_context(self._started("scheduler", "--host", "127.0.0.1", "--port", "0"))
            opening.callback(scheduler.kill)
            for _ in range(self._count):
                worker = opening.enter_context(self._started("worker", "--nthreads", "1", "--no-nanny"))
                opening.callback(worker.kill)
                self.workers.append(worker)
            assert wait_until(file.exists, seconds=_READY_S) < _READY_S
            with Client(scheduler_file=str(file), set_as_default=False) as client:  # type: ignore[no-untyped-call]
                client.wait_for_workers(self._count, timeout=_READY_S)
                self.address = str(client.scheduler.address)
            self._open = opening.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def alive(self) -> list[subprocess.Popen[bytes]]:
        """Return the workers that have not ended."""
        return [worker for worker in self.workers if worker.poll() is None]

    def reader_of(self, path: Path) -> subprocess.Popen[bytes]:
        """Return the worker that has a file open."""
        [found] = [worker for worker in self.alive() if _reads(worker.pid, path)]
        return found

    def _started(self, *words: str) -> subprocess.Popen[bytes]:
        common = ["--scheduler-file", str(self._folder / "scheduler.json"), "--no-dashboard"]
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words, *common],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=self._folder,
            stderr=subprocess.DEVNULL,
        )


def _reads(pid: int, path: Path) -> bool:
    return any(os.path.samefile(fd, path) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.exists())
