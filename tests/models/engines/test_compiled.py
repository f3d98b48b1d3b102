"""What OpenVINO keeps is believed only with its digest, and done without where it cannot be used."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from recognizer.models.catalogue import SHIPPED_FOLDER
from recognizer.models.engines.openvino import OpenVinoRunner
from recognizer.types import F32

ONET = SHIPPED_FOLDER / "mtcnn_onet.onnx"
NOBODY = 65534


def scores(cache: Path | None) -> F32:
    return OpenVinoRunner(ONET, threads=1, cache_dir=cache).run(np.ones((2, 48, 48, 3), np.float32))["landmarks"]


def test_a_compiled_graph_is_kept_and_used_again(tmp_path: Path) -> None:
    first = scores(tmp_path)
    [blob] = tmp_path.rglob("*.blob")
    before = blob.stat().st_mtime_ns
    np.testing.assert_array_equal(scores(tmp_path), first)
    assert blob.stat().st_mtime_ns == before


@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "other digest", "no digest"])
def test_a_damaged_one_is_compiled_again(tmp_path: Path, damage: str) -> None:
    wanted = scores(tmp_path)
    [blob] = tmp_path.rglob("*.blob")
    data = bytearray(blob.read_bytes())
    blob.chmod(0o600)
    if damage == "bit":
        for at in range(len(data) // 2, len(data), 4096):
            data[at] ^= 0x40
        blob.write_bytes(data)
    elif damage == "other digest":
        blob.with_suffix(".sha256").write_text("0" * 64)
    elif damage == "no digest":
        blob.with_suffix(".sha256").unlink()
    else:
        blob.write_bytes(data[: len(data) // 2] if damage == "cut" else b"")
    os.utime(blob, ns=(0, 0))
    np.testing.assert_array_equal(scores(tmp_path), wanted)
    [blob] = tmp_path.rglob("*.blob")
    assert blob.stat().st_mtime_ns > 0


@contextmanager
def another_users(folder: Path) -> Iterator[None]:
    """A cache whose files may be neither read nor replaced; root meets it as user nobody."""
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o700)


def test_another_users_cache_is_done_without() -> None:
    for path in (ONET, Path(str(find_spec("openvino").origin))):  # type: ignore[union-attr]
        if not all(folder.stat().st_mode & 0o001 for folder in path.parents):
            pytest.skip(f"another user cannot reach {path}")
    with TemporaryDirectory(dir=None if os.geteuid() else "/tmp") as name:  # noqa: S108 - root's TMPDIR may be closed to others
        folder = Path(name)
        wanted = scores(folder)
        with another_users(folder):
            np.testing.assert_array_equal(scores(folder), wanted)


def test_a_file_in_the_place_of_the_cache(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    np.testing.assert_array_equal(scores(tmp_path / "cache"), scores(None))
