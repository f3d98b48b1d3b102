"""Settings of a program: from a file or a mapping, with the arguments of a call over them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recognizer.app.config import Settings, load
from recognizer.errors import ConfigError


def settings_from(given: str | Path | Mapping[str, Any] | None, **arguments: Any) -> Settings:
    """Read settings.

    Args:
        given: a YAML file, the same as a mapping of sections, or nothing.
        arguments: values by ``section_key``, such as ``gallery_folder``; those that are not ``None`` count more.

    Raises:
        ConfigError: if a key is unknown, or a value of another type or out of range.
    """
    overrides: dict[str, dict[str, Any]] = {}
    if isinstance(given, Mapping):
        for section, keys in given.items():
            if not isinstance(keys, Mapping):
                raise ConfigError(f"'{section}': wanted keys and values, got a {type(keys).__name__}.")
            overrides[section] = dict(keys)
    for name, value in arguments.items():
        section, _, key = name.partition("_")
        if value is not None:
            overrides.setdefault(section, {})[key] = value
    return load(Path(given) if isinstance(given, str | Path) else None, overrides)
