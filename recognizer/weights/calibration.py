"""Thresholds that were measured, not felt: one small JSON file for each model, with its protocol beside each number."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recognizer.errors import ConfigError

NUMBERS = ("known", "release", "margin", "sure")


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
    return Calibration(
        model, **{key: float(value) for key, value in numbers.items()}, protocol=values.get("protocol", {})
    )


def save(path: Path, calibration: Calibration) -> None:
    """Write a calibration file."""
    values = {"model": calibration.model, **{key: getattr(calibration, key) for key in NUMBERS}}
    text = json.dumps({**values, "protocol": calibration.protocol}, indent=2, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
