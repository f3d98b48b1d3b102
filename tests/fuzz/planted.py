"""Faults on purpose, to show that the fuzzer sees them."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Sequence
from pathlib import Path

from recognizer.errors import InputError


def wholes() -> Sequence[bytes]:
    """What may happen."""
    return [b"read", b"refuse", b"fail", b"crash", b"hang"]


def damage(draw: random.Random, data: bytes, other: bytes) -> bytes:
    """Leave it as it is."""
    return data


def read(data: bytes, folder: Path) -> str:
    """Do what it says.

    Raises:
        InputError: for ``refuse``.
        ValueError: for ``fail``.
    """
    match data:
        case b"refuse":
            raise InputError("wanted something else")
        case b"fail":
            raise ValueError("planted")
        case b"crash":
            os.abort()
        case b"hang":
            threading.Event().wait()
    return "read"
