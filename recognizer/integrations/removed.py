"""Take the names of removed people out of what waits to be delivered, and out of what rules remember."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from recognizer.errors import OutputError
from recognizer.integrations.outbox import Outbox
from recognizer.integrations.rules.memory import FILE_NAME as RULES

REMOVED = "(removed person)"
"""Stands for the name: when a face was seen is still reported."""
_CROPS = "crops"
"""Field of a notification with pictures of faces."""


def without_names(body: bytes, names: Collection[str]) -> bytes:
    """Return the JSON of a delivery without some names, and without the picture of whoever bore one."""
    if not any(form in body for name in names for form in _written(name)):
        return body  # nearly always
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True)))
    try:
        value = json.loads(body)
    except ValueError:
        return pattern.sub(REMOVED, body.decode(errors="replace")).encode()
    cleaned = _cleaned(value, pattern)
    if cleaned == value:
        return body
    if isinstance(cleaned, dict):
        cleaned.pop(_CROPS, None)
    return json.dumps(cleaned, ensure_ascii=False).encode(errors="replace")


def remove_from_files(folder: Path, name: str) -> list[Path]:
    """Take a name out of all files of the integrations.

    Args:
        folder: where they are; it need not exist.
        name: of the person.

    Returns:
        Files that could not be changed, as those of a run that is on: it does so when it sees that the gallery changed.
    """
    left = []
    for path in sorted(folder.glob("*.sqlite3")):
        try:
            with closing(Outbox(path)) as outbox:
                outbox.replace(lambda body: without_names(body, [name]))
        except (OutputError, sqlite3.Error):
            left.append(path)
    rules = folder / RULES
    try:
        if rules.exists():
            _remove_from_rules(rules, name)
    except (OSError, ValueError, AttributeError, TypeError, LookupError):
        left.append(rules)
    return left


def _remove_from_rules(path: Path, name: str) -> None:
    known = json.loads(path.read_text("utf-8"))
    for memory in known.values():
        for key, entries in memory.items():
            memory[key] = [entry for entry in entries if entry[0] != name]
    part = path.with_suffix(".part")
    with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump(known, file, ensure_ascii=True)
    part.replace(path)


def _cleaned(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(REMOVED, value)
    if isinstance(value, list):
        return [_cleaned(each, pattern) for each in value]
    if isinstance(value, dict):
        return {pattern.sub(REMOVED, key): _cleaned(each, pattern) for key, each in value.items()}
    return value


def _written(name: str) -> set[bytes]:
    """Return what a name may look like in JSON."""
    return {json.dumps(name, ensure_ascii=is_ascii)[1:-1].encode(errors="replace") for is_ascii in (False, True)}
