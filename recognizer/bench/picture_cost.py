"""Measure what each picture of a folder costs: memory above idle, of all processes together, and seconds.

``python -m recognizer.bench.picture_cost FOLDER`` prints a line for each picture. Every picture gets a new process,
which has enrolled and identified an ordinary picture before; memory is sampled from outside, from ``/proc``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from recognizer.children import clean_environment, python_command

SAMPLE_S = 0.003
GIVE_UP_S = 300.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
TICKS_HZ = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Cost:
    """What one picture cost."""

    memory_mb: float
    """Peak of the resident memory of the process and its children above what they had before, 10^6 bytes."""
    wall_s: float
    cpu_s: float
    outcome: str
    """What was found, or why the picture was refused."""


def measure(path: Path, action: str) -> Cost:
    """Read a picture and search it for faces in a new process.

    Args:
        path: the picture.
        action: ``enrol`` measures the most prominent face, ``identify`` names all faces.
    """
    words = python_command("-m", "recognizer.bench.picture_cost", action, str(path.resolve()))
    with subprocess.Popen(  # noqa: S603 - ourselves
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment(), text=True
    ) as worker:
        if worker.stdin is None or worker.stdout is None:
            raise RuntimeError("a process was started without its pipes")
        worker.stdout.readline()
        idle, spent = _tree(worker.pid)
        peak, used, begun, ended = idle, spent, time.monotonic(), threading.Event()

        def watch() -> None:
            nonlocal peak, used
            while not ended.wait(SAMPLE_S):
                resident, cpu = _tree(worker.pid)
                peak, used = max(peak, resident), max(used, cpu)
                if time.monotonic() - begun > GIVE_UP_S:
                    worker.kill()

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        worker.stdin.write("\n")
        worker.stdin.flush()
        outcome = worker.stdout.readline().strip() or "the process was killed"
        wall = time.monotonic() - begun
        ended.set()
        watcher.join()
        with suppress(OSError):
            worker.stdin.close()
    return Cost((peak - idle) / 1e6, wall, used - spent, outcome)


def _tree(root: int) -> tuple[int, float]:
    """Resident bytes and CPU seconds of a process and its children, those that ended included."""
    resident, ticks, todo = 0, 0, [root]
    while todo:
        process = todo.pop()
        with suppress(OSError, ValueError):
            stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            resident += int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_BYTES
            ticks += sum(map(int, stat[11:15]))
            for task in Path(f"/proc/{process}/task").iterdir():
                todo += map(int, (task / "children").read_text().split())
    return resident, ticks / TICKS_HZ


def work(action: str, path: Path) -> None:
    """Wait for a line after an ordinary picture, then process the picture and print the outcome."""
    from recognizer.api import FaceRecognizer
    from recognizer.app.images import as_bgr
    from recognizer.demo.demo_clip import MEDIA
    from recognizer.errors import RecognizerError
    from recognizer.gallery.enrol import measure as enrolled

    with TemporaryDirectory() as folder:
        faces = FaceRecognizer(folder, model="edgeface_xxs_own")
        faces.enrol("Grace Hopper", [MEDIA / "grace_hopper.jpg"])
        faces.identify(MEDIA / "eileen_collins.jpg")
        sys.stdout.write("idle\n")
        sys.stdout.flush()
        sys.stdin.readline()
        try:
            if action == "identify":
                outcome = f"{len(faces.identify(path))} faces"
            else:
                enroller = faces._enroller
                found = enrolled(as_bgr(path), detector=enroller.detector, embedder=enroller.embedder)
                outcome = "; ".join(["a face" if found.face else "refused", *(note.text for note in found.notes)])
        except RecognizerError as error:
            outcome = str(error).replace(str(path), path.name)
        sys.stdout.write(outcome.replace("\n", " ") + "\n")
        sys.stdout.flush()
        sys.stdin.readline()


def main(arguments: list[str]) -> None:
    """``FOLDER`` prints the table; ``enrol PICTURE`` and ``identify PICTURE`` are its processes."""
    if len(arguments) == 2:
        work(arguments[0], Path(arguments[1]))
        return
    sys.stdout.write("| picture | file, bytes | for | MB above idle | s | CPU s | outcome |\n" + "| --- " * 7 + "|\n")
    for path in sorted(Path(arguments[0]).iterdir()):
        for action in ("enrol", "identify"):
            cost = measure(path, action)
            sys.stdout.write(
                f"| {path.name} | {path.stat().st_size:,} | {action} | {cost.memory_mb:.0f} | {cost.wall_s:.1f} | "
                f"{cost.cpu_s:.1f} | {cost.outcome[:160]} |\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
