"""Rules of the code that no reader should have to remember."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAVY = (
    "torch",
    "openvino",
    "onnxruntime",
    "faiss",
    "scipy",
    "cv2",
    "av",
    "timm",
    "lightning",
    "fastapi",
    "sqlalchemy",
)


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", ["recognizer", "recognizer.types", "recognizer.protocols", "recognizer.app.config"])
def test_importing_the_package_loads_nothing_heavy(name: str) -> None:
    assert loaded_by(f"import {name}") == set()


def test_the_command_line_starts_without_networks_and_engines() -> None:
    assert loaded_by("import recognizer.cli.main") <= {"cv2", "av"}


def test_a_recogniser_is_built_without_torch() -> None:
    program = "from recognizer.app import build, config; build.video_detector(config.load())"
    assert "torch" not in loaded_by(program)


def test_import_rules_hold() -> None:
    done = subprocess.run(["lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


STARTS_PYTHON = re.compile(
    r"sys\.executable|\bos\.(exec|spawn|posix_spawn|fork|system|popen)|forkserver|runpy|num_workers=[^0]"
    r"|[\"'](/usr/bin/(env )?)?python3?[\"']|(?<!_)spawn\(|get_context\(|start_method="
)


def test_nobody_starts_a_python_without_the_safe_command() -> None:
    """``recognizer.children`` makes the command; what libraries start has a protected process before it."""
    for file in [ROOT / "main.py", *sorted((ROOT / "recognizer").rglob("*.py"))]:
        text = file.read_text("utf-8")
        if file.name == "children.py":
            continue
        if found := STARTS_PYTHON.search(text):
            library = found[0] in {"get_context(", "start_method="}
            assert library, f"{file}: {found[0]}"
            assert "protect_this_process()" in text, f"{file}: {found[0]}"
        if "python_command(" in text:
            assert "env=clean_environment()" in text or "= clean_environment()" in text, file


def test_no_test_module_imports_another() -> None:
    importing = re.compile(r"^\s*(?:from|import)\s+(?:tests\.[\w.]*|\.)?\btest_", re.MULTILINE)
    assert [str(path) for path in (ROOT / "tests").rglob("*.py") if importing.search(path.read_text("utf-8"))] == []
