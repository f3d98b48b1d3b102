"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import rig

ROOT = Path(__file__).resolve().parent.parent
LONG_S = 1200
"""Time-out of a long test; of the others in pyproject.toml."""
_skipped_for_data = 0
_skipped_for_rig: str | None = None


@pytest.fixture
def shared_data() -> Path:
    """The development data; a test that asks for it is marked ``weights`` and skips where it is absent."""
    global _skipped_for_data
    folder = Path(os.environ.get("RECOGNIZER_TEST_DATA", str(ROOT.parent / "shared")))
    if not (folder / "weights").is_dir():
        _skipped_for_data += 1
        pytest.skip(f"no development data at {folder} (RECOGNIZER_TEST_DATA)")
    return folder


@pytest.fixture(scope="session")
def rig_data() -> Path:
    """The development data, on a machine where its RTSP server runs."""
    global _skipped_for_rig
    folder = Path(os.environ.get("RECOGNIZER_TEST_DATA", str(ROOT.parent / "shared")))
    why = rig.missing() if (folder / "rig").is_dir() else f"no rig at {folder}"
    if why:
        _skipped_for_rig = why
        pytest.skip(f"no camera to test with: {why}")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give long tests more time: those marked slow and those that wait for a camera's server."""
    for item in items:
        if item.get_closest_marker("slow") or "rig_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(LONG_S))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where the data was promised, a test that did without it has failed."""
    if _skipped_for_data and "RECOGNIZER_TEST_DATA" in os.environ and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what did not run, so that a green line cannot hide it."""
    if _skipped_for_rig:
        count = sum("no camera to test with" in str(report.longrepr) for report in terminalreporter.stats["skipped"])
        terminalreporter.write_line(f"{count} tests with real cameras did not run: {_skipped_for_rig}.")
    if _skipped_for_data:
        terminalreporter.write_line(
            f"{_skipped_for_data} tests did not run: they need the development data "
            "(set RECOGNIZER_TEST_DATA to its folder)."
        )
