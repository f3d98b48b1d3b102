"""Run small programs as the project starts its children."""

from __future__ import annotations

import subprocess

from recognizer.children import clean_environment, python_command


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program of this project to its end; its output is kept."""
    return subprocess.run(
        python_command("-c", program, *arguments),
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
