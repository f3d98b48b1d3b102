from __future__ import annotations

import os
import subprocess
import sys

from recognizer.children import clean_environment, python_command

PROGRAM = """
import signal, sys, time
from recognizer.runtime.parent import end_with_parent
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
end_with_parent()
print("ready", flush=True)
time.sleep(60)
"""


def test_a_process_ends_when_its_parent_closes_the_pipe() -> None:
    with subprocess.Popen(
        python_command("-c", PROGRAM), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=clean_environment()
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"ready\n"
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(20) == 7


def test_another_python_takes_the_place_of_a_process() -> None:
    program = "from recognizer.children import become_python; become_python('-c', 'import os; print(os.getpid())')"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=clean_environment()) as process:
        printed, _ = process.communicate(timeout=60)
    assert int(printed) == process.pid != os.getpid()
    assert process.returncode == 0
