"""Hostile loads against a real server: ``python -m tests.serve.hostile [--part alone|camera|age]``; prints the figures.

- ``alone``: ``serve --api-only`` under bodies of 150 MB with and without a length, half-open requests, slow uploads,
  readers that do not read, and floods of ``/verify``: answers, answer time of ``/healthz``, memory.
- ``camera``: the same beside recognition on a camera of 1080p at 25 frames/s; also the frames that were lost meanwhile.
- ``age``: the age of that camera's frames, with and without four clients that send ``/verify`` as fast as they can.

``camera`` takes 100 s, the others about 90 s each; figures mean something on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import itertools
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np

from recognizer.demo import demo_files
from recognizer.types import U8
from tests.serve import hostile_loads as loads
from tests.serve.page.site import Service, child, copy_site, make_empty_site, serving
from tests.serve.running import server
from tests.soak.camera import Camera
from tests.soak.clips import camera_clip

SIZE = (1920, 1080)
CLIENTS = 4
SPELL_S = 8.0
PAIRS = 5
POLL_S = 0.04
"""Between two readings of the age of the newest frame, of which 25 come in a second."""
FRAMES = 300
START_S = 120.0
Figures = dict[str, Any]


@dataclass(frozen=True)
class Watched:
    """A service beside recognition on one camera."""

    port: int
    web: int
    """Number of the web process."""
    client: httpx.Client

    def source(self) -> Figures:
        """What the service says of the camera."""
        found: Figures = self.client.get("/v1/sources").raise_for_status().json()["sources"][0]
        return found


@contextlib.contextmanager
def watched(clip: Path | None = None) -> Iterator[Watched]:
    """Run the whole service on a camera that shows a clip again and again; the demonstration's by default."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stream = camera_clip(folder / "camera.h264", size=SIZE, frames=None if clip is None else frames_of(clip))
        site = make_empty_site(folder / "site")
        demo_files.write_gallery(site / "gallery")
        with Camera(stream) as camera, serving(_with_camera(site, folder, camera), cameras=True) as service:
            headers = {"authorization": f"Bearer {service.token}"}
            with httpx.Client(base_url=service.base, headers=headers, timeout=30) as client:
                found = Watched(httpx.URL(service.base).port or 80, child(service, "web"), client)
                _wait_live(found, service)
                yield found


def frames_of(clip: Path) -> Iterator[U8]:
    """Read the first frames of a video."""
    capture = cv2.VideoCapture(str(clip))
    for _ in range(FRAMES):
        good, image = capture.read()
        if not good:
            break
        yield np.asarray(image, np.uint8)
    capture.release()


def _with_camera(site: Path, folder: Path, camera: Camera) -> Path:
    return copy_site(site, folder / "watched", camera=camera.address)


def _wait_live(found: Watched, service: Service) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        sources = found.client.get("/v1/sources").json().get("sources") or [{}]
        if sources[0].get("frames", 0) > 100:  # graphs are compiled and everybody was seen
            return
        time.sleep(0.1)
    raise SystemExit((service.folder / "serve.log").read_text("utf-8"))


