"""Accept the old names of settings and options for one release, each with a warning that names the new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loguru import logger

SETTINGS: dict[str, str] = {
    "detect.interval_s": "detect.max_interval_s",
    "detect.shortest_s": "detect.min_interval_s",
    "detect.thorough_s": "detect.full_interval_s",
    "embed.facts": "embed.spec",
}
"""Old to new YAML keys, ``section.key``; both in the same section."""
OPTIONS: dict[str, str] = {"--facts": "--spec"}
"""Old to new command-line options."""


def current_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Replace the old keys of a settings file by the new ones; where both are given, the new one counts.

    Args:
        values: section to keys and values, as read; anything that is not a mapping is left as it is.
    """
    current = dict(values)
    for old, new in SETTINGS.items():
        section, old_key = old.split(".")
        keys = current.get(section)
        if isinstance(keys, Mapping) and old_key in keys:
            _warn(f"The setting {old}", new)
            rest = {key: value for key, value in keys.items() if key != old_key}
            current[section] = {new.split(".")[1]: keys[old_key], **rest}
    return current


def current_options(arguments: Sequence[str]) -> list[str]:
    """Replace old options by the new ones: ``--old VALUE`` and ``--old=VALUE``."""
    current = []
    for word in arguments:
        option, equals, value = word.partition("=")
        if option in OPTIONS:
            _warn(f"The option {option}", OPTIONS[option])
            word = f"{OPTIONS[option]}{equals}{value}"
        current.append(word)
    return current


def _warn(old: str, new: str) -> None:
    logger.warning("{} is now called {}; the old name will be refused in the next release.", old, new)
