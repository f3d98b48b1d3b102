"""What is fuzzed: how each kind of file is damaged, and what reads it.

A target gets one damaged file and either returns what it read, checked, or raises one of the errors for people of
``recognizer.errors``. Anything else is a fault.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.fuzz import databases, event_lines, planted, seeds, texts
from tests.fuzz.mutate import damaged_json, damaged_picture, damaged_text


class Reader(Protocol):
    """Reads one damaged file; its folder is empty before and is emptied after."""

    def __call__(self, data: bytes, folder: Path) -> str:
        """Return in a word what came of it.

        Raises:
            RecognizerError: the file is refused.
        """


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of file."""

    seeds: Callable[[], Sequence[bytes]]
    """Makes whole files, each time the same."""
    damage: Callable[[random.Random, bytes, bytes], bytes]
    """Damages one of them; the second is another one, to take parts from."""
    read: Reader


def _without_other(
    damage: Callable[[random.Random, bytes], bytes],
) -> Callable[[random.Random, bytes, bytes], bytes]:
    return lambda draw, data, other: damage(draw, data)


TARGETS: dict[str, Target] = {
    "pictures": Target(seeds.pictures, damaged_picture, texts.read_damaged_picture),
    "yaml": Target(seeds.yaml_files, _without_other(damaged_text), texts.read_yaml),
    "calibration": Target(seeds.calibrations, _without_other(damaged_json), texts.read_calibration),
    "records": Target(databases.records, databases.damaged_record, databases.read_record),
    "bundles": Target(databases.bundles, databases.damaged_bundle, databases.read_bundle),
    "events": Target(event_lines.logs, event_lines.damaged_log, event_lines.write_events),
}

_ALL = {**TARGETS, "planted": Target(planted.wholes, planted.damage, planted.read)}
"""With the one that shows that faults are seen."""


def target(kind: str) -> Target:
    """The target of a name."""
    return _ALL[kind]


def item(kind: str, seed: int, index: int, wholes: Sequence[bytes]) -> bytes:
    """Make the damaged file of a number.

    Args:
        kind: of ``TARGETS``.
        seed: of the whole run.
        index: which one.
        wholes: the target's whole files.
    """
    draw = random.Random(f"{kind} {seed} {index}")  # noqa: S311 - damage, not secrets
    return target(kind).damage(draw, draw.choice(wholes), draw.choice(wholes))
