"""The facts of a graph of one's own: in a small YAML file beside it, in the settings, or on the command line.

    # w600k_r50.yaml, beside w600k_r50.onnx
    like: insightface       # start from what is known of a kind of graph; without it everything must be said
    dimension: 512

`python main.py models facts insightface` prints all facts of a kind, to be saved and corrected.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from recognizer.errors import ConfigError
from recognizer.types.spec import (
    ARCFACE_ZOO,
    EDGEFACE,
    FACENET,
    INSIGHTFACE,
    MAGFACE,
    Channels,
    Colour,
    Cut,
    Facts,
    Template,
)
from recognizer.types.spec import arcface_template as arcface_template_of

KINDS: dict[str, Facts] = {
    "edgeface": EDGEFACE,
    "insightface": INSIGHTFACE,
    "arcface_zoo": ARCFACE_ZOO,
    "magface": MAGFACE,
    "facenet": FACENET,
}
_DEMANDED = ("size", "crop", "colour", "mean", "std", "dimension")
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
    one_by_one: bool | None = None
    norm_range: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _whole(self) -> _Written:
        lacking = [key for key in _DEMANDED if getattr(self, key) is None]
        if self.like is None and lacking:
            raise ValueError(f"without 'like' these must be said too: {', '.join(lacking)}")
        if isinstance(self.std, tuple) and min(self.std) <= 0:
            raise ValueError("std: wanted numbers above 0")
        base = KINDS[self.like].cut if self.like else Cut()
        if self.margin is not None and self.margin >= (self.size or base.size_px):
            raise ValueError("margin: wanted fewer px than size, of which it is a part")
        if self.norm_range is not None and not 0 <= self.norm_range[0] < self.norm_range[1]:
            raise ValueError("norm_range: wanted the length of a hopeless vector, then that of a good one")
        return self

    def facts(self) -> Facts:
        """What the file says, over the kind that it starts from."""
        base = KINDS[self.like] if self.like else Facts(output=None)
        size = self.size or base.cut.size_px
        given: dict[str, Any] = {
            key: getattr(self, key)
            for key in ("mean", "std", "dimension", "output", "one_by_one", "norm_range")
            if getattr(self, key) is not None
        }
        if self.colour is not None:
            given["colour"] = Colour(self.colour)
        template: Template | None = arcface_template_of(size)
        if isinstance(self.crop, tuple):
            template = self.crop
        elif self.crop == "box" or (self.crop is None and base.cut.template is None):
            template = None
        margin = base.cut.margin_px if self.margin is None else self.margin
        return replace(base, cut=Cut(size_px=size, template=template, margin_px=margin), **given)


def beside(graph: Path) -> dict[str, Any] | None:
    """The content of the YAML file beside a graph; ``None`` where there is none.

    Raises:
        ConfigError: if it is no YAML mapping.
    """
    for suffix in (".yaml", ".yml"):
        path = graph.with_suffix(suffix)
        if path.is_file():
            try:
                return _mapping(path.read_text(encoding="utf-8"), str(path))
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"The facts in {path} cannot be read: {error}.") from error
    return None


def inline(text: str) -> dict[str, Any]:
    """Facts in one line: ``insightface``, or ``like: insightface, dimension: 256``.

    Raises:
        ConfigError: if it is neither.
    """
    return {"like": text} if text in KINDS else _mapping(f"{{{text}}}", "--facts")


def facts_from(values: Mapping[str, Any], where: str) -> Facts:
    """The facts that a file, the settings or the command line state.

    Args:
        values: keys and values.
        where: they stand, for the message.

    Raises:
        ConfigError: naming the key, what was wanted and what came.
    """
    try:
        return _Written.model_validate(dict(values)).facts()
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"][:1])
        if problem["type"] == "extra_forbidden":
            told = f"there is no fact '{key}'; there are: {', '.join(_Written.model_fields)}"
        elif key:
            told = f"'{key}': {problem['msg'][:1].lower()}{problem['msg'][1:]}, got {problem['input']!r}"
        else:
            told = problem["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{where}: {told}.") from None


def as_dict(facts: Facts) -> dict[str, Any]:
    """All facts by the keys of the file; what is not known of a network is left out."""
    cut = facts.cut
    crop: Any = "box" if cut.template is None else [list(point) for point in cut.template]
    if cut.template == arcface_template_of(cut.size_px):
        crop = "arcface"
    values: dict[str, Any] = {"size": cut.size_px, "crop": crop, "margin": cut.margin_px, "colour": facts.colour.value}
    values |= {"mean": _plain(facts.mean), "std": _plain(facts.std), "dimension": facts.dimension}
    values |= {"output": facts.output, "one_by_one": facts.one_by_one, "norm_range": _plain(facts.norm_range)}
    return {key: value for key, value in values.items() if value is not None}


def _plain(value: float | tuple[float, ...] | None) -> Any:
    return list(value) if isinstance(value, tuple) else value


def as_yaml(facts: Facts) -> str:
    """All facts as a file beside a graph would state them."""
    return str(yaml.safe_dump(as_dict(facts), sort_keys=False))


def digest_with(facts: Facts, digest: str) -> str:
    """The digest of a graph used as these facts say: fed otherwise, its vectors are another model's."""
    if facts == EDGEFACE:
        return digest
    cut = asdict(facts.cut)
    said = [cut, facts.colour.value, _listed(facts.mean), _listed(facts.std), facts.output]
    return hashlib.sha256((digest + json.dumps(said)).encode()).hexdigest()


def _listed(values: Channels) -> list[float]:
    return [float(value) for value in values] if isinstance(values, tuple) else [float(values)]


def _mapping(text: str, where: str) -> dict[str, Any]:
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: wanted YAML such as 'like: insightface', got something unreadable.") from error
    if not isinstance(values, dict) or None in values.values():
        raise ConfigError(f"{where}: wanted facts such as 'like: insightface' or one of: {', '.join(KINDS)}.")
    return {str(key): value for key, value in values.items()}
