"""python main.py history explain: how the name of a track came about, in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recognizer.cli import _console, _files, _history_options, _options
from recognizer.cli._tables import show_rows
from recognizer.errors import HistoryError
from recognizer.history.records import Seen

if TYPE_CHECKING:
    from recognizer.history.database import Database

CropsOption = Annotated[
    Path | None,
    typer.Option("--crops", help="Write its kept faces here: one picture (.jpg), or a folder for one file each."),
]


def explain(
    track: _history_options.TrackArgument,
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    crops: CropsOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Say how a track got its name or none: samples, similarity, lead, thresholds, and what would change it."""
    from recognizer.app.explain import explain_track  # SQLAlchemy takes .2 s to import

    with _history_options.open_history(config_file, gallery) as history:
        found = explain_track(history, track)
        if crops is not None:
            save_crops(crops, found.seen, history)
    if as_json:
        _console.print_json(found.as_dict())
        return
    for line in found.how:
        _console.out.print(line, highlight=False, markup=False)
    if found.moments:
        show_rows(found.moments, "")
    _console.out.print("What would change it:", highlight=False)
    for line in found.changes:
        _console.out.print(f"- {line}", highlight=False, markup=False)


def save_crops(place: Path, seen: Seen, history: Database) -> None:
    """Write the kept faces of a track: as one picture, or one file each into a folder.

    Raises:
        HistoryError: if none is kept.
        OutputError: if they cannot be written.
    """
    from recognizer.history.contact_sheet import track_sheet
    from recognizer.history.crops import HINT, crops_of_track

    found = crops_of_track(history, seen.id)
    if not found:
        raise HistoryError(f"No picture of track {seen.id} is kept. {HINT}")
    if place.suffix.lower() in _files.JPEG:
        title = f"Track {seen.id}: {seen.person or seen.status}"
        _files.save(place, track_sheet(title, found), wanted="the pictures", private=True)
        return
    for number, crop in enumerate(found, 1):
        file = place / f"track-{seen.id}-{number}.jpg"
        _files.save(file, crop.jpeg, wanted="a picture", private=True)
