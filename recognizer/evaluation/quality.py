"""Measure which answers can be trusted of faces that are hard to see, and what the limits of quality are worth.

Photos of strangers are made worse by known amounts (`recognizer.evaluation.degradations`). At the threshold that is
used for names, FMR counts pairs of strangers that are taken for one person, FNMR photos that do not match another,
unchanged photo of their person: for all faces that are found, and for those that meet the limits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognizer.calibration.intervals import binomial_interval
from recognizer.errors import InputError
from recognizer.evaluation.degradations import Degradation, degraded
from recognizer.evaluation.faces import EmbeddedPictures, Picture
from recognizer.quality import QualityLimits, are_usable
from recognizer.types import F32, I64

ROUNDS = 500
"""Of the bootstrap over people: comparisons that share a person are not independent."""
Embed = Callable[[Sequence[Picture], str], EmbeddedPictures]
"""Embeds pictures, with a title for the progress."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A share of comparisons at or above the threshold."""

    hits: int
    comparisons: int
    low: float
    """95 % interval: the wider of the exact binomial one and a bootstrap over people."""
    high: float

    @property
    def rate(self) -> float:
        """Hits over comparisons; 0 without any."""
        return self.hits / self.comparisons if self.comparisons else 0.0


@dataclass(frozen=True, slots=True)
class QualityRow:
    """One degradation at one level."""

    name: str
    unit: str
    level: float
    found: float
    """Share of the photos in which a face is found."""
    eyes_px: float
    """Median, here and below, of the faces found."""
    sharpness: float
    score: float
    refused: float
    """Share of the faces found that miss a usable limit."""
    both: Matched
    """Strangers, both photos made worse: FMR without limits."""
    both_usable: Matched
    """The same among faces that meet the limits."""
    probe: Matched
    """A photo made worse against all strangers' unchanged ones, as a probe against a good gallery."""
    fnmr: float
    """Share of the faces found that do not match another, unchanged photo of their person."""
    fnmr_usable: float

    def as_dict(self) -> dict[str, Any]:
        """Convert to JSON values."""
        return asdict(self)


def choose_people(pictures: Sequence[Picture], owners: I64, *, people: int) -> tuple[list[Picture], list[Picture]]:
    """Draw people with two photos or more; return their first and their second photos.

    Raises:
        InputError: if fewer than two have two.
    """
    able = [person for person in range(int(owners.max()) + 1) if (owners == person).sum() >= 2]
    if len(able) < 2:
        raise InputError(f"Wanted people with two photos or more, got {len(able)} of them; two are needed.")
    rows = [np.nonzero(owners == person)[0][:2] for person in np.random.default_rng(0).permutation(able)[:people]]
    return [pictures[one] for one, _ in rows], [pictures[two] for _, two in rows]


def measure_quality(
    first: Sequence[Picture],
    second: Sequence[Picture],
    kinds: Sequence[Degradation],
    *,
    embed: Embed,
    threshold: float,
    limits: QualityLimits,
) -> list[QualityRow]:
    """Measure every level of every degradation; the first row is of the photos as they are.

    Args:
        first: a photo of each person, to be made worse.
        second: another of each, the same rows.
        kinds: how.
        embed: embeds pictures.
        threshold: cosine from which two faces are one person.
        limits: of the faces' quality.
    """
    others = embed(second, "second photos")
    clean = embed(first, "first photos")
    rows = [_row(("as they are", "", 0.0), clean, clean, others, threshold=threshold, limits=limits)]
    for kind in kinds:
        for level in kind.levels:
            faces = embed(degraded(first, kind, level), f"{kind.name} {level:g}")
            what = (kind.name, kind.unit, level)
            rows.append(_row(what, faces, clean, others, threshold=threshold, limits=limits))
    return rows


def _row(
    what: tuple[str, str, float],
    faces: EmbeddedPictures,
    clean: EmbeddedPictures,
    others: EmbeddedPictures,
    *,
    threshold: float,
    limits: QualityLimits,
) -> QualityRow:
    vectors, seen, quality = faces.vectors(flip=True), faces.found, faces.quality
    usable = seen & are_usable(quality, limits)
    both = np.triu(vectors @ vectors.T >= threshold, 1)
    apart = ~np.eye(len(seen), dtype=bool)
    probe = (vectors @ clean.vectors(flip=True).T >= threshold) & apart
    known = others.vectors(flip=True)
    missed = (vectors * known).sum(axis=1) < threshold
    upper = np.triu(apart, 1)

    def median(part: F32) -> float:
        return float(np.median(part[seen])) if seen.any() else 0.0

    return QualityRow(
        *what,
        found=float(seen.mean()),
        eyes_px=median(quality.eyes_px),
        sharpness=median(quality.sharpness),
        score=median(quality.score),
        refused=1 - float(usable.sum()) / max(int(seen.sum()), 1),
        both=matched(both, upper & seen[:, None] & seen[None]),
        both_usable=matched(both, upper & usable[:, None] & usable[None]),
        probe=matched(probe, apart & seen[:, None] & clean.found[None]),
        fnmr=float(missed[seen & others.found].mean()) if seen.any() else 0.0,
        fnmr_usable=float(missed[usable & others.found].mean()) if usable.any() else 0.0,
    )


def matched(hits: NDArray[np.bool_], counted: NDArray[np.bool_]) -> Matched:
    """Count the hits among the counted pairs, both (N, N) with a row and a column for each of N people."""
    one, other = np.nonzero(hits & counted)
    total = int(counted.sum())
    if total == 0:
        return Matched(0, 0, 0.0, 1.0)
    low, high = binomial_interval(len(one), total)
    if len(one):
        random = np.random.default_rng(0)
        people = np.ones(len(hits)) / len(hits)
        pairs = counted.astype(np.float32)
        drawn = []
        for _ in range(ROUNDS):
            times = random.multinomial(len(hits), people).astype(np.float32)
            drawn.append(float((times[one] * times[other]).sum()) / max(float(times @ pairs @ times), 1.0))
        least, most = np.percentile(drawn, [2.5, 97.5])
        low, high = min(low, float(least)), max(high, float(most))
    return Matched(len(one), total, low, high)
