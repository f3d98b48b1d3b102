"""The rules of the house that no reader should have to remember."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAVY = ("torch", "openvino", "onnxruntime", "faiss", "cv2", "av", "timm", "lightning", "fastapi")


def loaded_by(statement: str) -> set[str]:
    program = f"import sys; {statement}; print(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", ["recognizer", "recognizer.types", "recognizer.protocols", "recognizer.app.config"])
def test_importing_the_package_loads_nothing_heavy(name: str) -> None:
    assert loaded_by(f"import {name}") == set()


def test_the_command_line_starts_without_networks_and_engines() -> None:
    assert loaded_by("import recognizer.cli.main") <= {"cv2", "av"}


def test_the_public_class_comes_without_networks_and_engines() -> None:
    assert loaded_by("from recognizer import FaceRecognizer") <= {"cv2", "av"}


def test_a_recogniser_is_built_without_torch() -> None:
    program = "from recognizer.app import build, config; build.detector(config.load())"
    assert "torch" not in loaded_by(program)


def test_import_rules_hold() -> None:
    done = subprocess.run(["lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_test_module_imports_another() -> None:
    importing = re.compile(r"^\s*(?:from|import)\s+(?:tests\.[\w.]*|\.)?\btest_", re.MULTILINE)
    assert [str(path) for path in (ROOT / "tests").rglob("*.py") if importing.search(path.read_text("utf-8"))] == []
