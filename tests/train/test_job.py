"""The command: what it refuses before any work, and how it cuts faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recognizer.capture.pictures import read_picture
from recognizer.errors import ConfigError, UsageError
from recognizer.jobs import train as job


def test_a_graph_must_be_named_onnx(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"own\.pt does not end in \.onnx"):
        job.work(tmp_path / "none.yaml", tmp_path / "own.pt")


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        job.work(tmp_path / "none.yaml", None)


def test_a_picture_without_a_face_gives_none() -> None:
    assert job.face_cutter(40)(np.full((250, 250, 3), 128, np.uint8)) is None


@pytest.mark.weights
def test_a_face_is_cut_upright_and_in_rgb(shared_data: Path) -> None:
    picture = read_picture(shared_data / "data" / "lfw" / "images" / "Abel_Pacheco" / "Abel_Pacheco_0001.jpg")
    crop = job.face_cutter(40)(picture)
    assert crop is not None
    assert crop.shape == (112, 112, 3)
    cheek = crop[70:80, 35:45].reshape(-1, 3).mean(axis=0)
    assert cheek[0] > cheek[2], "skin is redder than blue"
