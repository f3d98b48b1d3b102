"""How much memory this process holds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

WORKER_BYTES = 450_000_000
"""What a process that recognises holds, with some room: 410 MB were measured on a 720p camera."""


def peak_rss_mb() -> float | None:
    """Most memory this process ever held, MB; ``None`` where the system does not say."""
    try:  # ru_maxrss would count what the parent held when it forked us
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    except (OSError, ValueError):
        pass
    if sys.platform == "win32":
        return None
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1)


def resident_bytes() -> int:
    """Resident memory of this process now, bytes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def limit_bytes() -> int | None:
    """Memory that this process and its children may hold together, bytes: the machine's, or its control group's.

    ``None`` where the system does not say.
    """
    limits = []
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemTotal:"):
                limits.append(int(line.split()[1]) * 1024)
        group = Path("/proc/self/cgroup").read_text("utf-8").strip().rpartition("::")[2]
        folder = Path("/sys/fs/cgroup") / group.lstrip("/")
        for place in (folder, *folder.parents):
            file = place / "memory.max"
            if file.is_file() and (text := file.read_text("ascii").strip()) != "max":
                limits.append(int(text))
    except (OSError, ValueError):
        pass
    return min(limits, default=None)


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processes_that_fit(most: int) -> int:
    """Return how many processes that recognise the processors and the memory allow besides this one; at least one."""
    limit = limit_bytes()
    return max(1, min(most, cores(), most if limit is None else limit // WORKER_BYTES - 1))
