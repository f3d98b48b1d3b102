from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recognizer.errors import WeightsError
from recognizer.models.cache import Cache

ROOT = Path(__file__).resolve().parents[2]
SIGNED = "some_model-0123456789ab"


class Maker:
    """Writes a graph and counts its calls."""

    def __init__(self, content: bytes = b"graph") -> None:
        self.content, self.calls = content, 0

    def __call__(self, target: Path) -> float:
        self.calls += 1
        target.write_bytes(self.content)
        return 0.99999


def test_graph_is_made_once(tmp_path: Path) -> None:
    cache, make = Cache(tmp_path), Maker()
    assert cache.graph(SIGNED) is None
    path = cache.add_graph("some_model", SIGNED, make)
    assert cache.add_graph("some_model", SIGNED, make) == cache.graph(SIGNED) == path
    assert path.read_bytes() == b"graph"
    assert make.calls == 1
    manifest = cache.manifest(SIGNED)
    assert manifest is not None
    assert (manifest.name, manifest.fingerprint, manifest.parity) == ("some_model", SIGNED, 0.99999)


@pytest.mark.parametrize("damage", ["graph", "graph_gone", "manifest", "manifest_gone", "manifest_other_keys"])
def test_damaged_graph_is_made_again(tmp_path: Path, damage: str) -> None:
    cache, make = Cache(tmp_path), Maker()
    path = cache.add_graph("some_model", SIGNED, make)
    manifest = path.with_suffix(".json")
    match damage:
        case "graph":
            path.write_bytes(b"grap?")
        case "graph_gone":
            path.unlink()
        case "manifest":
            manifest.write_text("{")
        case "manifest_gone":
            manifest.unlink()
        case "manifest_other_keys":
            manifest.write_text('{"name": "x"}')
    assert cache.graph(SIGNED) is None
    cache.add_graph("some_model", SIGNED, make)
    assert make.calls == 2
    assert cache.graph(SIGNED) == path


def test_failed_conversion_leaves_nothing(tmp_path: Path) -> None:
    def make(target: Path) -> float:
        target.write_bytes(b"half")
        raise WeightsError("another network")

    cache = Cache(tmp_path)
    with pytest.raises(WeightsError, match="another network"):
        cache.add_graph("some_model", SIGNED, make)
    assert list((tmp_path / "graphs").iterdir()) == []


PROCESS = """
import sys
from pathlib import Path
from recognizer.models.cache import Cache
def make(target):
    target.write_bytes(b"half")
    print("making", flush=True)
    sys.stdin.readline()
    target.write_bytes(b"graph")
    return 1.0
print("ready", flush=True)
print(Cache(Path(sys.argv[1])).add_graph("some_model", "some_model-0123456789ab", make).read_bytes(), flush=True)
"""


def start(folder: Path) -> subprocess.Popen[str]:
    """A process about to convert; while it does, it waits for a line."""
    command = [sys.executable, "-c", PROCESS, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_killed_conversion_leaves_no_half_graph_and_no_lock(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "making\n"
        process.send_signal(signal.SIGKILL)
    cache, make = Cache(tmp_path), Maker()
    assert cache.graph(SIGNED) is None
    path = cache.add_graph("some_model", SIGNED, make)
    assert path.read_bytes() == b"graph"
    assert sorted(p.suffix for p in path.parent.iterdir()) == [".json", ".onnx"]


def test_of_two_processes_at_once_one_converts(tmp_path: Path) -> None:
    processes = [start(tmp_path) for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go on\n")
        process.stdin.flush()
    said = []
    for process in processes:  # not communicate(): it loses what readline() has read ahead
        with process:
            assert process.stdout is not None
            said.append(process.stdout.read().splitlines())
    assert sorted(said) == [["b'graph'"], ["making", "b'graph'"]]


def test_folder_that_cannot_be_written_names_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"cannot be written.*set RECOGNIZER_CACHE"):
        Cache(tmp_path / "file").add_graph("some_model", SIGNED, Maker())


def test_folder_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOGNIZER_CACHE", str(tmp_path / "elsewhere"))
    assert Cache().folder == tmp_path / "elsewhere"
    assert Cache(tmp_path).folder == tmp_path
    monkeypatch.delenv("RECOGNIZER_CACHE")
    assert Cache().folder.name == "recognizer"
