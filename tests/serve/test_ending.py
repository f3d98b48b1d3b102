"""The service ends, whatever its threads do."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from recognizer.children import clean_environment, python_command

PROGRAM = """
import sys, time
from recognizer.app.config import load
from recognizer.serve import web
web.Recogniser = lambda settings, announce: (print("loading", flush=True), time.sleep(600))
web.run_web(load(None, {"gallery": {"folder": sys.argv[1]}, "serve": {"port": 0}}), say=lambda line: None)
"""


@pytest.mark.long
def test_a_model_that_is_being_loaded_is_not_waited_for(tmp_path: Path) -> None:
    """On a slow machine that takes a minute, in a library that no signal reaches."""
    (tmp_path / "gallery").mkdir()
    with subprocess.Popen(
        python_command("-c", PROGRAM, str(tmp_path / "gallery")),
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
