"""Play many generated changes of face and print how long names survive: ``python -m tests.decide.takeovers --help``.

A line of JSON follows each batch of changes, with the sums so far, so that an interrupted run is worth what it did.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

from recognizer.calibration.intervals import poisson_interval
from tests.decide.takeover_helpers import FPS, KINDS, Tally, changes, recogniser

BATCH = 25


def main() -> None:
    """Parse the command line and play."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="+", choices=KINDS, help="changes of face to generate")
    parser.add_argument("--count", type=int, default=300, help="of each kind")
    parser.add_argument("--seed", type=int, default=20_000, help="other seeds draw other people, noise and movements")
    data = os.environ.get("RECOGNIZER_TEST_DATA", "../shared")
    parser.add_argument("--data", type=Path, default=Path(data), help="holds data/lfw/images and weights (%(default)s)")
    wanted = parser.parse_args()
    for kind in wanted.kinds:
        found = Tally()
        for start in range(0, wanted.count, BATCH):
            count = min(BATCH, wanted.count - start)
            play(wanted.data, kind, count=count, seed=wanted.seed + start, found=found)
            print(json.dumps({"kind": kind, **figures(found)}), flush=True)


def play(data: Path, kind: str, *, count: int, seed: int, found: Tally) -> None:
    """Add the outcome of ``count`` changes of one kind to ``found``."""
    drawn = changes(data / "data/lfw/images", count, seed=seed, kinds=(kind,))
    start = recogniser(data, drawn)
    for change in drawn:
        step = start()
        found.add([(step(frame), faces) for frame, faces in change.frames()])


def figures(found: Tally) -> dict[str, object]:
    """Return the counts, and wrong names an hour of reported faces with their 95 % interval."""
    hours = found.frames / FPS / 3600
    low, high = (side / hours for side in poisson_interval(found.wrong)) if hours else (0.0, 0.0)
    rate = found.wrong / hours if hours else 0.0
    return {**asdict(found), "wrong_per_face_hour": round(rate), "interval_95": [round(low), round(high)]}


if __name__ == "__main__":
    main()
