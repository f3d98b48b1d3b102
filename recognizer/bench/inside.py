"""Profile detection function by function with Python's profiler.

A function's time includes the functions outside this package that it calls; the nets are the engine's ``run``. A
profiler slows Python code, but not compiled code: use these as shares, and the table of stages for times.
"""

from __future__ import annotations

import cProfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import recognizer
from recognizer.bench.timing import Spread, rounded
from recognizer.protocols import Detector
from recognizer.types import U8

PACKAGE = str(Path(recognizer.__file__).parent)
LEAST = 0.01
"""Functions of a smaller share are not listed."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the detector."""

    name: str
    cpu_ms: Spread
    """Of all calls in a detection, without the functions of this package that they call."""
    share: float
    """Share of detection."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return {"function": self.name, "cpu_ms": self.cpu_ms.as_dict(), "share": rounded(self.share)}


def detection(detector: Detector, images: Sequence[U8]) -> list[Function]:
    """Profile one detection of each picture; returns its functions, most expensive first."""
    detector.detect([images[0]])
    runs = [profiled(lambda image=image: detector.detect([image])) for image in images]  # type: ignore[misc]
    whole = sum(sum(run.values()) for run in runs)
    functions = []
    for name in {name for run in runs for name in run}:
        times = [run.get(name, 0.0) for run in runs]
        functions.append(Function(name, Spread.of([1000 * each for each in times]), sum(times) / whole))
    return sorted((each for each in functions if each.share >= LEAST), key=lambda each: -each.share)


def profiled(work: Callable[[], object]) -> dict[str, float]:
    """Return the CPU seconds of each function of this package, with the foreign functions it calls."""
    profiler = cProfile.Profile(time.process_time)
    profiler.enable()
    work()
    profiler.disable()
    spent: dict[str, float] = {}
    for entry in profiler.getstats():
        if _ours(entry.code):
            inner = sum(call.totaltime for call in entry.calls or () if _ours(call.code))
            name = entry.code.co_qualname  # type: ignore[union-attr]
            spent[name] = spent.get(name, 0.0) + entry.totaltime - inner
    return spent


def _ours(code: CodeType | str) -> bool:
    return isinstance(code, CodeType) and code.co_filename.startswith(PACKAGE) and code.co_filename != __file__
