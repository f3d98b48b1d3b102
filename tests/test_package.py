"""The wheel: what is in it, what it asks for, and the command that it installs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import recognizer
from tests.conftest import ROOT

SHIPPED = ("models/data", "demo/media", "serve/page", "serve/swagger")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run([sys.executable, "-m", "pip", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [built] = folder.iterdir()
    return built


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    tops = {name.partition("/")[0] for name in names_in(wheel)}
    assert tops == {"recognizer", f"recognizer-{recognizer.__version__}.dist-info"}


@pytest.mark.parametrize("folder", SHIPPED)
def test_the_wheel_holds_every_shipped_graph_and_picture(wheel: Path, folder: str) -> None:
    inside = ROOT / "recognizer" / folder
    files = {path.relative_to(ROOT).as_posix() for path in inside.rglob("*") if path.is_file()}
    assert len(files) > 5
    assert files <= names_in(wheel)


def test_the_wheel_says_that_it_is_typed(wheel: Path) -> None:
    assert "recognizer/py.typed" in names_in(wheel)


def test_its_dependencies_are_those_of_the_requirements_files(wheel: Path) -> None:
    info = f"recognizer-{recognizer.__version__}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        fields = Parser().parsestr(archive.read(f"{info}/METADATA").decode("utf-8"))
        commands = archive.read(f"{info}/entry_points.txt").decode("utf-8")
    asked = fields.get_all("Requires-Dist") or []
    assert [line for line in asked if "extra" not in line] == sorted(pins("requirements.txt"))
    for extra in ("train", "bench", "report", "postgres", "milvus", "serve", "integrations", "archive"):
        of_extra = [line.partition(";")[0].strip() for line in asked if f"extra == '{extra}'" in line]
        assert of_extra == sorted(pins(f"requirements-{extra}.txt"))
    extras = {"train", "bench", "report", "postgres", "milvus", "serve", "integrations", "archive"}
    assert set(fields.get_all("Provides-Extra") or []) == extras
    assert "recognizer = recognizer.__main__:main" in commands


def pins(file: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / file).read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("-")]


@pytest.mark.parametrize("start", [["-m", "recognizer"], [str(ROOT / "main.py")]])
def test_every_way_to_start_it_says_the_version(start: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *start, "--version"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == f"recognizer {recognizer.__version__}"


def test_a_missing_package_is_one_message(tmp_path: Path) -> None:
    """With another interpreter, or before the installation: ``-S`` finds no installed package."""
    start = [sys.executable, "-S", str(ROOT / "main.py"), "enroll"]
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONSAFEPATH"}}
    done = subprocess.run(start, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 2
    assert "pip install -r requirements.txt" in done.stderr
    assert "Traceback" not in done.stderr
