"""What rules must know after a restart: who was there when, and what was reported when; a small JSON file."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from loguru import logger

from recognizer.integrations.rules.evaluator import Evaluator

FILE_NAME = "rules.json"
"""In the folder of the integrations."""
_KEPT = dt.timedelta(days=7)
"""The longest ``absence_s`` and ``every_s``."""


class RuleMemory:
    """Reads and writes the file.

    Args:
        path: of the file, readable to its owner only: it names people.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: str | None = None

    def load(self, evaluators: Sequence[Evaluator], now: dt.datetime) -> None:
        """Give the rules of the same names what they knew; a file that cannot be read is none."""
        try:
            known = json.loads(self._path.read_text("utf-8"))
            for each in evaluators:
                values = known.get(each.rule.name, {})
                for name, moment in values.get("seen", ()):
                    each.last_seen[name] = min(dt.datetime.fromisoformat(moment), now)
                for name, source, moment in values.get("reported", ()):
                    each.rate.reported[name, source] = min(dt.datetime.fromisoformat(moment), now)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, AttributeError) as error:
            logger.warning("rules: {} cannot be read ({}); absences are counted from now on", self._path, error)

    def save(self, evaluators: Sequence[Evaluator], now: dt.datetime) -> None:
        """Write the file, if something has changed; people who are there now were seen now."""
        values: dict[str, Any] = {}
        for each in evaluators:
            seen = {**each.last_seen, **dict.fromkeys(each.present(), now)}
            values[each.rule.name] = {
                "seen": [[name, f"{at.isoformat()}"] for name, at in seen.items() if now - at < _KEPT],
                "reported": [[*key, f"{at.isoformat()}"] for key, at in each.rate.reported.items() if now - at < _KEPT],
            }
        text = json.dumps(values, ensure_ascii=True)
        if text == self._written:
            return
        part = self._path.with_suffix(".part")
        with suppress(OSError):  # of a full disk: arrivals may be reported again after a restart
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            part.replace(self._path)
            self._written = text
