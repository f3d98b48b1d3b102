"""python main.py gallery consent: record, withdraw and list the consent of people."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any

import typer

from recognizer.app import build, config
from recognizer.cli import _console, _options
from recognizer.cli._tables import show_rows
from recognizer.errors import GalleryError, UsageError
from recognizer.gallery import upkeep
from recognizer.gallery.consent import Consent, end_of, read_consent, withdraw, write_consent
from recognizer.gallery.folder import folder_of, require_gallery
from recognizer.gallery.names import person_name


def consent(
    person: Annotated[str | None, typer.Argument(help="A person; without one, everybody's consent is listed.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Who gave it, in words.")] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Last day, as 2027-03-01, or a moment, as 2027-03-01T18:00.")
    ] = None,
    withdrawn: Annotated[bool, typer.Option("--withdraw", help="The person takes it back.")] = False,
    new: Annotated[bool, typer.Option("--new", help="The person has no photo yet.")] = False,
    gallery: _options.GalleryOption = None,
    config_file: _options.ConfigOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Record that a person agrees to be recognised, or that they no longer do; running recognition heeds it at once."""
    settings = _options.load_settings(config_file, gallery=gallery)
    folder = require_gallery(settings.gallery.folder)
    if person is None:
        if by is not None or until is not None or withdrawn or new:
            raise UsageError("Say whose consent it is.")
        _list(settings, as_json=as_json)
        return
    if withdrawn and (by is not None or until is not None or new):
        raise UsageError("--withdraw goes without --by, --until and --new.")
    name = person_name(person) if new else upkeep.find_person(folder, person)
    place, now = folder_of(folder, name), dt.datetime.now(dt.UTC).astimezone()
    moment = now.isoformat(timespec="seconds")
    if withdrawn:
        stood = _known(place) or Consent(given=moment)
        standing = withdraw(stood, now)
    else:
        standing = Consent(given=moment, by=by, until=None if until is None else _until(until, now))
    write_consent(place, standing)
    row = _row(settings, name, standing, now)
    if as_json:
        _console.print_json(row)
        return
    words = row["problem"] or ("recognised" if standing.until is None else f"recognised until {standing.until}")
    _console.out.print(f"{name}: {words}.", highlight=False, markup=False)


def _known(folder: Path) -> Consent | None:
    try:
        return read_consent(folder)
    except GalleryError:  # whatever stands there, from now on it is withdrawn
        return None


def _until(text: str, now: dt.datetime) -> str:
    try:
        end = end_of(text)
    except (ValueError, OverflowError):
        raise UsageError(
            f"--until: wanted a day as 2027-03-01 or a moment as 2027-03-01T18:00, got {text!r}."
        ) from None
    if end <= now:
        raise UsageError(f"--until: {text} is past; --withdraw ends a consent now.")
    return text if len(text) == len("2027-03-01") else end.isoformat(timespec="seconds")


def _list(settings: config.Settings, *, as_json: bool) -> None:
    now = dt.datetime.now(dt.UTC)
    people = upkeep.everybody(settings.gallery.folder)
    found = build.consents(settings).of(sorted(people))
    rows = [_row(settings, name, standing, now) for name, standing in found.items()]
    if as_json:
        _console.print_json(rows)
        return
    shown = [{key: "" if row[key] is None else str(row[key])[:16].replace("T", " ") for key in _TIMES} for row in rows]
    table = [
        {"person": row["person"], **times, "by": row["by"] or "", "recognised": row["problem"] or "yes"}
        for row, times in zip(rows, shown, strict=True)
    ]
    show_rows(table, "Nobody is there.")


_TIMES = ("given", "until", "withdrawn")


def _row(
    settings: config.Settings, name: str, standing: Consent | GalleryError | None, now: dt.datetime
) -> dict[str, Any]:
    """Describe the consent of one person; ``problem`` says why they are not recognised."""
    values = standing.as_dict() if isinstance(standing, Consent) else {}
    problem = build.consents(settings).problem(standing, now)
    return {
        "person": name,
        **{key: values.get(key) for key in ("given", "by", "until", "withdrawn")},
        "problem": problem,
    }
