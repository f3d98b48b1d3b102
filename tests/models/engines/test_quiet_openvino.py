"""OpenVINO is used, and nothing is sent or kept about that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

BUILT = "from recognizer.app import build, config; build.video_detector(config.load())"


def test_openvino_is_imported_without_its_telemetry(tmp_path: Path) -> None:
    program = f"{BUILT}; import sys; print('openvino' in sys.modules, sys.modules.get('openvino_telemetry'))"
    env = {**os.environ, "HOME": str(tmp_path), "RECOGNIZER_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True None\n"
    assert not (tmp_path / "intel").exists()


def test_only_one_module_imports_openvino() -> None:
    importing = ("import openvino", "from openvino")
    found = [
        file.name
        for file in (ROOT / "recognizer").rglob("*.py")
        if any(line.strip().startswith(importing) for line in file.read_text("utf-8").splitlines())
    ]
    assert found == []
