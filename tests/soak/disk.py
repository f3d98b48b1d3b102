"""Part "full disk": the events' disk fills up and is freed again, or a file may not grow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.soak.camera import Camera
from tests.soak.context import END_S, Context
from tests.soak.events import problems
from tests.soak.product import Product
from tests.soak.report import Part

_DISK = "size=64k"
_LIMIT_BYTES = 8192
_LONGEST_S = 90.0


def full_disk(context: Context, part: Part, seconds: float) -> None:
    """Fill the disk under a run's events; without the right to mount one, limit the size of its files."""
    gallery = context.gallery("gallery-disk")
    with Camera(context.clip) as camera, _small_disk(context.place("disk")) as disk:
        if disk is None:
            part.figures["how"] = "RLIMIT_FSIZE, as no disk can be mounted here"
            _limited(context, part, camera, gallery)
        else:
            part.figures["how"] = f"tmpfs, {_DISK}"
            _filled(context, part, camera, gallery, disk)


@contextmanager
def _small_disk(place: Path) -> Iterator[Path | None]:
    mount = shutil.which("mount")
    words = [str(mount), "-t", "tmpfs", "-o", _DISK, "none", str(place)]
    if mount is None or subprocess.run(words, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _filled(context: Context, part: Part, camera: Camera, gallery: Path, disk: Path) -> None:
    path, filler = disk / "events.jsonl", disk / "filler"
    sources = {"camera": camera.address}
    with Product(
        context.folder / "disk-run", sources, gallery=gallery, model=context.model, events=str(path)
    ) as product:
        product.wait_live("camera")
        with filler.open("wb", buffering=0) as file:
            while os.statvfs(disk).f_bavail:
                file.write(bytes(4096))
        reported_s = product.wait(lambda: product.said("cannot be written"), _LONGEST_S)
        product.wait(lambda: False, 8.0)  # it must neither end nor repeat itself meanwhile
        times = product.log.read_text("utf-8", "replace").count("cannot be written")
        part.check("a full disk is reported once", times == 1, wanted="1 line", came=f"{times} lines")
        part.check("the run goes on", product.alive, wanted="alive", came=product.process.poll())
        before = len(product.events)
        filler.unlink()
        back_s = product.wait(lambda: len(product.events) > before, _LONGEST_S)
        part.check("events are written again", back_s < float("inf"), wanted="events", came=f"after {back_s:.1f} s")
        status, took_s = product.end()
        part.check("exit status after SIGTERM", status == 0, wanted="0", came=status)
        part.at_most("time to end after SIGTERM", took_s, END_S, "s")
        found = problems(product.events.refresh())
        part.check("events complete", not found, wanted="none lost", came="; ".join(found[:3]) or "complete")
        part.faults.append(f"disk full: reported after {reported_s:.1f} s; freed: written again after {back_s:.1f} s")


def _limited(context: Context, part: Part, camera: Camera, gallery: Path) -> None:
    limit = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({_LIMIT_BYTES},) * 2)"
    prefix = [sys.executable, "-c", f"{limit}; os.execv(sys.argv[1], sys.argv[1:])"]
    sources = {"camera": camera.address}
    with Product(
        context.folder / "disk-run", sources, gallery=gallery, model=context.model, prefix=prefix, options=["--no-sync"]
    ) as product:
        reported_s = product.wait(lambda: product.said("cannot be written"), _LONGEST_S)
        part.check(
            "the limit is reported", reported_s < float("inf"), wanted="a line", came=f"after {reported_s:.1f} s"
        )
        status, took_s = product.end()
        part.check("exit status after SIGTERM", status == 6, wanted="6", came=status)
        part.at_most("time to end after SIGTERM", took_s, END_S, "s")
        size = product.events.path.stat().st_size
        part.check(
            "whole lines only", product.events.path.read_bytes()[-1:] == b"\n", wanted="yes", came=f"{size} bytes"
        )
        part.faults.append(f"files may have {_LIMIT_BYTES} bytes: reported after {reported_s:.1f} s")
