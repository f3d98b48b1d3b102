"""Fixtures that more than one folder of tests uses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from loguru import logger

from tests import rig, suite

ROOT = Path(__file__).resolve().parent.parent
LONG_S = 1200
"""Time-out of a long test; of the others in pyproject.toml."""
NO_DATA = "no development data"
NO_RIG = "no camera to test with"


@pytest.fixture
def shared_data() -> Path:
    """The development data; a test that asks for it is marked ``weights`` and skips where it is absent."""
    folder = Path(os.environ.get("RECOGNIZER_TEST_DATA", str(ROOT.parent / "shared")))
    if not (folder / "weights").is_dir():
        pytest.skip(f"{NO_DATA} at {folder} (RECOGNIZER_TEST_DATA)")
    return folder


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder like ``tmp_path`` whose path leaves room for sockets, which take 107 bytes (unix(7))."""
    with tempfile.TemporaryDirectory(prefix="r-") as folder:
        yield Path(folder)


@pytest.fixture
def logged_warnings() -> Iterator[list[str]]:
    """The warnings logged so far, a text each."""
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line).rstrip("\n")), level="WARNING", format="{message}")
    yield lines
    logger.remove(handler)


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """All lines logged so far from INFO up, each with its level before it."""
    lines: list[str] = []
    handler = logger.add(lambda line: lines.append(str(line).rstrip("\n")), level="INFO", format="{level} {message}")
    yield lines
    logger.remove(handler)


@pytest.fixture(scope="session")
def rig_data() -> Path:
    """The development data, on a machine where its RTSP server runs."""
    folder = Path(os.environ.get("RECOGNIZER_TEST_DATA", str(ROOT.parent / "shared")))
    why = rig.missing() if (folder / "rig").is_dir() else f"no rig at {folder}"
    if why:
        pytest.skip(f"{NO_RIG}: {why}")
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Run the long tests of a file that is named, too."""
    config.option.markexpr = suite.which(config.args, config.option.markexpr)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give long tests more time: those marked slow and those that wait for a camera's server."""
    for item in items:
        if item.get_closest_marker("slow") or "rig_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(LONG_S))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Leave all processors to a test with real cameras: it measures how old frames are."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    folder = Path(tempfile.gettempdir()) / f"recognizer-tests-{os.environ['PYTEST_XDIST_TESTRUNUID']}"
    folder.mkdir(exist_ok=True)
    with suite.turn(folder, alone="rig_data" in getattr(item, "fixturenames", ())):
        return (yield)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Share the run where the whole suite or a folder of it is run."""
    return suite.workers(config.args, processors=len(os.sched_getaffinity(0)))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where the data was promised, a test that did without it has failed."""
    promised = "RECOGNIZER_TEST_DATA" in os.environ and exitstatus == pytest.ExitCode.OK
    if promised and suite.skipped(session.config, NO_DATA):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count what did not run, so that a green line cannot hide it."""
    if count := suite.skipped(terminalreporter.config, NO_RIG):
        terminalreporter.write_line(f"{count} tests with real cameras did not run: {rig.missing() or 'no rig'}.")
    if count := suite.skipped(terminalreporter.config, NO_DATA):
        terminalreporter.write_line(
            f"{count} tests did not run: they need the development data (set RECOGNIZER_TEST_DATA to its folder)."
        )
