"""The short start of the command line, before its commands are imported."""

from __future__ import annotations

import subprocess

from recognizer.children import clean_environment, python_command

_START = "import sys; sys.modules[{!r}] = None; from recognizer.__main__ import main; sys.exit(main())"


def _run_without(module: str) -> subprocess.CompletedProcess[str]:
    command = python_command("-c", _START.format(module), "--version")
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False, timeout=100)


def test_a_half_installed_program_says_so() -> None:
    """As while it is upgraded: the traceback was lost with the thread that writes to standard error."""
    done = _run_without("recognizer.cli.main")
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr
