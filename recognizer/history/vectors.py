"""Encode vectors for storage: float16, or int8 in the few dimensions that a model's vectors fill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.geometry import unit, unit_rows
from recognizer.history.subspace import fits
from recognizer.types import F32

MOST_SPANS = 255
"""A span's number is one byte."""
_LARGEST = 127


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """The dimensions that the vectors of one model fill."""

    number: int
    """1 to ``MOST_SPANS``."""
    model: str
    """Fingerprint."""
    basis: F32
    """(W, D) orthonormal rows; W is even, so that a packed vector has an odd number of bytes."""


def to_bytes(vector: F32) -> bytes:
    """Encode a vector of unit length as float16."""
    return vector.astype("<f2").tobytes()


def from_bytes(data: bytes) -> F32:
    """Decode a vector of float16 and restore its unit length."""
    return unit(np.frombuffer(data, "<f2").astype(np.float32))


def packed(vector: F32, span: Span | None) -> bytes:
    """Encode a vector of unit length: a span's number and W bytes, or float16 without a span or outside it.

    Rounding to int8 changes a cosine by 0.0005 (standard deviation; ``bench history`` measures it).
    """
    return packed_rows(vector[None], span)[0]


def packed_rows(vectors: F32, span: Span | None) -> list[bytes]:
    """Encode each of (N, D) vectors as ``packed`` does."""
    if span is None or span.basis.shape[1] != vectors.shape[1]:
        return list(map(to_bytes, vectors))
    numbers = vectors @ span.basis.T
    scaled = np.rint(numbers * (_LARGEST / np.abs(numbers).max(axis=1, keepdims=True))).astype(np.int8)
    first = bytes([span.number])
    return [
        first + row.tobytes() if inside else to_bytes(vector)
        for row, inside, vector in zip(scaled, fits(vectors, span.basis), vectors, strict=True)
    ]


def is_packed(data: bytes) -> bool:
    """Whether a vector is packed; float16 has an even number of bytes."""
    return len(data) % 2 == 1


def unpacked(rows: Sequence[bytes], spans: Mapping[int, Span]) -> F32:
    """Decode N vectors of one model, (N, D) of unit length.

    Args:
        rows: vectors, packed or not.
        spans: by number.
    """
    kinds: dict[tuple[int, int], list[int]] = {}
    for place, row in enumerate(rows):
        kinds.setdefault((len(row), row[0] if is_packed(row) else 0), []).append(place)
    parts = {kind: _decoded([rows[place] for place in places], kind[1], spans) for kind, places in kinds.items()}
    if len(parts) == 1:
        return next(iter(parts.values()))
    found = np.empty((len(rows), next(iter(parts.values())).shape[1]), np.float32)
    for kind, places in kinds.items():
        found[places] = parts[kind]
    return found


def _decoded(rows: Sequence[bytes], number: int, spans: Mapping[int, Span]) -> F32:
    joined = b"".join(rows)
    if number == 0:
        return unit_rows(np.frombuffer(joined, "<f2").reshape(len(rows), -1).astype(np.float32))
    numbers = np.frombuffer(joined, np.int8).reshape(len(rows), -1)[:, 1:].astype(np.float32)
    return unit_rows(numbers @ spans[number].basis)
