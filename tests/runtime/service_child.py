"""A small stand-in for the service's children: says that it is ready, writes its number, and obeys a file.

python service_child.py NAME FOLDER         the file FOLDER/NAME.do: "exit N", "restart", "deaf", "orphan"
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from recognizer.runtime.parent import end_with_parent
from recognizer.runtime.supervisor import Supervisor


def main() -> None:
    """Live until the file says otherwise."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    end_with_parent()
    orders, parent = folder / f"{name}.do", Supervisor()
    (folder / f"{name}.pid").write_text(str(os.getpid()))
    while True:
        order = orders.read_text().split() if orders.exists() else []
        match order:
            case ["exit", status]:
                orders.unlink()
                sys.exit(int(status))
            case ["fail", status]:
                sys.exit(int(status))
            case ["restart"]:
                orders.unlink()
                parent.notify("RESTART=recognition")
            case ["deaf"]:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
        parent.notify("READY=1")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
