"""The shell completion that docs/completion.md describes."""

from __future__ import annotations

import subprocess

import pytest

from recognizer.children import clean_environment, python_command

_AS_INSTALLED = "import sys; sys.argv[0] = 'recognizer'; from recognizer.__main__ import main; sys.exit(main())"


def _recognizer(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = python_command("-c", _AS_INSTALLED, *words)
    variables = clean_environment() | environment
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=100)


def test_the_script_for_bash_is_printed() -> None:
    """The shell is named here; without the variable it is that of the process above, which is none in a test."""
    done = _recognizer("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert done.returncode == 0, done.stderr
    assert "_RECOGNIZER_COMPLETE=complete_bash" in done.stdout


@pytest.mark.parametrize(("typed", "number", "completed"), [("hist", "1", "history"), ("history exp", "2", "explain")])
def test_tab_completes_and_leaves_the_terminal_alone(typed: str, number: str, completed: str) -> None:
    done = _recognizer(COMP_WORDS=f"recognizer {typed}", COMP_CWORD=number, _RECOGNIZER_COMPLETE="complete_bash")
    assert completed in done.stdout.split()
    assert done.stderr == ""
