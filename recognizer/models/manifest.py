"""Describe a converted graph in the JSON file beside it and in bundles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """The JSON file beside a cached graph."""

    name: str
    """Model in the catalogue, or the network of a file of one's own."""
    fingerprint: str
    sha256: str
    """Of the graph file."""
    parity: float
    """Smallest cosine between the vectors of graph and torch network at conversion."""
    brought: bool = field(default=False, compare=False)
    """It came in a bundle: nothing on this machine shows that it was converted from the file it is named after."""

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        values = asdict(self)
        if not self.brought:  # earlier versions know no such key
            del values["brought"]
        return values


def manifest_from(values: Any) -> Manifest:
    """Read what ``as_dict`` wrote.

    Raises:
        ValueError: if it is no manifest.
    """
    known: dict[str, type | tuple[type, ...]]
    known = {"name": str, "fingerprint": str, "sha256": str, "parity": (int, float), "brought": bool}
    if not isinstance(values, Mapping) or not known.keys() - {"brought"} <= values.keys() <= known.keys():
        raise ValueError("wanted name, fingerprint, sha256 and parity")
    for key, value in values.items():
        if not isinstance(value, known[key]) or (key == "parity" and isinstance(value, bool)):
            raise ValueError(f"{key} is of another type")
    if not _SHA256.fullmatch(values["sha256"]):
        raise ValueError("sha256 is no such digest")
    if not -1.01 <= values["parity"] <= 1.01:  # a cosine, and rounding; also false for NaN
        raise ValueError("parity is no cosine")
    return Manifest(**values)
