"""The release gate: run the product against cameras, disks, clocks and people that misbehave, and check what it does.

python -m tests.soak                                     five minutes
python -m tests.soak --minutes 60 --report out/soak.md
python -m tests.soak --part signals --part clock

Everything is asserted from outside: events, summary, log, exit status, and what the system says of the process.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.conftest import ROOT
from tests.soak import report
from tests.soak.clock import clock_jumps
from tests.soak.context import Context, quiet_opencv
from tests.soak.disk import full_disk
from tests.soak.endings import signals
from tests.soak.live import cameras
from tests.soak.report import Part
from tests.soak.services import services
from tests.soak.strangers import faces
from tests.soak.udp import udp_loss
from tests.soak.webcam import webcam

PARTS: dict[str, tuple[Callable[[Context, Part, float], None], float]] = {
    "cameras": (cameras, 0.5),
    "faces": (faces, 0.2),
    "signals": (signals, 0.1),
    "full disk": (full_disk, 0.05),
    "clock": (clock_jumps, 0.05),
    "udp": (udp_loss, 0.05),
    "webcam": (webcam, 0.05),
    "services": (services, 0.05),
}
"""Each part, and its share of the time; those but the first two take as long as their faults do."""


def main() -> int:
    """Run the parts, print and write the report; 0 when nothing failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="time for all parts together, roughly")
    parser.add_argument("--report", type=Path, help="write the report here, Markdown or .json")
    parser.add_argument("--part", action="append", choices=list(PARTS), help="only these")
    parser.add_argument("--keep", type=Path, help="folder for settings, logs and events; else they are deleted")
    options = parser.parse_args()
    interrupted = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    quiet_opencv()
    parts = []
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        folder = (options.keep or Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        context = Context(folder, _data(), options.minutes, interrupted)
        for name in options.part or PARTS:
            parts.append(_run(name, context, options.minutes))
            print("\n".join(report.lines(parts[-1])), flush=True)
            if interrupted.is_set():
                break
    command = " ".join(["python -m tests.soak", *sys.argv[1:]])
    if options.report:
        report.write(options.report, parts, command=command)
    passed, failed, not_run = report.counts(parts)
    for part in parts:
        if part.not_run:
            print(f"not run: {part.name}: {part.not_run}")
    print(f"soak: {passed} passed, {failed} failed, {not_run} skipped")
    return int(failed > 0 or interrupted.is_set())


def _run(name: str, context: Context, minutes: float) -> Part:
    part, began = Part(name), time.monotonic()
    work, share = PARTS[name]
    try:
        work(context, part, share * minutes * 60)
    except Exception as error:  # the other parts go on
        part.check("the part itself", False, wanted="no error", came=f"{type(error).__name__}: {error}")
    part.took_s = time.monotonic() - began
    return part


def _data() -> Path | None:
    folder = Path(os.environ.get("RECOGNIZER_TEST_DATA", str(ROOT.parent / "shared")))
    return folder.resolve() if (folder / "weights").is_dir() else None


if __name__ == "__main__":
    sys.exit(main())