def measure_loads(port: int, pid: int, *, seconds: float, only: str | None, watch: Watched | None) -> Figures:
    """Run all loads against a web process; returns the figures of each."""
    warm = loads.HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(loads.FORM), loads.FORM)
    for _ in range(60):  # memory is steady after 40
        assert loads.status_of(loads.ask(port, warm)) == "200"
    figures: Figures = {}

    def flooded(port: int) -> str:
        counted.update(loads.flood(port, time.monotonic() + seconds))
        return "over"

    def nothing(port: int) -> str:
        threading.Event().wait(seconds)
        return "over"

    kinds: dict[str, tuple[int, Callable[[int], str]]] = {
        "nothing": (1, nothing),
        "150 MB with length": (4, loads.large_with_length),
        "150 MB chunked": (4, loads.large_chunked),
        "half-open": (loads.HALF_OPEN, loads.half_open),
        "slow uploads": (loads.SLOW, loads.slow_upload),
        "no reader": (20, loads.no_reader),
        "flood": (loads.FLOOD, flooded),
    }
    for name, (count, work) in kinds.items():
        if only not in (None, name):
            continue
        counted: collections.Counter[str] = collections.Counter()
        was = watch and watch.source()
        with loads.Health(port, pid) as health:
            before = health.memory()
            answers = loads.together(count, work, port)
        took = sorted(health.took_s)
        figures[name] = {
            "answers": dict(counted or answers),
            "health_p50_ms": round(1000 * took[len(took) // 2], 1),
            "health_p99_ms": round(1000 * took[int(0.99 * (len(took) - 1))], 1),
            "health_max_ms": round(1000 * took[-1], 1),
            "memory_before_mb": round(before / 1e6, 1),
            "memory_growth_mb": round((health.peak - before) / 1e6, 1),
        }
        if watch and was:
            figures[name] |= {key: watch.source()[key] - was[key] for key in ("frames", "dropped", "losses")}
        print(name, json.dumps(figures[name]), file=sys.stderr)
    return figures


def measure(*, seconds: float = 10.0, only: str | None = None) -> Figures:
    """Load the service alone."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as (port, pid):
        return measure_loads(port, pid, seconds=seconds, only=only, watch=None)


def measure_beside_a_camera(*, seconds: float = 10.0, only: str | None = None, clip: Path | None = None) -> Figures:
    """Load the service while recognition is at work; ``dropped`` and ``losses`` are frames and connections lost."""
    with watched(clip) as service:
        return measure_loads(service.port, service.web, seconds=seconds, only=only, watch=service)


def measure_age(*, pairs: int = PAIRS, clip: Path | None = None) -> Figures:
    """Take the age of frames in turns, with and without clients of ``/verify``; ms from capture to result."""
    without: list[list[float]] = []
    flooded: list[list[float]] = []
    answers, dropped = collections.Counter[str](), [0, 0]
    with watched(clip) as service:
        for turn, clients in itertools.product(range(pairs), (0, CLIENTS)):
            was = service.source()["dropped"]
            ages, found = _ages(service, clients)
            (flooded if clients else without).append(ages)
            answers.update(found)
            dropped[clients > 0] += service.source()["dropped"] - was
            print(turn, clients, len(ages), f"p95 {1000 * _p95(ages):.1f} ms", dict(found), file=sys.stderr)
    everything = [list(itertools.chain.from_iterable(each)) for each in (flooded, without)]
    ratios = [_p95(one) / _p95(other) for one, other in zip(flooded, without, strict=True)]
    return {
        "p95_without_ms": [round(1000 * _p95(each), 1) for each in without],
        "p95_with_ms": [round(1000 * _p95(each), 1) for each in flooded],
        "p95_ratio_of_all": round(_p95(everything[0]) / _p95(everything[1]), 3),
        "p95_ratio_median_of_pairs": round(float(np.median(ratios)), 3),
        "answers": dict(answers),
        "dropped_without": dropped[0],
        "dropped_with": dropped[1],
    }


def _ages(service: Watched, clients: int) -> tuple[list[float], collections.Counter[str]]:
    """Return the ages of different frames of one spell, s, and the answers that the clients got."""
    until = time.monotonic() + SPELL_S
    counted: collections.Counter[str] = collections.Counter()
    threads = [
        threading.Thread(target=lambda: counted.update(loads.flood(service.port, until))) for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    ages: dict[int, float] = {}
    while time.monotonic() < until:
        source = service.source()
        if source["latency_s"] is not None:
            ages[source["frames"]] = source["latency_s"]
        time.sleep(POLL_S)
    for thread in threads:
        thread.join()
    return list(ages.values()), counted


def _p95(ages: list[float]) -> float:
    return float(np.percentile(ages, 95))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", choices=("alone", "camera", "age"), action="append", help="all by default")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the flood, and of doing nothing")
    parser.add_argument("--only", help="one load")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of part age, 16 s each")
    parser.add_argument("--clip", type=Path, help="what the camera shows, in place of the demonstration")
    given = parser.parse_args()
    timing = {"seconds": given.seconds, "only": given.only}
    parts: dict[str, Callable[[], Figures]] = {
        "alone": lambda: measure(**timing),
        "camera": lambda: measure_beside_a_camera(**timing, clip=given.clip),
        "age": lambda: measure_age(pairs=given.pairs, clip=given.clip),
    }
    print(json.dumps({name: run() for name, run in parts.items() if not given.part or name in given.part}, indent=2))
