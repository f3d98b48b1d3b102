"""Where detection spends its time, function by function, as Python's own profiler sees it: nothing is put in its way.

A function's time is its own and that of what it calls outside this package; the nets are the engine's ``run``. A
profiler makes Python look dearer than it is, compiled work not: these are shares, the clock's table has the times.
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
"""Functions of a smaller share are left out."""


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the detector."""

    name: str
    cpu_ms: Spread
    """In a detection, all calls together; without the functions of this package that it calls."""
    share: float
    """Of detection."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"function": self.name, "cpu_ms": self.cpu_ms.as_dict(), "share": rounded(self.share)}


def detection(detector: Detector, images: Sequence[U8]) -> list[Function]:
    """What one full detection of each picture is made of, dearest first."""
    detector.detect([images[0]])
    runs = [profiled(lambda image=image: detector.detect([image])) for image in images]  # type: ignore[misc]
    whole = sum(sum(run.values()) for run in runs)
    functions = []
    for name in {name for run in runs for name in run}:
        times = [run.get(name, 0.0) for run in runs]
        functions.append(Function(name, Spread.of([1000 * each for each in times]), sum(times) / whole))
    return sorted((each for each in functions if each.share >= LEAST), key=lambda each: -each.share)


def profiled(work: Callable[[], object]) -> dict[str, float]:
    """CPU seconds of each function of this package, of its own and of foreign functions it calls."""
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
