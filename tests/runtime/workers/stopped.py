"""A pool in a process that a test stops: prints when everybody is named, then how many were replaced.

python -m tests.runtime.workers.stopped FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from recognizer.runtime.workers.pool import Limits
from tests.runtime.workers.conftest import PoolRun


def main(folder: Path) -> None:
    run = PoolRun(folder, "camera 1", "camera 2", limits=Limits(memory_bytes=1_000_000_000, silent_s=0.6)).start()
    run.wait_for_names("camera 1", "camera 2")
    print("named", flush=True)
    sys.stdin.readline()
    run.wait_for_names("camera 1", "camera 2")
    supervised = run.pool._supervised_at
    run.wait(lambda: run.pool._supervised_at > supervised + 1.5)  # by now a wrongly accused worker would be gone
    print(run.pool.replaced, flush=True)
    run.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
