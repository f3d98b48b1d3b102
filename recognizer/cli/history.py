"""python main.py history: list, show and search what was seen."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.markup import escape
from rich.table import Table

from recognizer.app import build, config, photos
from recognizer.capture.pictures import read_picture
from recognizer.cli import (
    _console,
    _history_options,
    _options,
    history_backup,
    history_exchange,
    history_explain,
    history_people,
    history_replay,
    history_report,
    history_review,
)
from recognizer.cli._progress import model_bar
from recognizer.cli._tables import short_source, show_rows
from recognizer.errors import UsageError
from recognizer.history.records import Seen
from recognizer.models.resolve import ResolvedModel
from recognizer.types import F32

app = typer.Typer(help="Who was seen when; 'run --history' keeps it.", no_args_is_help=True)


@app.command("list")
def list_(
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    person: _history_options.PersonOption = None,
    source: _history_options.SourceOption = None,
    since: _history_options.SinceOption = None,
    until: _history_options.UntilOption = None,
    unknown: Annotated[bool, typer.Option("--unknown", help="Only people who are not enrolled.")] = False,
    limit: _history_options.LimitOption = 50,
    as_json: _options.JsonOption = False,
) -> None:
    """List tracks, the newest first."""
    from recognizer.history import tracks  # SQLAlchemy takes .2 s to import

    if unknown and person is not None:
        raise UsageError("--unknown goes without --person.")
    wanted, _ = _history_options.selection(person, source, since, until, status="unknown" if unknown else None)
    with _history_options.open_history(config_file, gallery) as history:
        found = tracks.list_tracks(history, wanted, limit=limit)
    if as_json:
        _console.print_json([seen.as_dict() for seen in found])
        return
    show_rows([_row(seen) for seen in found], "No track fits.")
    if len(found) == limit:
        _console.out.print(f"The newest {limit}; --limit shows more.", highlight=False)


@app.command()
def show(
    track: Annotated[int, typer.Argument(help="Its number in the first column of 'history list'.")],
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    crops: history_explain.CropsOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """Show everything that is kept of a track, but its vectors."""
    from recognizer.history import tracks  # SQLAlchemy takes .2 s to import

    with _history_options.open_history(config_file, gallery) as history:
        seen, details = tracks.get_track(history, track)
        if crops is not None:
            history_explain.save_crops(crops, seen, history)
    if as_json:
        _console.print_json({**seen.as_dict(), **details})
        return
    kept = details.pop("samples")
    table = Table(show_header=False)
    for name, value in {**seen.as_dict(), **details}.items():
        table.add_row(name, escape("; ".join(value) if isinstance(value, list) else str(value)))
    _console.out.print(table)
    show_rows(kept, "No sample was kept.")


@app.command()
def search(
    image: Annotated[Path | None, typer.Argument(help="A picture; its most prominent face is searched.")] = None,
    track: Annotated[int | None, typer.Option("--track", "-t", help="Search the face of this track instead.")] = None,
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    model: _options.ModelOption = None,
    engine: _options.EngineOption = None,
    weights_dir: _options.WeightsDirOption = None,
    spec: _options.SpecOption = None,
    source: _history_options.SourceOption = None,
    since: _history_options.SinceOption = None,
    until: _history_options.UntilOption = None,
    similarity: Annotated[
        float | None, typer.Option("--from", min=-1, max=1, help="Least cosine; by default what a name needs.")
    ] = None,
    limit: _history_options.LimitOption = 20,
    as_json: _options.JsonOption = False,
) -> None:
    """Find the tracks that show the face of a picture or of another track."""
    from recognizer.app.history import read_history  # SQLAlchemy takes .2 s to import
    from recognizer.history import face_search
    from recognizer.history.face_index import FaceIndex

    if (image is None) == (track is None):
        raise UsageError("Give a picture, or --track NUMBER.")
    settings = _options.load_settings(
        config_file, gallery=gallery, model=model, engine=engine, weights_dir=weights_dir, spec=spec
    )
    with closing(read_history(settings)) as history:
        if image is not None:
            with model_bar() as progress:
                resolved = build.model(settings, progress)
            vector, fingerprint = _vector(image, settings, resolved), resolved.fingerprint
            known = build.thresholds(settings, resolved).known
        else:
            vector, fingerprint, known = face_search.vector_of_track(history, cast(int, track))
        least = known if similarity is None else similarity
        hits = face_search.search_face(
            history,
            vector,
            model=fingerprint,
            from_similarity=least,
            selection=_history_options.selection(None, source, since, until)[0],
            limit=limit,
            index=FaceIndex(model=fingerprint),
        )
    rows = [{"cosine": round(hit.similarity, 4), **hit.track.as_dict()} for hit in hits]
    if as_json:
        _console.print_json(rows)
        return
    shown = [{"cosine": f"{hit.similarity:.2f}", **_row(hit.track)} for hit in hits]
    show_rows(shown, f"No track resembles this face by {least:.2f} or more.")


@app.command()
def sources(
    config_file: _options.ConfigOption = None,
    gallery: _options.GalleryOption = None,
    as_json: _options.JsonOption = False,
) -> None:
    """List the sources in which somebody was seen."""
    from recognizer.history import tracks  # SQLAlchemy takes .2 s to import

    with _history_options.open_history(config_file, gallery) as history:
        found = tracks.list_sources(history)
    if as_json:
        _console.print_json(found)
    else:
        show_rows([{**row, "source": short_source(row["source"])} for row in found], "Nobody was seen yet.")


def _vector(image: Path, settings: config.Settings, resolved: ResolvedModel) -> F32:
    found = photos.prominent_face(
        read_picture(image),
        str(image),
        detector=build.photo_detector(settings),
        embedder=build.embedder(settings, resolved),
        min_face_px=settings.detect.min_face_px,
    )
    if found.face is None:
        raise ValueError("prominent_face returns a face or raises.")
    return found.face.vector


def _at(at_s: float) -> str:
    """Time inside a file, or since a camera's run began, as players show it: 1:02:03."""
    minutes, seconds = divmod(int(at_s), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def _row(seen: Seen) -> dict[str, Any]:
    to = "" if seen.nearest in (None, seen.person) else f" to {seen.nearest}"
    return {
        "track": seen.id,
        "began": f"{seen.began:%Y-%m-%d %H:%M:%S}",
        "seconds": round((seen.ended - seen.began).total_seconds(), 1),
        "source": short_source(seen.source),
        "at": _at(seen.at_s),
        "who": seen.person or seen.status,
        "similarity": f"{seen.similarity:.2f}{to}",
    }


app.command("sightings")(history_report.list_sightings)
for command in (
    history_explain.explain,
    history_report.report,
    history_exchange.export,
    history_replay.replay,
    *history_review.COMMANDS,
    *history_people.COMMANDS,
    *history_backup.COMMANDS,
):
    app.command()(command)
app.command("import")(history_exchange.import_)
