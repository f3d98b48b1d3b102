"""The list of commands, and commands that are imported when they are called."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
import typer.main

from recognizer.children import clean_environment, python_command
from recognizer.cli.main import COMMANDS, app
from tests.conftest import ROOT

_AFTER = "import sys; from recognizer.cli.main import run_command_line; run_command_line({!r}); print(*sys.modules)"


def modules_after(*words: str) -> set[str]:
    command = python_command("-c", _AFTER.format(list(words)))
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name: str) -> None:
    group: Any = typer.main.get_command(app)
    command = group.commands[name]
    assert (command.name, command.help.split("\n\n")[0]) == (name, COMMANDS[name].help)
    assert command.rich_help_panel == COMMANDS[name].panel


def test_help_lists_all_commands_and_imports_none() -> None:
    command = python_command("-m", "recognizer", "--help")
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    assert not {f"recognizer.cli.{name}" for name in COMMANDS} & modules_after("--help")


def test_a_command_imports_no_other_one() -> None:
    imported = modules_after("webhook", "--help")
    assert {f"recognizer.cli.{name}" for name in COMMANDS} & imported == {"recognizer.cli.webhook"}


def test_a_word_that_is_no_command_gets_a_suggestion() -> None:
    command = python_command("-m", "recognizer", "benhc")
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Did you mean 'bench'?" in done.stderr


def test_a_package_that_is_missing_is_named() -> None:
    program = "import sys; sys.modules['cv2'] = None; from recognizer.__main__ import main; sys.exit(main())"
    command = python_command("-c", program, "run", "--help")
    done = subprocess.run(command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "the package cv2 is not installed" in done.stderr
