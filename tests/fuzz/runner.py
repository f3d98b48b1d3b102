"""Run a target over many damaged files in child processes; a crash or a hang costs one item."""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.fuzz.targets import item, target

ITEM_S = 20.0
"""Longest time of one item; ten times what the product allows a picture, for a machine with other work."""
START_S = 120.0
_END_S = 2.0
GROWTH_MB = 64.0
"""Most that the child may hold more at its end than after its first tenth."""
LARGEST_MB = 300.0
"""Most memory, above what was held before, that one file may cost: what the product allows a picture."""
_KEPT_OF_A_KIND = 2


@dataclass
class Result:
    """What came of all items of a kind."""

    kind: str
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[str, list[int]] = field(default_factory=dict)
    """By description: the numbers of the items."""
    examples: dict[str, str] = field(default_factory=dict)
    """Of those, the message of the first."""
    slowest_s: tuple[float, int] = (0.0, -1)
    """The longest time, and its item."""
    largest_mb: tuple[float, int] = (0.0, -1)
    """The most memory above what was held before, and its item."""
    growth_mb: float = 0.0
    """Growth of a child from its first tenth to its last, medians; the largest of all children."""
    took_s: float = 0.0

    @property
    def passed(self) -> bool:
        """No fault, no crash, no hang, no growth, no file that takes the memory."""
        return not self.faults and self.growth_mb <= GROWTH_MB and self.largest_mb[0] <= LARGEST_MB

    def fault(self, what: str, index: int) -> None:
        """Note a fault of an item."""
        self.faults.setdefault(what, []).append(index)


class _Child:
    """A child process and the lines it says."""

    def __init__(self, kind: str, seed: int, first: int, end: int) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        words = [sys.executable, "-m", "tests.fuzz.child", kind, str(seed), str(first), str(end)]
        self.process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=self._said)
        assert self.process.stdout is not None
        self._out = self.process.stdout.fileno()
        self._held = b""

    def line(self, seconds: float) -> dict[str, Any] | None:
        """The next line.

        Raises:
            TimeoutError: none came in time.
        """
        until = time.monotonic() + seconds
        while b"\n" not in self._held:
            if not select.select([self._out], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError
            got = os.read(self._out, 65536)
            if not got:
                return None
            self._held += got
        text, _, self._held = self._held.partition(b"\n")
        values: dict[str, Any] = json.loads(text)
        return values

    def end(self) -> tuple[int, str]:
        """Wait for its end, and bring that about where it does not come; return its status and its last words."""
        try:
            status = self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        with self._said:
            self._said.seek(0)
            return status, self._said.read()[-2000:].decode("utf-8", "replace")


def run(kind: str, *, seed: int, count: int, item_s: float = ITEM_S) -> Result:
    """Read ``count`` damaged files of a kind."""
    result, began, first = Result(kind), time.monotonic(), 0
    while first < count:
        first = _run_child(result, seed=seed, first=first, end=count, item_s=item_s)
    result.took_s = time.monotonic() - began
    return result


def _run_child(result: Result, *, seed: int, first: int, end: int, item_s: float) -> int:
    """Let one child work until it ends, dies or hangs; return the number of the next item."""
    child = _Child(result.kind, seed, first, end)
    running: int | None = None
    resident: list[float] = []
    try:
        while (line := child.line(START_S if running is None and not resident else item_s)) is not None:
            running = line.get("begins")
            if running is None:
                resident.append(line["resident_mb"])
                _count(result, line)
    except TimeoutError:
        if running is None:
            raise RuntimeError(f"The child for {result.kind} says nothing for {START_S:g} s.") from None
        result.outcomes["hang"] += 1
        result.fault(f"hang: no result in {item_s:g} s", running)
        return running + 1
    finally:
        status, said = child.end()
        _count_growth(result, resident)
    if running is None and first + len(resident) < end:
        raise RuntimeError(f"The child for {result.kind} ended with {status} at item {first + len(resident)}: {said}")
    if running is None:
        return end
    result.outcomes["crash"] += 1
    result.fault(f"crash: status {status}", running)
    return running + 1


def _count(result: Result, line: dict[str, Any]) -> None:
    result.outcomes[line["outcome"]] += 1
    result.slowest_s = max(result.slowest_s, (line["s"], line["index"]))
    result.largest_mb = max(result.largest_mb, (line["peak_mb"], line["index"]))
    if line["outcome"] == "fault":
        place = f"{line['what'].split(':')[0]} in {line['where']}"
        result.examples.setdefault(place, line["what"])
        result.fault(place, line["index"])


def _count_growth(result: Result, resident: list[float]) -> None:
    tenth = len(resident) // 10
    if tenth >= 5:
        grown = statistics.median(resident[-tenth:]) - statistics.median(resident[tenth : 2 * tenth])
        result.growth_mb = max(result.growth_mb, grown)


def keep(result: Result, folder: Path, *, seed: int) -> None:
    """Write the first items of each fault to a folder, to reproduce them."""
    wholes = target(result.kind).seeds()
    for what, indices in result.faults.items():
        for index in indices[:_KEPT_OF_A_KIND]:
            place = folder / f"{result.kind}-{seed}-{index}"
            place.with_suffix(".bin").parent.mkdir(parents=True, exist_ok=True)
            place.with_suffix(".bin").write_bytes(item(result.kind, seed, index, wholes))
            place.with_suffix(".txt").write_text(
                f"{what}\n{result.examples.get(what, '')}\n", "utf-8", errors="backslashreplace"
            )
