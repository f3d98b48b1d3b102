"""Consent of people to be recognised: a small file beside a person's photos.

It stands in the person's folder, not in the record, so that it survives every copy of the folder, a renaming, and a
record that is built again; it goes with the folder when the person is removed. Anybody can read it.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recognizer import strict_yaml
from recognizer.errors import GalleryError
from recognizer.gallery.folder import CONSENT_FILE, folder_of
from recognizer.gallery.records import Enrolled
from recognizer.whole_files import PRIVATE, whole_file

_KEYS = ("given", "by", "until", "withdrawn")


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person agreed to; times are ISO 8601."""

    given: str
    by: str | None = None
    """Who gave or noted it, in words: the person, a parent, the number of a form."""
    until: str | None = None
    """A day, which counts as a whole, or a moment; ``None`` until it is withdrawn."""
    withdrawn: str | None = None

    @property
    def ends_at(self) -> dt.datetime | None:
        """The moment from which it no longer holds; ``None`` where there is none."""
        ends = [end_of(text) for text in (self.withdrawn, self.until) if text is not None]
        return min(ends, default=None)

    def problem(self, now: dt.datetime) -> str | None:
        """Say why it does not hold; ``None`` where it does."""
        if self.withdrawn is not None:
            return f"consent was withdrawn on {self.withdrawn[:10]}"
        if self.until is not None and end_of(self.until) <= now:
            return f"consent ended on {self.until[:16].replace('T', ' ')}"
        return None

    def as_dict(self) -> dict[str, Any]:
        """Return what is set."""
        return {key: value for key in _KEYS if (value := getattr(self, key)) is not None}


def end_of(text: str) -> dt.datetime:
    """Return when a day is over, on this machine's clocks, or the moment that a time with or without zone means.

    Raises:
        ValueError: if it is neither.
    """
    if len(text) == len("2027-03-01"):
        day = dt.date.fromisoformat(text) + dt.timedelta(days=1)
        return dt.datetime.combine(day, dt.time()).astimezone()
    return dt.datetime.fromisoformat(text).astimezone()


def read_consent(folder: Path) -> Consent | None:
    """Read the consent of the person to whom a folder of photos belongs; ``None`` where none is recorded.

    Raises:
        GalleryError: if the file cannot be read, or holds something else.
    """
    path = folder / CONSENT_FILE
    if not os.path.lexists(path):
        return None
    if path.is_symlink() or not path.is_file():
        raise GalleryError(f"The consent {path} is a link or no file; it must stand in the folder itself.")
    values = strict_yaml.read(path, kind="consent", error=GalleryError)
    try:
        if not isinstance(values, dict) or "given" not in values or not values.keys() <= set(_KEYS):
            raise ValueError
        consent = Consent(**{key: str(value) for key, value in values.items() if value is not None})
        for text in (consent.given, consent.until, consent.withdrawn):
            if text is not None:
                end_of(text)
    except (ValueError, OverflowError, TypeError):
        message = f"The consent {path} cannot be read: wanted given, by, until and withdrawn, with times as 2027-03-01."
        raise GalleryError(message) from None
    return consent


def write_consent(folder: Path, consent: Consent) -> None:
    """Write the consent into the folder of a person, which is made where it is missing.

    Raises:
        GalleryError: if it cannot be written.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / CONSENT_FILE, mode=PRIVATE) as part:
            part.write_text(strict_yaml.dumps(consent.as_dict()), encoding="utf-8")
    except OSError as error:
        if is_new:  # a folder without photos would be a person of whom no photo can be used
            with suppress(OSError):
                folder.rmdir()
        raise GalleryError(f"The consent cannot be written into {folder}: {error.strerror}.") from error


def withdraw(consent: Consent, now: dt.datetime) -> Consent:
    """Return the consent as it stands after it was withdrawn."""
    return replace(consent, withdrawn=now.astimezone().isoformat(timespec="seconds"))


class Consents:
    """Which people of a gallery may be recognised.

    Args:
        folder: the gallery.
        required: people without a recorded consent may not be recognised.
        now: the time of day.
    """

    def __init__(
        self, folder: Path, *, required: bool = False, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self._folder = folder
        self._required = required
        self._now = now
        self._due: dt.datetime | None = None
        self._stamps: dict[Path, int] = {}
        """Of the file of each person's consent; 0 where there is none."""
        self.withheld: Mapping[str, str] = {}
        """Whom the last ``permitted`` withheld, and why."""

    def permitted(self, enrolled: Enrolled) -> Enrolled:
        """Return the vectors of those who may be recognised now."""
        reasons, ends = {}, []
        now = self._now()
        folders = {name: folder_of(self._folder, name) for name in dict.fromkeys(enrolled.names)}
        self._stamps = _stamps_of(folder / CONSENT_FILE for folder in folders.values())
        for name, folder in folders.items():
            consent = _consent_or_error(folder)
            if problem := self.problem(consent, now):
                reasons[name] = problem
            elif isinstance(consent, Consent) and consent.ends_at is not None:
                ends.append(consent.ends_at)
        self.withheld, self._due = reasons, min(ends, default=None)
        return enrolled.without(reasons.keys())

    def is_due(self) -> bool:
        """Whether a consent ended since the last ``permitted``."""
        return self._due is not None and self._due <= self._now()

    def have_changed(self) -> bool:
        """Whether somebody's consent was recorded, changed or withdrawn since the last ``permitted``; reads no file."""
        return self._stamps != _stamps_of(self._stamps)

    @property
    def has_ends(self) -> bool:
        """Whether somebody who may be recognised has a consent that ends."""
        return self._due is not None

    def of(self, names: Iterable[str]) -> dict[str, Consent | GalleryError | None]:
        """Read the consent of each person; the error where it cannot be read."""
        return {name: _consent_or_error(folder_of(self._folder, name)) for name in names}

    def problem(self, consent: Consent | GalleryError | None, now: dt.datetime | None = None) -> str | None:
        """Say why a person with this consent may not be recognised."""
        if consent is None:
            return "no consent is recorded, and gallery.require_consent wants one" if self._required else None
        return str(consent) if isinstance(consent, GalleryError) else consent.problem(now or self._now())

    def require(self, name: str) -> None:
        """Refuse what needs the consent of a person.

        Raises:
            GalleryError: if it is missing where it is required, has ended, was withdrawn or cannot be read.
        """
        if problem := self.problem(self.of([name])[name]):
            raise GalleryError(f'{name}: {problem}. Record one with: python main.py gallery consent "{name}" --by WHO')


def _consent_or_error(folder: Path) -> Consent | GalleryError | None:
    try:
        return read_consent(folder)
    except GalleryError as error:
        return error


def _stamps_of(files: Iterable[Path]) -> dict[Path, int]:
    stamps = {}
    for file in files:
        try:
            stamps[file] = os.stat(file).st_mtime_ns
        except OSError:
            stamps[file] = 0
    return stamps
