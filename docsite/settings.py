"""Describe every setting as Markdown, from the models that read them."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import typing
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from recognizer.app.config import Settings

_BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}
_UNITS = {
    "_s": "s",
    "_px": "px",
    "_deg": "degrees",
    "_mb": "MB",
    "_days": "days",
    "_hours": "hours",
    "rate": "per second",
}
_INTRO = """# Settings

Generated from the models that read the settings. Each section stands in a YAML file that `--config` names, as
`section:` with its keys below it. What is not named there has its default.
"""


def settings_page() -> str:
    """Return the page: one table for each section."""
    parts = [_INTRO]
    for name, model in sections():
        parts.append(f"## {name}\n\n{summary_of(model)}\n")
        parts.append("| key | default | values | unit | meaning |\n| --- | --- | --- | --- | --- |")
        texts = docstrings(model)
        parts.extend(_row(key, field, texts.get(key, "")) for key, field in model.model_fields.items())
        parts.append("")
    return "\n".join(parts)


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield each section of the settings with its model, also those that are an item of a list."""
    for name, field in Settings.model_fields.items():
        for model in _models(field.annotation):
            yield name, model


def summary_of(model: type[BaseModel]) -> str:
    """Return the first paragraph of a model's docstring."""
    return inspect.cleandoc(model.__doc__ or "").split("\n\n")[0]


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Return the text below each field of a model, in the classes where they are written."""
    texts: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if not issubclass(cls, BaseModel) or cls is BaseModel:
            continue
        body = typing.cast(ast.ClassDef, ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]).body
        for field, text in pairwise(body):
            is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
                value = typing.cast(ast.Constant, typing.cast(ast.Expr, text).value).value
                texts[field.target.id] = inspect.cleandoc(str(value))
    return texts


def cell(text: str) -> str:
    """Return a text that fits into a cell of a Markdown table."""
    return re.sub(r"\s+", " ", text.replace("``", "`")).replace("|", "\\|").replace("<", "&lt;").strip()


def _row(key: str, field: FieldInfo, text: str) -> str:
    unit = next((unit for end, unit in _UNITS.items() if key.endswith(end)), "")
    return f"| `{key}` | {_default(field)} | {cell(_values(field))} | {unit} | {cell(text)} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "not set"
    if isinstance(value, BaseModel) or value in ((), []):
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    shown = list(value) if isinstance(value, tuple) else value
    return f"`{cell(str(shown))}`"


def _values(field: FieldInfo) -> str:
    bounds = [_BOUNDS[key].format(value) for key, value in _limits(field.metadata)]
    return " ".join(dict.fromkeys([_kind(field.annotation), *bounds]))


def _limits(metadata: list[Any]) -> Iterator[tuple[str, Any]]:
    for item in metadata:
        for key in _BOUNDS:
            if (value := getattr(item, key, None)) is not None:
                yield key, value


def _kind(annotation: Any) -> str:
    """Name a type as a person who writes YAML knows it, with the limits of its parts."""
    arguments = get_args(annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{argument}`" for argument in arguments)
    if hasattr(annotation, "__metadata__"):
        inner = [one for item in annotation.__metadata__ for one in (item, *getattr(item, "metadata", ()))]
        bounds = dict.fromkeys(_BOUNDS[key].format(value) for key, value in _limits(inner))
        return " ".join([_kind(arguments[0]), *bounds])
    if get_origin(annotation) in (tuple, list, dict):
        kinds = dict.fromkeys(_kind(argument) for argument in arguments if argument is not Ellipsis)
        return f"list of {', '.join(kinds)}" if get_origin(annotation) is not dict else "mapping"
    if arguments:
        return " or ".join(_kind(argument) for argument in arguments if argument is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    known = {bool: "`true`, `false`", int: "whole number", float: "number", str: "text", SecretStr: "text, never shown"}
    return known.get(annotation, "path" if getattr(annotation, "__name__", "") == "Path" else "any")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for argument in get_args(annotation):
        yield from _models(argument)
