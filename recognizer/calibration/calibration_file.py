"""Calibration files: a model's measured thresholds, with the protocol of each number, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from recognizer.calibration.impostors import Impostors, impostors_from
from recognizer.errors import ConfigError, OutputError

NUMBERS = ("known", "release", "margin", "sure")
MIN_MARGIN = 0.03
"""Cosine: even the most generous budget requires this margin over the next person."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The rate of wrong names that a site allows."""

    text: str
    """As the user wrote it."""
    fpir: float | None = None
    """Share of strangers that may get a name, for a gallery of any size."""
    fmr: float | None = None
    """Instead: share of comparisons of two people; FPIR then grows with the gallery."""
    strangers_per_day: float | None = None
    """Traffic from which ``fpir`` was derived."""

    def rate(self, gallery: int) -> float:
        """Return the FPIR allowed with ``gallery`` enrolled vectors."""
        return self.fpir if self.fpir is not None else min(1.0, (self.fmr or 0.0) * max(gallery, 1))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Thresholds of a model, and how they were measured.

    The defaults are for a model without a calibration: those of ``edgeface_xs_q``, a little stricter.
    """

    model: str = ""
    """Fingerprint of the model the numbers belong to."""
    known: float = 0.42
    """Cosine from which a template is a person."""
    release: float = 0.30
    """Cosine below which a name is withdrawn."""
    margin: float = 0.08
    """Cosine by which the nearest person must exceed the next one."""
    sure: float = 0.60
    """Cosine at which a single sample is enough."""
    protocol: dict[str, Any] | None = None
    """Data, rates and counts, for people to read."""
    impostors: Impostors | None = None
    """Measured similarity of strangers."""
    budget: Budget | None = None
    """With a budget, the thresholds follow from it and the size of the gallery."""
    shift: float = 0.0
    """Cosine by which this site's strangers were more similar than the measured ones."""

    @property
    def measured(self) -> bool:
        """Whether the thresholds were measured, or are the defaults."""
        return self.protocol is not None

    def at(self, gallery: int) -> Calibration:
        """Return this calibration with the thresholds that keep the budget with ``gallery`` enrolled vectors.

        ``known`` lets the budget's share of strangers pass, ``release`` 10 times that; ``margin`` is the difference
        between ``known`` and the threshold of 100 times it, as in the shipped files (FMR 1e-5, 1e-4 and 1e-3).
        """
        if self.budget is None or self.impostors is None:
            return self
        rate, fpir = self.budget.rate(gallery), self.impostors.fpir
        known = min(fpir.threshold(rate, gallery) + self.shift, 1.0)
        release = min(fpir.threshold(min(10 * rate, 0.5), gallery) + self.shift, known)
        wide = fpir.threshold(min(100 * rate, 0.5), gallery) + self.shift
        margin = max(known - wide, MIN_MARGIN)
        return replace(self, known=known, release=release, margin=margin, sure=max(self.sure, known))


def load(path: Path | None, *, model: str) -> Calibration:
    """Read a calibration file; without one, return the defaults.

    Raises:
        ConfigError: if the file is unreadable, lacks a number, or was made for another model.
    """
    if path is None:
        return Calibration(model)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"The calibration file {path} cannot be read: {error}.") from error
    lacking = [key for key in ("model", *NUMBERS) if not isinstance(values, dict) or key not in values]
    if lacking:
        raise ConfigError(f"The calibration file {path} lacks {', '.join(lacking)}.")
    if values["model"] != model:
        raise ConfigError(
            f"The calibration file {path} was made for {values['model']}, and the model is {model}: pass the one made "
            "for this model, or none."
        )
    numbers = {key: values[key] for key in NUMBERS}
    if not all(isinstance(value, (int, float)) and -1 <= value <= 1 for value in numbers.values()):
        raise ConfigError(f"The calibration file {path}: wanted numbers in [-1, 1], got {numbers}.")
    measured = values.get("impostors")
    return Calibration(
        model,
        **{key: float(value) for key, value in numbers.items()},
        protocol=values.get("protocol", {}),
        impostors=impostors_from(measured) if measured else None,
        budget=_budget(values.get("budget"), path),
        shift=float(values.get("shift", 0.0)),
    )


def _budget(values: object, path: Path) -> Budget | None:
    if values is None:
        return None
    try:
        budget = Budget(**values)  # type: ignore[arg-type]
        rate = budget.rate(1)
    except TypeError as error:
        raise ConfigError(f"The calibration file {path}: its budget cannot be understood ({error}).") from error
    if not 0 < rate <= 1:
        raise ConfigError(f"The calibration file {path}: wanted a budget of a rate in (0, 1], got {rate}.")
    return budget


def save(path: Path, calibration: Calibration) -> None:
    """Write a calibration file.

    Raises:
        OutputError: if it cannot be written.
    """
    values = {"model": calibration.model, **{key: getattr(calibration, key) for key in NUMBERS}}
    if calibration.budget is not None:
        values |= {"budget": asdict(calibration.budget), "shift": calibration.shift}
    text = json.dumps({**values, "protocol": calibration.protocol}, indent=2, ensure_ascii=False)
    if calibration.impostors is not None:  # thousands of numbers: all on one line
        text = text[: text.rindex("\n}")] + ',\n  "impostors": ' + json.dumps(calibration.impostors.as_dict()) + "\n}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The calibration file {path} cannot be written: {error.strerror}.") from error
