"""Thresholds that were measured, not felt: one small JSON file for each model, with its protocol beside each number."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from recognizer.calibration.impostors import Impostors, impostors_from
from recognizer.errors import ConfigError, OutputError

NUMBERS = ("known", "release", "margin", "sure")
LEAST_MARGIN = 0.03
"""A budget however generous still asks for a lead over the next person."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What wrong names a site can bear."""

    text: str
    """As the user said it."""
    fpir: float | None = None
    """Share of strangers that may get a name, whatever the size of the gallery."""
    fmr: float | None = None
    """Instead: share of comparisons of two people; FPIR then grows with the gallery."""
    strangers_per_day: float | None = None
    """Traffic that the budget was worked out with."""

    def rate(self, gallery: int) -> float:
        """The FPIR allowed with so many enrolled vectors."""
        return self.fpir if self.fpir is not None else min(1.0, (self.fmr or 0.0) * max(gallery, 1))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a decision needs, and how it was measured.

    The defaults stand for a model that nobody measured yet; they are those of ``edgeface_xs_q``, a little stricter.
    """

    model: str = ""
    """Fingerprint of the model the numbers belong to."""
    known: float = 0.42
    """Cosine from which a template is a person."""
    release: float = 0.30
    """Cosine below which a name is withdrawn."""
    margin: float = 0.08
    """Lead over the next person."""
    sure: float = 0.60
    """Cosine at which a single look is enough."""
    protocol: dict[str, Any] | None = None
    """Data, rates and counts, for people to read."""
    impostors: Impostors | None = None
    """How alike strangers are, as measured."""
    budget: Budget | None = None
    """When there is one, the thresholds follow from it and the size of the gallery."""
    shift: float = 0.0
    """How much more alike this site's strangers were than the measured ones, cosine."""

    @property
    def measured(self) -> bool:
        """Somebody measured these numbers; else they are the cautious defaults."""
        return self.protocol is not None

    def at(self, gallery: int) -> Calibration:
        """The same with the thresholds that keep the budget with so many enrolled vectors.

        ``known`` lets the budget's share of strangers pass, ``release`` ten times it; ``margin`` is the way from
        there to a hundred times it, as in the shipped numbers (FMR 1e-5, 1e-4 and 1e-3).
        """
        if self.budget is None or self.impostors is None:
            return self
        rate, fpir = self.budget.rate(gallery), self.impostors.fpir
        known = min(fpir.threshold(rate, gallery) + self.shift, 1.0)
        release = min(fpir.threshold(min(10 * rate, 0.5), gallery) + self.shift, known)
        wide = fpir.threshold(min(100 * rate, 0.5), gallery) + self.shift
        margin = max(known - wide, LEAST_MARGIN)
        return replace(self, known=known, release=release, margin=margin, sure=max(self.sure, known))


def load(path: Path | None, *, model: str) -> Calibration:
    """Read a calibration file; without one, cautious defaults.

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
    if calibration.impostors is not None:  # thousands of numbers: a line each curve, not each number
        text = text[: text.rindex("\n}")] + ',\n  "impostors": ' + json.dumps(calibration.impostors.as_dict()) + "\n}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The calibration file {path} cannot be written: {error.strerror}.") from error
