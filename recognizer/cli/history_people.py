"""python main.py history: enrol people from what was seen."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recognizer.app import build, enrolment
from recognizer.cli import _console, _history_options, _options
from recognizer.cli._progress import model_bar
from recognizer.cli._tables import show_rows
from recognizer.counting import counted
from recognizer.errors import HistoryError, UsageError

if TYPE_CHECKING:
    from recognizer.app.enrol_tracks import Offer


def enrol(
    cluster: Annotated[
        int | None, typer.Argument(min=1, max=_history_options.LARGEST, help="A cluster that was named.")
    ] = None,
    person: Annotated[str | None, typer.Option("--person", "-p", help="Or a person, by name.")] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=20, help="Most photos.")] = 5,
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    as_json: _options.JsonOption = False,
    yes: _options.YesOption = False,
) -> None:
    """Offer good, different pictures of a named person as photos for the gallery; added only with --yes or your yes."""
    from recognizer.app import enrol_tracks  # SQLAlchemy takes .2 s to import
    from recognizer.app.history import read_history
    from recognizer.gallery.names import person_name

    if (cluster is None) == (person is None):
        raise UsageError("Give the number of a named cluster, or --person NAME.")
    settings = _options.load_settings(
        config_file, gallery=gallery, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    with closing(read_history(settings)) as history:
        with model_bar() as progress:
            resolved = build.model(settings, progress)
        enroller = enrolment.make_enroller(settings, resolved)
        offered = enrol_tracks.offer(
            settings,
            resolved,
            history,
            enroller,
            cluster=cluster,
            person=None if person is None else person_name(person),
            count=count,
        )
        if not as_json:
            _show(offered)
        if not offered.chosen and not as_json:
            raise HistoryError(f"No picture of {offered.person} can be enrolled; the table says why.")
        wanted = bool(offered.chosen) and (yes or (not as_json and _agreed(offered)))
        action, done = enrol_tracks.accept(settings, history, enroller, offered) if wanted else (None, None)
    if as_json:
        document: dict[str, Any] = {"person": offered.person, "tracks": offered.tracks, "action": action}
        document["photos"] = [crop.as_dict() for crop in offered.crops]
        document["added"] = [] if done is None else list(done.accepted)
        _console.print_json(document)
    elif done is None:
        _console.out.print("Nothing was added; --yes adds the photos without asking.", highlight=False)
    else:
        for file, why in done.refused:
            _console.out.print(f"refused by enrolment: {file}: {why}", highlight=False, markup=False)
        _console.out.print(
            f"{offered.person} has {counted(len(done.accepted), 'new photo')}; 'history undo {action}' undoes it.",
            highlight=False,
            markup=False,
        )


def merge_people(
    into: Annotated[str, typer.Argument(help="The person whose name stays.")],
    other: Annotated[str, typer.Argument(help="The person who is the same one.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    model: _options.ModelOption = None,
    weights_dir: _options.WeightsDirOption = None,
    yes: _options.YesOption = False,
) -> None:
    """Make one person of two: photos in the gallery, tracks and rejections in the history."""
    from recognizer.app import people
    from recognizer.app.history import read_history
    from recognizer.gallery.names import person_name

    settings = _options.load_settings(config_file, gallery=gallery, model=model, weights_dir=weights_dir)
    stays, goes = person_name(into), person_name(other)
    if not yes and not typer.confirm(f"Move all photos and tracks of {goes} to {stays}?", err=True):
        raise UsageError("Nothing was changed.")
    with closing(read_history(settings)) as history:
        action = people.merge_people(settings, history, stays, goes, enroller=lambda: enrolment.make_enroller(settings))
    _console.out.print(f"{goes} is {stays} now; 'history undo {action}' takes it back.", highlight=False, markup=False)


def _show(offered: Offer) -> None:
    rows = [
        {
            "photo": crop.name,
            "": "would be added" if crop.chosen else "not",
            "eyes px": "" if (face := crop.measurement.face) is None else f"{face.quality.eyes_px[0]:.0f}",
            "yaw": "" if face is None else f"{face.quality.yaw_deg[0]:.0f}",
            "why not": crop.reason,
        }
        for crop in sorted(offered.crops, key=lambda crop: not crop.chosen)
    ]
    show_rows(rows, "There is no picture.")
    if 0 < len(offered.chosen) < 3:
        _console.out.print("Three to five would be better; more crops come with more tracks.", highlight=False)


def _agreed(offered: Offer) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    return typer.confirm(f"Add these {len(offered.chosen)} pictures to the photos of {offered.person}?", err=True)


COMMANDS: tuple[Any, ...] = (enrol, merge_people)
