"""No Python process of ours finds a module through its working directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer import children
from recognizer.children import clean_environment, clean_path, protect_this_process, python_command
from tests.conftest import ROOT

SPAWNING = """
import multiprocessing, sys
from recognizer.children import protect_this_process
protect_this_process()
if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=print, args=("spawned",))
    child.start()
    child.join()
    sys.exit(child.exitcode)
"""


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder whose modules leave a file when they are imported."""
    for name in ("typer", "yaml", "socket", "random", "colorsys"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'RUN')!r}, 'a').write({name!r}); raise ImportError")
    return tmp_path


@pytest.mark.parametrize("python_path", [None, "", os.pathsep, f"{os.pathsep}/nowhere", "."])
def test_a_child_imports_nothing_from_its_working_directory(
    trap: Path, python_path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if python_path is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONPATH", python_path)
    for words in (["-m", "recognizer.children"], ["-c", "import colorsys, socket, yaml, recognizer"]):
        done = subprocess.run(
            python_command(*words), cwd=trap, env=clean_environment(), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert not (trap / "RUN").exists()


def test_the_command_line_imports_nothing_from_its_working_directory(trap: Path) -> None:
    """Started with ``-c``, whose path begins with the working directory, and as a script."""
    environment = {**os.environ, "PYTHONPATH": ""}
    environment.pop("PYTHONSAFEPATH", None)
    find = f"import sys; sys.path.append({str(ROOT)!r}); import main, yaml, colorsys"
    for words in (["-c", find], [str(ROOT / "main.py"), "--help"]):
        done = subprocess.run(
            [sys.executable, *words], cwd=trap, env=environment, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert not (trap / "RUN").exists()


def test_a_spawned_process_imports_nothing_from_its_working_directory(trap: Path) -> None:
    program = trap / "elsewhere" / "program.py"
    program.parent.mkdir()
    program.write_text(SPAWNING)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONSAFEPATH", None)
    (trap / "multiprocessing.py").write_text(f"open({str(trap / 'RUN')!r}, 'a').write('spawn')")
    done = subprocess.run(
        [sys.executable, str(program)], cwd=trap, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "spawned\n", "")
    assert not (trap / "RUN").exists()


def test_full_paths_of_python_path_stay_after_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/a", "", "b", "/c"]))
    assert clean_environment()["PYTHONPATH"].split(os.pathsep) == [children.PROJECT, "/a", "/c"]


def test_the_working_directory_leaves_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "/a"]))
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    monkeypatch.setattr(sys, "path", ["", ".", str(tmp_path), "/a", "__editable__.x.finder.__path_hook__"])
    protect_this_process()
    assert sys.path == ["/a", "__editable__.x.finder.__path_hook__"]
    assert os.environ["PYTHONSAFEPATH"] == "1"


def test_a_working_directory_that_is_named_in_full_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", str(tmp_path)]))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert clean_path() == [str(tmp_path)]


def test_processes_of_one_that_is_killed_end_without_a_word() -> None:
    code = (
        "import multiprocessing, os, signal; from recognizer.children import protect_this_process\n"
        "protect_this_process(); lock = multiprocessing.get_context('spawn').Lock()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")
