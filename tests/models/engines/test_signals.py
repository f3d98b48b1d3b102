"""Engines that are released leave signals as they were."""

from __future__ import annotations

import subprocess

from recognizer.children import clean_environment, python_command

_PROGRAM = """
import os, pathlib, signal
import recognizer.models
from recognizer.models.engines.openvino import OpenVinoRunner
graph = next((pathlib.Path(recognizer.models.__file__).parent / "data").rglob("*.onnx"))
signal.signal(signal.SIGTERM, lambda *_: print("handled", flush=True))
first, second = OpenVinoRunner(graph, threads=1), OpenVinoRunner(graph, threads=1)
del first
del second
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_after_two_engines_were_released_is_handled() -> None:
    done = subprocess.run(
        python_command("-c", _PROGRAM), env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "handled\n")
