"""Part "cameras": three cameras for most of the time, two of them with every fault, one undisturbed."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack

from recognizer.memory import WORKER_BYTES
from recognizer.models.engines.openvino import OWN_GRAPH_AFTER
from tests.soak.camera import Camera
from tests.soak.context import (
    AGE_P95_MS,
    END_S,
    LARGEST_MB,
    SLOPE_MB_H,
    SPARE_DESCRIPTORS,
    SPARE_THREADS,
    Context,
)
from tests.soak.events import problems
from tests.soak.faults import camera_faults, freeze_product, inject
from tests.soak.product import Product, Sample
from tests.soak.reloads import Reloads
from tests.soak.report import Part
from tests.soak.slope import BLOCKS, slope

SOURCES = ("north", "south", "witness")
_SETTLES_S = 60.0
"""The first round, or of a single one this, does not count for the slope: models and the first enroller are made."""


def cameras(context: Context, part: Part, seconds: float) -> None:
    """Run all faults in turns for so long, at least once each."""
    gallery = context.gallery("gallery-cameras")
    clips = {"usual": context.clip, "larger": context.large_clip, "hevc": context.hevc_clip}
    with ExitStack() as stack:
        north = stack.enter_context(Camera(context.clip, rig_data=context.rig_data))
        south, witness = (stack.enter_context(Camera(context.clip)) for _ in range(2))
        part.figures["servers"] = f"{north.kind} (north), {south.kind} (south, witness)"
        addresses = {name: camera.address for name, camera in zip(SOURCES, (north, south, witness), strict=True)}
        product = Product(context.folder / "cameras", addresses, gallery=gallery, model=context.model)
        stack.enter_context(product)
        started_s = max(product.wait_live(name) for name in SOURCES)
        if not part.check("all cameras live", product.alive, wanted="events of all", came=f"after {started_s:.1f} s"):
            return
        until, rounds, reloads = time.monotonic() + seconds, 0, Reloads(context, gallery)
        began, counts = time.monotonic(), []
        while (rounds == 0 or time.monotonic() < until) and product.alive and not context.interrupted.is_set():
            for fault in camera_faults(north, south, clips):
                inject(part, product, fault)
            freeze_product(part, product, SOURCES, 4.0)
            reloads.add(part, product)
            reloads.remove(part, product)
            reloads.crowd(3)
            rounds += 1
            product.wait(lambda: False, 3.0)
            counts.append(product.samples[-1])
        samples = list(product.samples)  # without those of its end
        part.figures["memory after each round"] = ", ".join(f"{sample.resident_mb:.0f}" for sample in counts) + " MB"
        _check(part, product, began=began, rounds=rounds, reloads=reloads.count)
        settled = counts[_settled(len(counts))].at if len(counts) > 1 else began + _SETTLES_S
        _counts(part, samples, settled)


def _settled(rounds: int) -> int:
    """The round after which the run has made all that it makes.

    Three photos are enrolled in a round; after ``OWN_GRAPH_AFTER`` of them the detector compiles graphs for their
    sizes, each with threads of its own.
    """
    enough = OWN_GRAPH_AFTER // 3 + 2
    return enough if rounds > 2 * enough else 0


def _check(part: Part, product: Product, *, began: float, rounds: int, reloads: int) -> None:
    """End the run; check its end, its events and its figures."""
    status, took_s = product.end()
    part.check("exit status after SIGTERM", status == 0, wanted="0", came=status)
    part.at_most("time to end after SIGTERM", took_s, END_S, "s")
    records = product.events.refresh()
    found = problems(records)
    part.check("events complete", not found, wanted="every face has its end", came="; ".join(found[:3]) or "complete")
    log = product.log.read_text("utf-8", "replace")
    part.check("no traceback", "Traceback" not in log, wanted="none", came=log.count("Traceback"))
    witness = product.source_figures("witness")
    part.at_most("witness: losses", witness.get("losses", float("inf")), 0, "")
    part.at_most("witness: age of frames, p95", witness.get("age_ms", {}).get("p95", float("inf")), AGE_P95_MS, "ms")
    lost = product.summary().get("lost", {})
    part.check("nothing lost by outputs", not any(lost.values()), wanted="0", came=lost)
    kinds = {kind: sum(record["kind"] == kind for record in records) for kind in ("appeared", "recognised", "lost")}
    part.figures |= {
        "rounds of all faults": str(rounds),
        "changes of the gallery": str(reloads),
        "events": f"{len(records)}: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items()),
        "numbered events": "yes" if any("sequence" in record for record in records) else "no: gaps cannot be seen",
        "run": f"{time.monotonic() - began:.0f} s",
    }
    for name in SOURCES:
        figures = product.source_figures(name)
        if figures:
            part.figures[name] = (
                f"{figures['frames']} frames, {figures['fps']} frames/s, age p50 {figures['age_ms']['p50']} ms, "
                f"p95 {figures['age_ms']['p95']} ms, p99 {figures['age_ms']['p99']} ms, {figures['dropped']} dropped, "
                f"{figures['losses']} losses"
            )


def _counts(part: Part, taken: list[Sample], settled: float) -> None:
    """Check memory, descriptors and threads, from when all was made that the run makes."""
    largest = max((sample.resident_mb for sample in taken), default=float("inf"))
    workers = min(len(SOURCES), os.cpu_count() or 1)
    part.at_most("most memory, children included", largest, LARGEST_MB + (workers - 1) * WORKER_BYTES / 1e6, "MB")
    samples = [sample for sample in taken if sample.at > settled]
    if len(samples) < 3:
        part.figures["growth"] = "not checked: fewer than 3 samples after settling"
        return
    early, late = samples[: max(len(samples) // 5, 1)], samples[-max(len(samples) // 5, 1) :]
    for what, spare in (("descriptors", SPARE_DESCRIPTORS), ("threads", SPARE_THREADS)):
        first, last = (min(getattr(sample, what) for sample in some) for some in (early, late))
        part.check(f"{what} do not grow", last <= first + spare, wanted=f"at most {first} + {spare}", came=last)
    hours = [sample.at / 3600 for sample in samples]
    if len(samples) >= 2 * BLOCKS:
        memory = slope(hours, [sample.resident_mb for sample in samples])
        text = f"{memory.value:.0f} MB/h (95 %: {memory.low:.0f} to {memory.high:.0f}) over {len(samples)} s"
        part.figures["memory slope"] = text
        if samples[-1].at - samples[0].at > 300:
            part.slope("memory slope", memory, SLOPE_MB_H, "MB/h")
    part.figures["memory"] = f"{samples[0].resident_mb:.0f} MB first, {samples[-1].resident_mb:.0f} MB last"
