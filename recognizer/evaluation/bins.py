"""Read InsightFace's ``.bin`` sets: a pickle of encoded pictures, and of whether each pair shows one person.

A pickle may call any Python function. Here it may name a few harmless ones, whose replacements build no NumPy array: a
picture stays bytes.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.errors import InputError


class _Kind:
    """Replace a NumPy type; its arguments and state are ignored."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


class _Array:
    """Replace a NumPy array; keep its bytes."""

    def __init__(self, *_: object) -> None:
        self.data = b""

    def __setstate__(self, state: Any) -> None:
        data = state[4] if isinstance(state, tuple) and len(state) == 5 else b""
        self.data = data if isinstance(data, bytes) else b""


def _scalar(_: object, data: object = b"") -> bool:
    return any(data) if isinstance(data, bytes) else bool(data)


def _buffer(data: object, *_: object) -> _Array:
    """Rebuild an array of pickle's protocol 5."""
    array = _Array()
    array.data = bytes(data) if isinstance(data, (bytes, bytearray)) else b""
    return array


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """Rebuild bytes that Python 3 wrote for Python 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"an encoding '{encoding}'")
    return text.encode("latin1")


_ALLOWED: dict[tuple[str, str], Callable[..., object]] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _encoded,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _Array for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _buffer for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., object]:
        """Return a replacement; raise for any other name."""
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it calls {module}.{name}, which pictures do not need")
        return _ALLOWED[module, name]


def read_bin(path: Path) -> tuple[list[bytes], NDArray[np.bool_]]:
    """Read a set of pairs.

    Returns:
        2 P encoded pictures, those of a pair side by side; (P,) whether a pair shows one person.

    Raises:
        InputError: if the file cannot be read, is no such set, or names another function.
    """
    try:
        content = path.read_bytes()
        value = _Reader(io.BytesIO(content), encoding="bytes").load()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except Exception as error:  # a damaged pickle may raise nearly anything
        raise InputError(f"{path} is no InsightFace .bin set, or a forged one: {error}.") from error
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise InputError(f"{path}: wanted pictures and answers, got a {type(value).__name__}.")
    pictures, answers = value
    if isinstance(answers, _Array):
        answers = list(answers.data)
    if not isinstance(pictures, list) or not isinstance(answers, (list, tuple)):
        raise InputError(f"{path}: wanted a list of pictures and a list of answers.")
    crops = [picture.data if isinstance(picture, _Array) else picture for picture in pictures]
    if not crops or len(crops) != 2 * len(answers) or not all(isinstance(crop, bytes) and crop for crop in crops):
        raise InputError(f"{path}: wanted two encoded pictures for each of {len(answers)} answers, got {len(crops)}.")
    return crops, np.array([bool(answer) for answer in answers], bool)
