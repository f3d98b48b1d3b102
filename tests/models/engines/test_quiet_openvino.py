"""OpenVINO is used, and nothing is sent or kept about that."""

from __future__ import annotations

import contextlib
import functools
import locale
import os
import subprocess
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from recognizer.app.build.detectors import GRAPHS
from recognizer.models.catalogue import SHIPPED_FOLDER
from recognizer.models.engines import openvino, quiet_openvino
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


def test_openvino_is_imported_without_its_converter_which_may_still_be_imported() -> None:
    program = (
        "import sys; from recognizer.models.engines import quiet_openvino as quiet; quiet.import_openvino(); "
        "print('openvino.tools.ovc' in sys.modules); import openvino.tools.ovc"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_threads_that_ask_at_once_get_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    both, made = threading.Barrier(2), list[object]()

    class Core:
        def __init__(self) -> None:
            made.append(self)

    def slow_import() -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.2)  # where two import at once, both are here
        return types.SimpleNamespace(Core=Core)

    monkeypatch.setattr(quiet_openvino, "_core", functools.cache(lambda: slow_import().Core()))
    with ThreadPoolExecutor(2) as threads:
        found = set(threads.map(lambda _: quiet_openvino.shared_core(), range(2)))
    assert len(made) == len(found) == 1


class _Counting:
    """OpenVINO's core, which notes whether two threads are in it at once."""

    def __init__(self, core: Any) -> None:
        self._core = core
        self._inside = 0
        self.overlapped = False

    def _alone(self, call: Any, *arguments: Any) -> Any:
        self._inside += 1
        self.overlapped |= self._inside > 1
        try:
            return call(*arguments)
        finally:
            self._inside -= 1

    def read_model(self, path: str) -> Any:
        return self._alone(self._core.read_model, path)

    def compile_model(self, *arguments: Any) -> Any:
        return self._alone(self._core.compile_model, *arguments)


def test_one_thread_at_a_time_reads_and_compiles_and_the_locale_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    before = locale.setlocale(locale.LC_ALL)
    core = _Counting(quiet_openvino.shared_core())
    monkeypatch.setattr(openvino, "shared_core", lambda: core)
    graphs = [SHIPPED_FOLDER / GRAPHS[name] for name in ("onet", "rnet", "pnet", "onet")]
    with ThreadPoolExecutor(len(graphs)) as threads:
        list(threads.map(lambda graph: openvino.OpenVinoRunner(graph, threads=1), graphs))
    assert not core.overlapped
    assert locale.setlocale(locale.LC_ALL) == before
