"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_skipped_for_data = 0


@pytest.fixture
def shared_data() -> Path:
    """The development data; a test that asks for it is marked ``weights`` and skips where it is absent."""
    global _skipped_for_data
    folder = Path(os.environ.get("RECOGNIZER_TEST_DATA", str(ROOT.parent / "shared")))
    if not (folder / "weights").is_dir():
        _skipped_for_data += 1
        pytest.skip(f"no development data at {folder} (RECOGNIZER_TEST_DATA)")
    return folder


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where the data was promised, a test that did without it has failed."""
    if _skipped_for_data and "RECOGNIZER_TEST_DATA" in os.environ and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what did not run, so that a green line cannot hide it."""
    if _skipped_for_data:
        terminalreporter.write_line(
            f"{_skipped_for_data} tests did not run: they need the development data "
            "(set RECOGNIZER_TEST_DATA to its folder)."
        )
