"""The process that reads damaged files, one after the other, and says before and after each what it does.

python -m tests.fuzz.child KIND SEED FIRST END
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any, TextIO

from loguru import logger

from recognizer.errors import RecognizerError
from tests.fuzz.targets import TARGETS, item, target
from tests.soak.product import children

MEMORY_BYTES = 4 << 30
"""More than this child had at its start, it may not have: a bomb must not hurt the machine."""
_SIZE = re.compile(r"^(VmRSS|VmHWM):\s+(\d+) kB", re.MULTILINE)


def main() -> None:
    """Read the items of a range."""
    kind, seed, first, end = sys.argv[1], *map(int, sys.argv[2:5])
    answers = _answers()
    logger.remove()
    wholes = target(kind).seeds()
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        folder = Path(place) / "item"
        for whole in wholes if kind in TARGETS else ():  # what is loaded once is loaded now
            _outcome(kind, whole, folder)
        for index in range(first, end):
            data = item(kind, seed, index, wholes)
            print(json.dumps({"begins": index}), file=answers, flush=True)
            print(json.dumps({"index": index, **_outcome(kind, data, folder)}), file=answers, flush=True)


def _answers() -> TextIO:
    """The standard output for us; what libraries print goes nowhere."""
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    return answers


def _outcome(kind: str, data: bytes, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    before, began = _new_peak_mb(), time.monotonic()
    found: dict[str, Any]
    try:
        found = {"outcome": target(kind).read(data, folder)}
    except RecognizerError as error:
        found = {"outcome": f"refused: {type(error).__name__}"}
    except (Exception, RecursionError) as error:  # the very thing that is looked for
        found = {"outcome": "fault", "what": f"{type(error).__name__}: {error}"[:300], "where": _where(error)}
    took_s = time.monotonic() - began
    resident, peak = _memory_mb()
    shutil.rmtree(folder)
    return {**found, "s": took_s, "peak_mb": peak - before, "resident_mb": resident}


def _where(error: BaseException) -> str:
    """The innermost place in the project, and the innermost of all."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}recognizer{os.sep}" in frame.filename]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in [*ours[-1:], *frames[-1:]])


def _new_peak_mb() -> float:
    """Forget the largest memory so far; return the present one."""
    for pid in [os.getpid(), *children(os.getpid())]:
        with contextlib.suppress(OSError):  # then peaks are those of all items so far
            Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _memory_mb()[0]


def _memory_mb() -> tuple[float, float]:
    """Resident memory and its peak, with those of processes that decode for us."""
    resident = peak = 0
    for pid in [os.getpid(), *children(os.getpid())]:
        with contextlib.suppress(OSError):  # it has ended
            sizes = dict(_SIZE.findall(Path(f"/proc/{pid}/status").read_text()))
            resident, peak = resident + int(sizes.get("VmRSS", 0)), peak + int(sizes.get("VmHWM", 0))
    return resident / 1024, peak / 1024


if __name__ == "__main__":
    main()
