from __future__ import annotations

import subprocess
import sys

import pytest

from tests import suite
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("arguments", "processors", "count"),
    [
        (["tests"], 2, 2),
        (["tests/track", "tests/types"], 64, suite.MOST_WORKERS),
        (["tests"], 1, 0),
        ([__file__], 2, 0),
        (["tests/track", f"{__file__}::test_who_gets_workers"], 2, 0),
    ],
)
def test_who_gets_workers(arguments: list[str], processors: int, count: int) -> None:
    assert suite.workers(arguments, processors=processors) == count


def test_processes_that_tests_start_keep_bytecode() -> None:
    program = "import sys; print(sys.dont_write_bytecode)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("words", "wanted", "run"),
    [
        (["tests"], suite.DEFAULT, suite.DEFAULT),
        (["tests", f"{__file__}::test_who_gets_workers"], suite.DEFAULT, "not slow"),
        ([__file__], "slow", "slow"),
    ],
)
def test_long_tests_of_a_file_that_is_named_are_run_too(words: list[str], wanted: str, run: str) -> None:
    assert suite.which(words, wanted) == run


def test_the_default_is_that_of_the_settings() -> None:
    assert f"-m '{suite.DEFAULT}'" in (ROOT / "pyproject.toml").read_text("utf-8")
