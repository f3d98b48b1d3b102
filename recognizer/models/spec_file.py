"""Read the spec of an ONNX file that is not in the catalogue: a YAML file beside it, the settings, or ``--spec``.

    # w600k_r50.yaml, beside w600k_r50.onnx
    like: insightface       # start from the spec of a known kind; without it every key is required
    dimension: 512

`python main.py models spec insightface` prints the whole spec of a kind, to be saved and edited.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from loguru import logger
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from recognizer import strict_yaml
from recognizer.errors import ConfigError
from recognizer.models.published_specs import ARCFACE_ZOO, EDGEFACE, FACENET, INSIGHTFACE, MAGFACE
from recognizer.plain_faults import plain
from recognizer.types.spec import Channels, Colour, CropSpec, EmbedderSpec, Template
from recognizer.types.spec import arcface_template as arcface_template_of

KINDS: dict[str, EmbedderSpec] = {
    "edgeface": EDGEFACE,
    "insightface": INSIGHTFACE,
    "arcface_zoo": ARCFACE_ZOO,
    "magface": MAGFACE,
    "facenet": FACENET,
}
_DEMANDED = ("size", "crop", "colour", "mean", "std", "dimension")
_RENAMED = {"one_by_one": "fixed_batch_one"}
"""Old to new keys of the file; the old ones are read for one release."""
_Point = tuple[float, float]
_Size = Annotated[int, Field(ge=16, le=1024)]
_Length = Annotated[float, Field(ge=0)]


class _Written(BaseModel):
    """The file's keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    like: Literal["edgeface", "insightface", "arcface_zoo", "magface", "facenet"] | None = None
    size: _Size | None = None
    crop: Literal["arcface", "box"] | tuple[_Point, _Point, _Point, _Point, _Point] | None = None
    margin: _Length | None = None
    colour: Literal["rgb", "bgr"] | None = None
    mean: float | tuple[float, float, float] | None = None
    std: Annotated[float, Field(gt=0)] | tuple[float, float, float] | None = None
    dimension: Annotated[int, Field(ge=2, le=65536)] | None = None
    output: str | None = None
    fixed_batch_one: bool | None = None
    norm_range: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _whole(self) -> _Written:
        lacking = [key for key in _DEMANDED if getattr(self, key) is None]
        if self.like is None and lacking:
            raise ValueError(f"without 'like' these are required too: {', '.join(lacking)}")
        if isinstance(self.std, tuple) and min(self.std) <= 0:
            raise ValueError("std: wanted numbers above 0")
        base = KINDS[self.like].crop if self.like else CropSpec()
        if self.margin is not None and self.margin >= (self.size or base.size_px):
            raise ValueError("margin: wanted fewer px than size, of which it is a part")
        if self.norm_range is not None and not 0 <= self.norm_range[0] < self.norm_range[1]:
            raise ValueError("norm_range: wanted the length of a hopeless vector, then that of a good one")
        return self

    def spec(self) -> EmbedderSpec:
        """Merge the file's keys into the spec of the kind that it starts from."""
        base = KINDS[self.like] if self.like else EmbedderSpec(output=None)
        size = self.size or base.crop.size_px
        given: dict[str, Any] = {
            key: getattr(self, key)
            for key in ("mean", "std", "dimension", "output", "fixed_batch_one", "norm_range")
            if getattr(self, key) is not None
        }
        if self.colour is not None:
            given["colour"] = Colour(self.colour)
        template: Template | None = arcface_template_of(size)
        if isinstance(self.crop, tuple):
            template = self.crop
        elif self.crop == "box" or (self.crop is None and base.crop.template is None):
            template = None
        margin = base.crop.margin_px if self.margin is None else self.margin
        return replace(base, crop=CropSpec(size_px=size, template=template, margin_px=margin), **given)


def beside(graph: Path) -> dict[str, Any] | None:
    """The content of the YAML file beside a graph; ``None`` where there is none.

    Raises:
        ConfigError: if it is no YAML mapping.
    """
    for suffix in (".yaml", ".yml"):
        path = graph.with_suffix(suffix)
        if path.is_file():
            return _mapping(strict_yaml.read(path, kind="spec", error=ConfigError), str(path))
    return None


def inline(text: str) -> dict[str, Any]:
    """Parse a spec in one line: ``insightface``, or ``like: insightface, dimension: 256``.

    Raises:
        ConfigError: if it is neither.
    """
    if text in KINDS:
        return {"like": text}
    try:
        return _mapping(strict_yaml.loads(f"{{{text}}}"), "--spec")
    except strict_yaml.YamlFault as fault:
        raise ConfigError(f"--spec: wanted YAML such as 'like: insightface': {fault}.") from None


def spec_from(values: Mapping[str, Any], where: str) -> EmbedderSpec:
    """Validate a spec from a file, the settings or the command line.

    Args:
        values: keys and values.
        where: where they were written, for the message.

    Raises:
        ConfigError: naming the key, what was wanted and what came.
    """
    current = {_RENAMED.get(key, key): value for key, value in values.items()}
    for old in _RENAMED.keys() & values.keys():
        logger.warning(
            "{}: {} is now called {}; the old name will be refused in the next release.", where, old, _RENAMED[old]
        )
    try:
        return _Written.model_validate(current).spec()
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"][:1])
        if problem["type"] == "extra_forbidden":
            problem_text = f"there is no key '{key}'; there are: {', '.join(_Written.model_fields)}"
        elif key:
            problem_text = f"'{key}': {plain(problem)}, got {problem['input']!r}"
        else:
            problem_text = problem["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{where}: {problem_text}.") from None


def as_dict(spec: EmbedderSpec) -> dict[str, Any]:
    """Convert a spec to the keys of the file, without those that are unset."""
    crop: Any = "box" if spec.crop.template is None else [list(point) for point in spec.crop.template]
    if spec.crop.template == arcface_template_of(spec.crop.size_px):
        crop = "arcface"
    values: dict[str, Any] = {"size": spec.crop.size_px, "crop": crop, "margin": spec.crop.margin_px}
    values |= {"colour": spec.colour.value}
    values |= {"mean": _plain(spec.mean), "std": _plain(spec.std), "dimension": spec.dimension}
    values |= {"output": spec.output, "fixed_batch_one": spec.fixed_batch_one, "norm_range": _plain(spec.norm_range)}
    return {key: value for key, value in values.items() if value is not None}


def _plain(value: float | tuple[float, ...] | None) -> Any:
    return list(value) if isinstance(value, tuple) else value


def as_yaml(spec: EmbedderSpec) -> str:
    """Format a spec as the YAML file beside a graph."""
    return strict_yaml.dumps(as_dict(spec))


def digest_with(spec: EmbedderSpec, digest: str) -> str:
    """Mix a spec into a graph's digest: with another input its vectors are another model's."""
    if spec == EDGEFACE:
        return digest
    relevant = [asdict(spec.crop), spec.colour.value, _listed(spec.mean), _listed(spec.std), spec.output]
    return hashlib.sha256((digest + json.dumps(relevant)).encode()).hexdigest()


def _listed(values: Channels) -> list[float]:
    return [float(value) for value in values] if isinstance(values, tuple) else [float(values)]


def _mapping(values: Any, where: str) -> dict[str, Any]:
    if not isinstance(values, dict) or None in values.values():
        raise ConfigError(f"{where}: wanted keys such as 'like: insightface' or one of: {', '.join(KINDS)}.")
    return values
