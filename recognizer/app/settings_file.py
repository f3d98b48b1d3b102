"""Change the YAML file of the settings: comments and order stay, and only what is valid is written."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from recognizer.app import config
from recognizer.app.config import Settings
from recognizer.errors import ConfigError
from recognizer.whole_files import PRIVATE, whole_file

_KEPT = {"crops", "known_days", "unknown_days", "crops_days", "max_mb"}
"""Settings of the history that count at once, also in a process that is on; where it stands needs another start."""
_WIDTH = 10**6
"""Long lines stay as they are."""


class SettingsFile:
    """One settings file; changes from several threads come one after the other.

    Args:
        path: the file; it is made by the first change where there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock = threading.Lock()
        self._history: tuple[object, dict[str, Any]] = (None, {})
        """Stamp of the file, and what it said of ``_KEPT`` then."""

    def read(self) -> Settings:
        """Return the settings of the file as it is now.

        Raises:
            ConfigError: if it cannot be read or is not valid.
        """
        return config.load(self.path) if self.path.exists() else config.load()

    def with_retention(self, settings: Settings) -> Settings:
        """Return settings with what the file says now of what is kept, and for how long.

        The file is read again only when it was changed; one that cannot be read counts as unchanged.
        """
        stamp, kept = self._history
        with suppress(OSError, ConfigError):
            now = self.path.stat()
            if (found := (now.st_mtime_ns, now.st_ino, now.st_size)) != stamp:
                kept = self.read().history.model_dump(include=_KEPT)
                self._history = found, kept
        return settings.model_copy(update={"history": settings.history.model_copy(update=kept)})

    def change(self, edit: Callable[[Any], None]) -> Settings:
        """Change the file, all or nothing, and return its settings.

        Args:
            edit: changes the top mapping of the file.

        Raises:
            ConfigError: if the file cannot be read or written, or would not be valid; it then stays as it was.
        """
        with self._lock:
            before = self.read()  # strictly: what ruamel reads more than we do is refused
            text = self._text() if self.path.exists() else ""
            yaml = _yaml(text)
            try:
                values = yaml.load(text)
            except YAMLError as error:
                raise ConfigError(f"{self.path}: cannot be changed: {type(error).__name__}.") from None
            values = CommentedMap() if values is None else values
            edit(values)
            out = io.StringIO()
            yaml.dump(values, out)
            return self._replace(out.getvalue()) if out.getvalue() != text else before

    def _text(self) -> str:
        try:
            return self.path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ConfigError(f"The settings file {self.path} cannot be read: {reason}.") from None

    def _replace(self, text: str) -> Settings:
        target = self.path.resolve()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            mode = target.stat().st_mode & 0o777 if target.exists() else PRIVATE
            with whole_file(target, mode=mode) as part:
                part.write_text(text, encoding="utf-8")
                return self._checked(part)
        except OSError as error:
            raise ConfigError(
                f"The settings file {self.path} cannot be written: {error.strerror}. Let the service's user write it "
                "and its folder."
            ) from None

    def _checked(self, part: Path) -> Settings:
        try:
            return config.load(part)
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(part), str(self.path))) from None


def put(section: Any, key: str, value: Any) -> None:
    """Set a value of a mapping; a new one goes before the last, whose comments are those of what follows."""
    if key in section or not section:
        section[key] = value
    else:
        section.insert(len(section) - 1, key, value)


def drop(section: Any, key: str) -> None:
    """Remove a value of a mapping, if it is there; the comments in the lines behind it stay."""
    if key not in section:
        return
    row = list(section).index(key)
    own = section.ca.items.pop(key, None)
    del section[key]
    if not own or not own[2] or not row:
        return
    before = section.ca.items.get(list(section)[row - 1])
    if not before or not before[2]:
        section.ca.items[list(section)[row - 1]] = own
    else:
        before[2].value = f"{before[2].value.rstrip()}\n{own[2].value.partition(chr(10))[2]}"


def _yaml(text: str) -> YAML:
    """Make a round-trip reader that indents lists as the file does."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    if any(line.startswith("- ") for line in text.splitlines()):
        yaml.indent(mapping=2, sequence=2, offset=0)
    else:
        yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
