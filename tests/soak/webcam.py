"""Part "webcam": a V4L2 device (the rig's, preloaded) that stalls, is unplugged and plugged in again."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests import rig
from tests.soak.context import END_S, RECOVERY_S, Context
from tests.soak.product import Product
from tests.soak.report import Part

ROUNDS = 3


def webcam(context: Context, part: Part, seconds: float) -> None:
    """Unplug and stall a webcam."""
    if context.data is None or not (context.data / "rig/fakecam.c").is_file() or shutil.which("gcc") is None:
        part.not_run = "It needs gcc and the rig of the development data (RECOGNIZER_TEST_DATA)."
        return
    env = rig.fake_camera(context.data, context.place("webcam"))
    control = Path(env["FAKECAM_CTL"])
    gallery = context.gallery("gallery-webcam")
    with Product(
        context.folder / "webcam-run", {"webcam": "0"}, gallery=gallery, model=context.model, env=env
    ) as product:
        live_s = product.wait(lambda: product.said("webcam: live"), 90)
        part.check("live", live_s < float("inf"), wanted="live", came=f"after {live_s:.1f} s")
        for number in range(ROUNDS):
            state = "stall" if number % 2 else "gone"
            before = len(product.events)
            control.write_text(state)
            lost_s = product.wait(lambda b=before: _has(product, b, "source_lost"), 2 * RECOVERY_S)  # type: ignore[misc]
            control.write_text("run")
            back_s = product.wait(lambda b=before: _has(product, b, "source_back"), RECOVERY_S)  # type: ignore[misc]
            part.faults.append(f"{state}: lost after {lost_s:.1f} s, back after {back_s:.2f} s")
            part.at_most(f"{state}: back", back_s, RECOVERY_S, "s")
        status, took_s = product.end()
        part.check("exit status after SIGTERM", status == 0, wanted="0", came=status)
        part.at_most("time to end after SIGTERM", took_s, END_S, "s")


def _has(product: Product, since: int, kind: str) -> bool:
    return any(record["kind"] == kind for record in product.events.since(since, "webcam"))
