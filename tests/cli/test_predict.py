"""Vectors in both kinds of file, unreadable pictures, and interrupted work."""

from __future__ import annotations

import importlib.util
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from recognizer.cli.main import app
from recognizer.errors import InputError, OutputError, RecognizerError, UsageError
from recognizer.evaluation.faces import QUALITY
from tests.conftest import ROOT
from tests.rig import wait_until


def program(data: Path, pictures: Path, output: Path, cache: Path) -> list[str]:
    words = [sys.executable, str(ROOT / "main.py"), "predict", str(pictures), "-o", str(output), "--cache", str(cache)]
    return [*words, "--model", "edgeface_xs_q", "--weights-dir", str(data / "weights")]


def kept(cache: Path) -> dict[str, int]:
    """Row numbers of the pictures that are done, by stamp; a picture processed again would get a new number."""
    for file in cache.glob("*.sqlite"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as store:
            try:
                return dict(store.execute("SELECT stamp, rowid FROM faces"))
            except sqlite3.OperationalError:  # being made
                return {}
    return {}


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["nowhere", "-o", "x.csv"], UsageError, "ending in .npz or .parquet"),
        (["nowhere", "-o", "x.npz"], InputError, "nowhere"),
        (["list.txt", "-o", "x.npz"], InputError, "gone.jpg"),
        (["list.txt", "-o", "list.txt/x.npz"], OutputError, "cannot be written here"),
    ],
)
def test_errors_come_before_a_model_is_loaded(
    arguments: list[str], error: type[RecognizerError], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("gone.jpg\n")
    with pytest.raises(error, match=message):
        CliRunner().invoke(app, ["predict", *arguments], catch_exceptions=False)


def test_parquet_without_its_package_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as if it were not installed
    with pytest.raises(UsageError, match=r"pip install pyarrow\. A \.npz file needs none"):
        CliRunner().invoke(app, ["predict", ".", "-o", str(tmp_path / "v.parquet")], catch_exceptions=False)


@pytest.mark.long
@pytest.mark.weights
def test_both_files_hold_names_vectors_quality_and_the_model(shared_data: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for photo in (shared_data / "data/video/friends_gallery").glob("*/1.png"):
        (pictures / f"{photo.parent.name}.png").write_bytes(photo.read_bytes())
    (pictures / "broken.jpg").write_bytes(b"no picture")
    for name in ("v.npz", "v.parquet"):
        done = subprocess.run(
            program(shared_data, pictures, tmp_path / name, tmp_path / "c"),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert "broken.jpg" in done.stderr
    with np.load(tmp_path / "v.npz") as archive:
        assert archive["vectors"].shape == (6, 512)
        np.testing.assert_allclose(np.linalg.norm(archive["vectors"], axis=1), 1, atol=1e-5)
        assert archive["name"].tolist()[0] == "Chandler.png"
        assert archive["found"].all()
        assert archive["usable"].all()
        assert (archive["eyes_px"] > 20).all()
        assert str(archive["model"]).startswith("edgeface_xs_q-")
        if importlib.util.find_spec("pyarrow") is None:
            pytest.skip("pyarrow is not installed")
        from pyarrow import parquet

        table = parquet.read_table(tmp_path / "v.parquet")
        assert table.num_rows == 6
        assert set(table["model"].to_pylist()) == {str(archive["model"])}
        np.testing.assert_array_equal(np.stack(table["vector"].to_numpy(zero_copy_only=False)), archive["vectors"])
        for column in ("name", "found", "usable", *QUALITY):
            assert table[column].to_pylist() == archive[column].tolist()


@pytest.mark.long
@pytest.mark.weights
def test_killed_work_goes_on_where_it_was(
    shared_data: Path, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    files = sorted((shared_data / "data/lfw/images").glob("A*/*.jpg"))[:160]
    (tmp_path / "list.txt").write_text("\n".join(map(str, files)))
    output, cache = tmp_path / "v.npz", tmp_path / "c"
    words = program(shared_data, tmp_path / "list.txt", output, cache)
    first = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    started.append(first)
    assert wait_until(lambda: len(kept(cache)) >= 16, seconds=60) < 60
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = kept(cache)
    assert 16 <= len(before) < 160
    assert not output.exists()
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    after = kept(cache)
    assert len(after) == 160
    assert {stamp: after[stamp] for stamp in before} == before  # none of them was processed twice
    with np.load(output) as archive:
        assert archive["name"].tolist() == [str(file) for file in files]
