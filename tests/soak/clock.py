"""Part "clock": the time of day jumps by hours, as when a machine without a battery gets the time (libfaketime)."""

from __future__ import annotations

import datetime as dt
import glob
from pathlib import Path

from tests.soak.camera import Camera
from tests.soak.context import END_S, Context
from tests.soak.events import FACES, problems
from tests.soak.product import Product
from tests.soak.report import Part

_LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"
JUMPS_H = (2, -3)
_SLACK_S = 30.0
"""An event may be late by as much where the machine has other work."""
_WAIT_S = 30.0


def clock_jumps(context: Context, part: Part, seconds: float) -> None:
    """Set the clock forward and back; cameras, times within the source and the end must not care."""
    libraries = glob.glob(_LIBRARIES)
    if not libraries:
        part.not_run = "libfaketime is not installed (Debian: apt-get install libfaketime)."
        return
    offset = context.place("clock") / "offset"
    _set(offset, 0)
    env = {
        "LD_PRELOAD": libraries[0],
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    gallery = context.gallery("gallery-clock")
    with Camera(context.clip) as camera:
        sources = {"camera": camera.address}
        place = context.folder / "clock-run"
        with Product(place, sources, gallery=gallery, model=context.model, env=env) as product:
            product.wait_live("camera")
            hours = 0
            for jump in JUMPS_H:
                hours += jump
                _jump(part, product, offset, jump, hours)
            status, took_s = product.end()
            part.check("exit status after SIGTERM", status == 0, wanted="0", came=status)
            part.at_most("time to end after SIGTERM", took_s, END_S, "s")
            found = problems(product.events.refresh())
            part.check("events complete", not found, wanted="complete", came="; ".join(found[:3]) or "complete")
            lost = sum(record["kind"] == "source_lost" for record in product.events.records)
            part.check("the camera is not lost", lost == 0, wanted="0 losses", came=lost)


def _set(offset: Path, hours: int) -> None:
    part = offset.with_suffix(".part")
    part.write_text(f"{hours * 3600:+d}\n")
    part.replace(offset)


def _jump(part: Part, product: Product, offset: Path, jump: int, hours: int) -> None:
    last = product.events.refresh()[-1]
    count = len(product.events)
    _set(offset, hours)

    def moved() -> bool:
        return any(abs(_hours(last, record) - jump) < 0.1 for record in product.events.since(count))

    took = product.wait(moved, _WAIT_S)
    part.faults.append(f"clock set by {jump:+d} h: events have the new time after {took:.1f} s")
    part.check(f"{jump:+d} h: events have the new time", took < float("inf"), wanted="yes", came=f"{took:.1f} s")
    product.wait(lambda: sum(r["kind"] in FACES for r in product.events.since(count)) > 3, _WAIT_S)
    steps = [record["at_s"] - last["at_s"] for record in product.events.since(count)]
    fine = bool(steps) and all(-1 <= step <= 2 * _WAIT_S + _SLACK_S for step in steps)
    came = f"{min(steps, default=0):.1f} to {max(steps, default=0):.1f} s"
    part.check(f"{jump:+d} h: seconds within the source go on", fine, wanted="no jump", came=came)


def _hours(before: dict[str, str], after: dict[str, str]) -> float:
    times = [dt.datetime.fromisoformat(record["time"]) for record in (before, after)]
    return (times[1] - times[0]).total_seconds() / 3600
