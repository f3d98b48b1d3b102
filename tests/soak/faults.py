"""Faults of cameras, one after the other, on a run that goes on all the time."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.soak.camera import Camera
from tests.soak.context import RECOVERY_S
from tests.soak.product import Product
from tests.soak.report import Part

_SILENT_S = 4.0
"""A camera that is silent for so long is lost: FFmpeg gives up after twice its second of patience."""
_MISBEHAVES_S = 3.0


@dataclass
class Fault:
    """A fault, its end, and which source has it."""

    name: str
    source: str
    begin: Callable[[], object]
    end: Callable[[], object]
    lasts_s: float = 1.0
    """How long it lasts, also after the loss was reported."""
    loses: bool | None = True
    """Whether the source must be reported lost; ``None`` for as it comes."""


def camera_faults(one: Camera, other: Camera, clips: dict[str, Path]) -> list[Fault]:
    """All faults of two cameras; the second runs our own server.

    Args:
        one: source ``north``.
        other: source ``south``.
        clips: ``usual``, ``larger`` and ``hevc``.
    """

    def show(name: str) -> Callable[[], object]:
        return lambda: other.say(f"next {clips[name]}")

    return [
        Fault("killed and started again", "north", one.kill, one.start),
        Fault("stalled", "north", lambda: one.say("stall"), lambda: one.say("resume"), _SILENT_S),
        Fault("server stopped (SIGSTOP)", "north", one.freeze, one.thaw, _SILENT_S),
        Fault("connections closed", "north", lambda: one.say("kick"), _nothing, 0.0),
        Fault("garbage in RTP", "south", lambda: other.say("garbage"), lambda: other.say("clean"), _MISBEHAVES_S, None),
        Fault("other resolution on reconnect", "south", show("larger"), lambda: other.say("kick"), 0.0),
        Fault("other codec (HEVC) on reconnect", "south", show("hevc"), lambda: other.say("kick"), 0.0),
        Fault("first codec again, camera killed", "south", other.kill, other.start),
    ]


def _nothing() -> None:
    pass


def inject(part: Part, product: Product, fault: Fault) -> None:
    """Make a fault, wait for its loss and its end, and check how long frames took to come back."""
    before = len(product.events)

    def count(kind: str) -> int:
        return sum(record["kind"] == kind for record in product.events.since(before, fault.source))

    fault.begin()
    lost_s = float("inf")
    if fault.loses and fault.end is not _nothing and fault.lasts_s > 0:
        lost_s = product.wait(lambda: count("source_lost") > 0, RECOVERY_S)
        part.at_most(f"{fault.name}: loss of {fault.source} reported", lost_s, RECOVERY_S, "s")
        product.wait(lambda: False, min(fault.lasts_s, 1.0))
    else:
        product.wait(lambda: False, fault.lasts_s)
    healed = len(product.events)
    fault.end()
    if fault.loses:
        back_s = product.wait(lambda: count("source_back") > 0, RECOVERY_S)
    elif count("source_lost") > count("source_back"):
        back_s = product.wait(lambda: count("source_back") >= count("source_lost"), RECOVERY_S)
    else:
        back_s = 0.0
    faces_s = product.wait(lambda: faces_since(product, healed, fault.source), 2 * RECOVERY_S)
    seen = f"lost after {lost_s:.1f} s, " if lost_s < float("inf") else ""
    part.faults.append(f"{fault.source}: {fault.name}: {seen}back after {back_s:.2f} s, faces after {faces_s:.1f} s")
    part.at_most(f"{fault.name}: {fault.source} back", back_s, RECOVERY_S, "s")
    part.check(f"{fault.name}: faces again", faces_s < float("inf"), wanted="an event", came=f"{faces_s:.1f} s")


def faces_since(product: Product, count: int, source: str) -> bool:
    """Whether a face appeared on a source after so many records."""
    return any(record["kind"] == "appeared" for record in product.events.since(count, source))


def freeze_product(part: Part, product: Product, sources: tuple[str, ...], seconds: float) -> None:
    """Stop the product itself, as a suspended machine does."""
    product.process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    product.process.send_signal(signal.SIGCONT)
    count = len(product.events)
    took = max(product.wait(lambda s=source: faces_since(product, count, s), 2 * RECOVERY_S) for source in sources)  # type: ignore[misc]
    part.faults.append(f"the product stopped for {seconds:g} s (SIGSTOP): faces on all sources after {took:.1f} s")
    part.check(
        "product stopped: faces on all sources again", took < float("inf"), wanted="events", came=f"{took:.1f} s"
    )
