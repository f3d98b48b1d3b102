"""Readers of damaged pictures, YAML files and calibration files."""

from __future__ import annotations

import functools
import importlib.util
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from recognizer.app import config
from recognizer.calibration import calibration_file
from recognizer.capture.pictures import decode_picture
from recognizer.errors import RecognizerError
from recognizer.evaluation.truth import read_truth
from recognizer.models import spec_file


def read_damaged_picture(data: bytes, folder: Path) -> str:
    """Decode it; the pixels must be what is promised."""
    image = decode_picture(data, name="picture")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        raise AssertionError(f"wanted (H, W, 3) uint8, got {image.shape} {image.dtype}")
    return "read"


def read_yaml(data: bytes, folder: Path) -> str:
    """Give it to every reader of YAML; each of them may refuse it."""
    path = folder / "file.yaml"
    path.write_bytes(data)
    read = [reader.__name__ for reader in (_settings, _spec, read_truth, *_trainings()) if _reads(reader, path)]
    return "read" if read else "refused by all"


def _reads(reader: Callable[[Path], object], path: Path) -> bool:
    try:
        reader(path)
    except RecognizerError:
        return False
    return True


def _settings(path: Path) -> object:
    return config.load(path)


def _spec(path: Path) -> object:
    values = spec_file.beside(path.with_suffix(".onnx"))
    return spec_file.as_yaml(spec_file.spec_from(values or {}, str(path)))


@functools.cache
def _trainings() -> tuple[Callable[[Path], object], ...]:
    """Readers of trainings, where torch is installed."""
    if importlib.util.find_spec("torch") is None:
        return ()
    from recognizer.train.detection import settings as detection
    from recognizer.train.embedder import compare, settings
    from recognizer.train.loop.settings import mapping

    def training(path: Path) -> object:
        return settings.config_from(mapping(path), path)

    return training, compare.read, detection.read


def read_calibration(data: bytes, folder: Path) -> str:
    """Read it and use it for galleries of several sizes; its thresholds must stay cosines in order."""
    path = folder / "calibration.json"
    path.write_bytes(data)
    found = calibration_file.load(path, model=_model(data))
    for size in (1, 1000, 10**7):
        used = found.at(size)
        numbers = (used.known, used.release, used.margin, used.sure)
        if not all(math.isfinite(number) and -1 <= number <= 1 for number in numbers):
            raise AssertionError(f"thresholds that are no cosines, with {size} vectors: {numbers}")
        if found.impostors is not None:
            rate = found.impostors.fpir.at(used.known, size)
            if not all(0 <= share <= 1 for share in (rate.mean, rate.low, rate.high)):
                raise AssertionError(f"rates that are no shares, with {size} vectors: {rate}")
    return "read"


def _model(data: bytes) -> str:
    """The model that it claims to be for, so that damage elsewhere is reached."""
    try:
        return str(json.loads(data)["model"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return "edgeface_xs_q"
