"""python main.py history replay: which past names would change with other thresholds, photos or rejections."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recognizer.app import build
from recognizer.cli import _console, _files, _history_options, _options
from recognizer.cli._progress import counting, model_bar
from recognizer.cli._tables import short_source, show_rows
from recognizer.counting import counted
from recognizer.errors import UsageError

if TYPE_CHECKING:
    from recognizer.app.replay import Replay
    from recognizer.history.database import Database

_SHEET_ROWS = 100


def replay(
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    known: Annotated[float | None, typer.Option("--known", min=-1, max=1, help="Similarity that a name needs.")] = None,
    margin: Annotated[float | None, typer.Option("--margin", min=0, max=1, help="Lead over the next person.")] = None,
    calibration: Annotated[
        Path | None, typer.Option("--calibration", help="Take the thresholds of this calibration file.")
    ] = None,
    other: Annotated[
        Path | None, typer.Option("--with-gallery", help="Compare with another gallery, which is enrolled.")
    ] = None,
    photo: Annotated[
        list[str] | None, typer.Option("--photo", metavar="PERSON=FILE", help="As if this photo were enrolled, too.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="PERSON/FILE", help="As if this photo were not enrolled.")
    ] = None,
    no_rejections: Annotated[
        bool, typer.Option("--without-rejections", help="As if no name had been rejected.")
    ] = False,
    corrected: Annotated[
        bool, typer.Option("--corrected", help="Also tracks that a person named or whose name a person rejected.")
    ] = False,
    person: _history_options.PersonOption = None,
    source: _history_options.SourceOption = None,
    since: _history_options.SinceOption = None,
    until: _history_options.UntilOption = None,
    limit: _history_options.LimitOption = 50,
    sheet: Annotated[
        Path | None, typer.Option("--sheet", help="Write the kept faces of the changed tracks here, as one picture.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Give the tracks these names, as one action; else nothing is written.")
    ] = False,
    as_json: _options.JsonOption = False,
) -> None:
    """Decide past tracks again: whose names would change, be won or be lost. Writes nothing without --apply."""
    from recognizer.app.history import read_history  # SQLAlchemy takes .2 s to import
    from recognizer.app.replay import apply as apply_replay
    from recognizer.app.trial import Trial
    from recognizer.app.trial import replay as replay_trial

    if sheet is not None:
        _files.require_suffix(sheet, _files.JPEG, option="--sheet")
    trial = Trial(
        known=known,
        margin=margin,
        calibration=calibration,
        gallery=other,
        photos=tuple((who, Path(file)) for who, file in _pairs(photo, "=", "--photo", "PERSON=FILE")),
        without=tuple(_pairs(without, "/", "--without", "PERSON/FILE")),
        rejections=not no_rejections,
    )
    wanted, _ = _history_options.selection(person, source, since, until)
    settings = _options.load_settings(
        config_file, gallery=gallery, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    with closing(read_history(settings)) as history:
        with model_bar() as progress:
            resolved = build.model(settings, progress)
        with counting("tracks") as on_progress:
            found = replay_trial(
                settings, resolved, history, trial, selection=wanted, corrected=corrected, progress=on_progress
            )
        if sheet is not None and found.changed:
            _files.save(sheet, _sheet(history, found), wanted="the contact sheet", private=True)
        action, count = apply_replay(history, found, trial.words()) if apply and found.changed else (None, 0)
    if as_json:
        _console.print_json({**found.as_dict(), "action": action, "applied": count})
        return
    _show(found, limit)
    if action is not None:
        _console.out.print(
            f"Relabelled: {counted(count, 'track')}; 'history undo {action}' takes it back.", highlight=False
        )
    elif found.changed:
        _console.out.print("Nothing was written; --apply gives the tracks these names.", highlight=False)


def _pairs(given: list[str] | None, mark: str, option: str, form: str) -> list[tuple[str, str]]:
    pairs = [text.partition(mark) for text in given or []]
    if wrong := [first for first, _, second in pairs if not first or not second]:
        raise UsageError(f"{option}: wanted {form}, got {wrong[0]!r}.")
    return [(first, second) for first, _, second in pairs]


def _show(found: Replay, limit: int) -> None:
    rows: list[dict[str, Any]] = [
        {
            "track": one.track,
            "began": f"{one.began:%Y-%m-%d %H:%M:%S}",
            "source": short_source(one.source),
            "was": one.was or "-",
            "now": one.now or "-",
            "similarity": f"{one.similarity:.2f}",
            "why": one.label.reasons[0] if one.label.reasons else "",
        }
        for one in found.changed[:limit]
    ]
    show_rows(rows, "No name would change.")
    if len(found.changed) > limit:
        _console.out.print(f"The newest {limit} of {len(found.changed)}; --limit shows more.", highlight=False)
    if found.changed:
        people = {*found.new_names, *found.lost_names}
        per_person = [
            {"person": who, "won": found.new_names.get(who, 0), "lost": found.lost_names.get(who, 0)}
            for who in sorted(people)
        ]
        show_rows(per_person, "")
    for line in lines_of(found):
        _console.out.print(line, highlight=False)


def lines_of(found: Replay) -> list[str]:
    """Say how many tracks were compared, and which were not."""
    kinds = Counter("renamed" if one.was and one.now else "won" if one.now else "lost" for one in found.changed)
    lines = [
        f"{counted(found.compared, 'track')} compared: {counted(kinds['won'], 'name')} won, {kinds['lost']} lost, "
        f"{kinds['renamed']} changed."
    ]
    if found.corrected:
        lines.append(f"{counted(found.corrected, 'track')} left as a person said; --corrected replays these, too.")
    if found.other_model:
        lines.append(f"{counted(found.other_model, 'track')} not compared: of another model.")
    if found.without_moments:
        lines.append(f"{counted(found.without_moments, 'track')} not compared: an earlier version kept too little.")
    if found.not_reproduced:
        lines.append(
            f"{counted(found.not_reproduced, 'track')} decided otherwise from what was kept than in the run; counted "
            "as changed only if the trial decides otherwise again."
        )
    return lines


def _sheet(history: Database, found: Replay) -> bytes:
    from recognizer.history.contact_sheet import SheetRow, contact_sheet
    from recognizer.history.crops import crops_of_track

    rows = [
        SheetRow(
            f"Track {one.track}: {one.was or 'no name'} -> {one.now or 'no name'}",
            (f"{one.began:%Y-%m-%d %H:%M:%S}", short_source(one.source), *one.label.reasons),
            tuple(crop.jpeg for crop in crops_of_track(history, one.track)),
        )
        for one in found.changed[:_SHEET_ROWS]
    ]
    return contact_sheet(rows)
