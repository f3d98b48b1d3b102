"""Calibration files: a model's measured thresholds, with the protocol of each number, as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from recognizer.calibration.impostors import Impostors, impostors_from
from recognizer.errors import ConfigError, OutputError
from recognizer.plain_faults import plain
from recognizer.whole_files import whole_file

NUMBERS = ("known", "release", "margin", "sure")
MAX_BYTES = 8 << 20
"""Shipped files have 40 KB."""
_AboveStrangers = Annotated[float, Field(gt=0, le=1)]
"""Strangers' mean cosine is about 0: at such a threshold half of them would get a name."""
_Rate = Annotated[float, Field(gt=0, le=1)]
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


class _BudgetKeys(BaseModel):
    """See ``Budget``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    text: str
    fpir: _Rate | None = None
    fmr: _Rate | None = None
    strangers_per_day: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _has_a_rate(self) -> _BudgetKeys:
        if self.fpir is None and self.fmr is None:
            raise ValueError("wanted fpir or fmr")
        return self


class _File(BaseModel):
    """The file's keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    model: str
    known: _AboveStrangers
    release: Annotated[float, Field(ge=-1, le=1)]
    margin: Annotated[float, Field(ge=0, le=1)]
    sure: _AboveStrangers
    protocol: dict[str, Any] | None = None
    impostors: dict[str, Any] | None = None
    budget: _BudgetKeys | None = None
    shift: Annotated[float, Field(ge=0, le=1)] = 0.0
    digest: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> _File:
        if not self.release <= self.known <= self.sure:
            raise ValueError("wanted release <= known <= sure")
        return self


def load(path: Path | None, *, model: str) -> Calibration:
    """Read a calibration file; without one, return the defaults.

    A file without a digest, of an earlier version or written by hand, is taken if its values are in range.

    Raises:
        ConfigError: if the file is unreadable, was altered, lacks a number, holds a value out of range, or was made
            for another model.
    """
    if path is None:
        return Calibration(model)
    where = f"The calibration file {path}"
    values = _read(path, where)
    if lacking := [key for key in ("model", *NUMBERS) if key not in values]:
        raise ConfigError(f"{where} lacks {', '.join(lacking)}.")
    try:
        file = _File.model_validate(values)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise ConfigError(f"{where}: {key}: {plain(problem)}; calibrate again.") from None
    if file.digest not in (None, _digest(values)):
        raise ConfigError(
            f"{where} is damaged or was edited: its values do not match its digest. Calibrate again; or, if you edited "
            "it, delete the digest."
        )
    if file.model != model:
        raise ConfigError(
            f"{where} was made for {file.model}, and the model is {model}: pass the one made for this model, or none."
        )
    budget = None if file.budget is None else Budget(**file.budget.model_dump())
    return Calibration(
        model,
        **{key: float(getattr(file, key)) for key in NUMBERS},
        protocol=file.protocol or {},
        impostors=None if file.impostors is None else impostors_from(file.impostors),
        budget=budget,
        shift=float(file.shift),
    )


def _read(path: Path, where: str) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        values = json.loads(data.decode(), object_pairs_hook=_without_doubles)
    except OSError as error:
        raise ConfigError(f"{where} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where} cannot be read: it is no JSON, or larger than {MAX_BYTES >> 20} MB.") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{where} lacks {', '.join(('model', *NUMBERS))}.")
    return values


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key stands there twice")
    return values


def _digest(values: Mapping[str, Any]) -> str:
    """SHA-256 of all values but the digest, whatever their order and layout."""
    rest = {key: value for key, value in values.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def save(path: Path, calibration: Calibration) -> None:
    """Write a calibration file with its digest, whole or not at all.

    Raises:
        OutputError: if it cannot be written; an earlier file is then as it was.
    """
    values: dict[str, Any] = {"model": calibration.model, **{key: getattr(calibration, key) for key in NUMBERS}}
    if calibration.budget is not None:
        values |= {"budget": asdict(calibration.budget), "shift": calibration.shift}
    values["protocol"] = calibration.protocol
    impostors = None if calibration.impostors is None else calibration.impostors.as_dict()
    as_read = json.loads(json.dumps(values | ({} if impostors is None else {"impostors": impostors})))
    text = json.dumps({**values, "digest": _digest(as_read)}, indent=2, ensure_ascii=False)
    if impostors is not None:  # thousands of numbers: all on one line
        text = text[: text.rindex("\n}")] + ',\n  "impostors": ' + json.dumps(impostors) + "\n}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            part.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"The calibration file {path} cannot be written: {error.strerror}.") from error
