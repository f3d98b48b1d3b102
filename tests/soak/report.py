"""What the soak saw: faults, figures and checks, as Markdown or JSON."""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.slope import Slope


@dataclass
class Check:
    """One demand, and what came."""

    what: str
    wanted: str
    came: str
    passed: bool


@dataclass
class Part:
    """One part of the soak."""

    name: str
    faults: list[str] = field(default_factory=list)
    """Each fault that was injected, and what was seen."""
    figures: dict[str, str] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    not_run: str | None = None
    """Why this part could not run here."""
    took_s: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def check(self, what: str, passed: bool, *, wanted: str, came: object) -> bool:
        """Note a demand and what came; return whether it passed."""
        self.checks.append(Check(what, wanted, str(came), bool(passed)))
        return bool(passed)

    def at_most(self, what: str, came: float, limit: float, unit: str) -> bool:
        """Demand a number of at most ``limit``."""
        return self.check(what, came <= limit, wanted=f"at most {limit:g} {unit}", came=f"{came:.4g} {unit}")

    def slope(self, what: str, slope: Slope, limit: float, unit: str) -> None:
        """Demand that growth above ``limit`` is not proven: that the interval of the slope reaches below it."""
        came = f"{slope.value:.1f} ({slope.low:.1f} to {slope.high:.1f}) {unit}"
        self.check(what, slope.low <= limit, wanted=f"95 % interval not above {limit:g} {unit}", came=came)


def counts(parts: list[Part]) -> tuple[int, int, int]:
    """Parts that passed, failed and were not run."""
    run = [part for part in parts if part.not_run is None]
    passed = sum(part.passed for part in run)
    return passed, len(run) - passed, len(parts) - len(run)


def write(path: Path, parts: list[Part], *, command: str) -> None:
    """Write the report: JSON when the file ends so, else Markdown."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps(_values(parts, command), ensure_ascii=False, indent=2) + "\n", "utf-8")
    else:
        path.write_text("\n".join([*_head(parts, command), *(line for part in parts for line in lines(part))]) + "\n")


def _values(parts: list[Part], command: str) -> dict[str, Any]:
    passed, failed, not_run = counts(parts)
    return {
        "command": command,
        "ended": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "machine": _machine(),
        "passed": passed,
        "failed": failed,
        "not_run": not_run,
        "parts": [{**asdict(part), "passed": part.passed and part.not_run is None} for part in parts],
    }


def _machine() -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, load at the end {load}"


def _head(parts: list[Part], command: str) -> list[str]:
    passed, failed, not_run = counts(parts)
    head = ["# Soak", "", f"`{command}`, {time.strftime('%Y-%m-%d %H:%M %z')}, {_machine()}", ""]
    return [*head, f"**{passed} parts passed, {failed} failed, {not_run} not run.**", ""]


def lines(part: Part) -> list[str]:
    """The section of a part."""
    state = "not run" if part.not_run else "passed" if part.passed else "FAILED"
    out = [f"## {part.name}: {state} ({part.took_s:.0f} s)", ""]
    if part.not_run:
        return [*out, part.not_run, ""]
    out += [f"- {fault}" for fault in part.faults] + [""] * bool(part.faults)
    if part.figures:
        rows = [f"| {name} | {figure} |" for name, figure in part.figures.items()]
        out += ["| figure | |", "| --- | --- |", *rows, ""]
    rows = [f"| {c.what} | {c.wanted} | {c.came} | {'yes' if c.passed else '**NO**'} |" for c in part.checks]
    return [*out, "| check | wanted | came | passed |", "| --- | --- | --- | --- |", *rows, ""]
