"""Read YAML files strictly, and write what reads back the same: settings, trainings, truth files and specs.

Scalars follow the core schema of YAML 1.2: ``true`` and ``false`` are the only booleans, so that ``no`` and ``12:30``
stay text, and ``010`` is ten. Refused are aliases and anchors, tags, duplicate keys, several documents, numbers that
are not finite, and files beyond the limits below. Messages name the line and never quote a value, which may be a
password.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from recognizer.errors import RecognizerError

MAX_BYTES = 1 << 20
"""The largest truth file of the project has 4 KB; one of an hour with a face every second has 300 KB."""
MAX_DEPTH = 20
MAX_ITEMS = 100_000
"""Scalars, lists and mappings of a file."""
MAX_DIGITS = 60
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    spelling: word == "true" for word in ("true", "false") for spelling in (word, word.title(), word.upper())
}
_QUOTED = re.compile(r"""'(?!:'|<)[^']*'|"[^"]*\"""")


class YamlFault(ValueError):
    """Text that is refused; the message says why and in which line."""


def read(path: Path, *, kind: str, error: type[RecognizerError]) -> Any:
    """Return what a YAML file holds; ``None`` for an empty one.

    Args:
        path: the file.
        kind: what it is called in messages, such as "settings file".
        error: class of the error to raise.

    Raises:
        RecognizerError: of the class given, if the file is missing, unreadable or refused.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise error(f"The {kind} {path} is larger than {MAX_BYTES >> 20} MB; no {kind} is.")
        return loads(data.decode("utf-8-sig"))
    except FileNotFoundError:
        raise error(f"There is no {kind} {path}; check the name.") from None
    except OSError as fault:
        raise error(f"The {kind} {path} cannot be read: {fault.strerror or type(fault).__name__}.") from None
    except UnicodeDecodeError as fault:
        raise error(f"The {kind} {path} cannot be read: it is not UTF-8 at byte {fault.start}.") from None
    except YamlFault as fault:
        raise error(f"The {kind} {path} cannot be read, it is not valid YAML: {fault}.") from None


def loads(text: str) -> Any:
    """Return what YAML text holds, of ``None``, bool, int, float, str, list and dict with keys of text.

    Raises:
        YamlFault: if it is refused.
    """
    try:
        return _Composer(yaml.parse(text, Loader=yaml.SafeLoader)).document()
    except yaml.MarkedYAMLError as error:
        raise YamlFault(_QUOTED.sub("'...'", error.problem or "unreadable") + _place(error.problem_mark)) from None
    except yaml.YAMLError:
        raise YamlFault("it holds control characters") from None


class _Composer:
    """Builds values from the parser's events, so that limits hold before anything is built."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events
        self._depth = 0
        self._count = 0

    def document(self) -> Any:
        value, count = None, 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                count += 1
                if count > 1:
                    raise YamlFault("it holds several documents" + _place(event.start_mark))
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event)
        return value

    def _value(self, event: Any) -> Any:
        where = _place(event.start_mark)
        self._count += 1
        if self._count > MAX_ITEMS:
            raise YamlFault(f"it has more than {MAX_ITEMS:,} entries")
        if event.anchor is not None:  # an alias has one too
            raise YamlFault("anchors and aliases (& and *) are not read; write the value out, text in quotes" + where)
        if event.tag is not None:
            raise YamlFault("tags (!) are not read; put text that begins with ! in quotes" + where)
        if isinstance(event, yaml.ScalarEvent):
            if any("\ud800" <= character <= "\udfff" for character in event.value):
                raise YamlFault("text holds half of a surrogate pair" + where)
            return _plain(event.value, where) if event.implicit[0] else event.value
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise YamlFault(f"it is nested more than {MAX_DEPTH} deep" + where)
        value = self._list() if isinstance(event, yaml.SequenceStartEvent) else self._mapping()
        self._depth -= 1
        return value

    def _list(self) -> list[Any]:
        values: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event))
        return values

    def _mapping(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if isinstance(event, yaml.CollectionStartEvent):
                raise YamlFault("a key is no word" + _place(event.start_mark))
            self._value(event)
            if event.value in values:
                raise YamlFault("a key stands there twice" + _place(event.start_mark))
            values[event.value] = self._value(next(self._events))
        return values


def _plain(text: str, where: str) -> Any:
    """Read a scalar without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_FINITE.fullmatch(text):
        raise YamlFault("a number is not finite" + where)
    is_int = _INT.fullmatch(text)
    if not is_int and not _FLOAT.fullmatch(text):
        return int(text, 0) if _BASED.fullmatch(text) and len(text) <= MAX_DIGITS else text
    if len(text) > MAX_DIGITS:
        raise YamlFault(f"a number has more than {MAX_DIGITS} digits; put text in quotes" + where)
    number = int(text) if is_int else float(text)
    if not math.isfinite(number):
        raise YamlFault("a number is not finite" + where)
    return number


class _Dumper(yaml.SafeDumper):
    """Writes what ``loads`` reads back: no aliases, and quotes where plain text would be another value."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    is_number = _INT.fullmatch(text) or _BASED.fullmatch(text) or _FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="'" if text in _WORDS or is_number else None)


_Dumper.add_representer(str, _text)


def dumps(value: Any, *, flow: bool = False) -> str:
    """Format a value; ``flow``: on one line."""
    text = yaml.dump(value, Dumper=_Dumper, default_flow_style=flow, sort_keys=False, allow_unicode=True, width=10**6)
    return str(text)


def _place(mark: Any) -> str:
    return f", in line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
